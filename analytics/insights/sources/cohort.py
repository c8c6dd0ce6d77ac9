"""The source `cohort`: how many persons are in one, saved or not.

Asked with `cohort` (an id, maybe with its `version`) or `definition` (definitions/cohorts.py); there is no time range. Columns:
`size`, `everybody` (all persons with an event), `share`; `extra` holds the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analytics.insights.cohorts import drafted, known_draft, resolved
from analytics.insights.counted_cohort import sentences
from analytics.insights.definitions.cohorts import Listed
from analytics.insights.definitions.filters import InCohort, parse_id
from analytics.insights.definitions.reading import Reader
from analytics.insights.people import Json, Members, Place, members_of, page
from analytics.insights.sources.asking import translated
from analytics.insights.sql import cohorts as sql
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from portal.store.client import QueryFailed
from portal.store.frame import Column, Frame
from portal.store.sources import Question, sources

COLUMNS = (
    Column("size", "number", "People", "count"),
    Column("everybody", "number", "Of all people", "count"),
    Column("share", "number", "Share", "ratio"),
)


@dataclass(frozen=True)
class CohortSource:
    kind: str = "cohort"
    label: str = "Cohort size"

    def run(self, question: Question) -> Frame:
        """Count who is in a cohort. Raises FieldError."""
        found = wanted(question)
        try:
            result, cost = question.run(sql.size(found, asked(question)))
        except QueryFailed as error:
            raise translated(error) from error
        size, everybody = (int(number) for number in result.rows()[0])
        share = size / everybody if everybody else None
        rule = found.known.rule if found.known else Listed(())
        warnings = absent(rule, size)
        meta = replace(cost, warnings=warnings, counted=tuple(sentences(rule, question.as_of)))
        body = {"size": size, "everybody": everybody, "share": share}
        return Frame(COLUMNS, ([size], [everybody], [share]), meta, body)


def wanted(question: Question) -> InCohort:
    """Read which cohort is meant, with all that is inside it. Raises FieldError."""
    reader = Reader(question.params)
    if "cohort" in reader.values:
        found = resolved(InCohort(parse_id(reader), path="cohort"), question.as_of)
        reader.take("version")  # says only which answer in the cache is meant
    else:
        rule = drafted(reader.take("definition"))
        found = known_draft("this cohort", rule, question.as_of)
    reader.finish()
    return found


def asked(question: Question) -> sql.Asked:
    return sql.Asked(Params(), question.person, condition)


def absent(rule: object, size: int) -> tuple[str, ...]:
    """Say how many of a list nothing was ever heard of."""
    if not isinstance(rule, Listed) or size >= len(rule.persons):
        return ()
    missing = len(rule.persons) - size
    if missing == 1:
        return ("1 of the listed persons has no event and does not count.",)
    return (f"{missing:,} of the listed persons have no event and do not count.",)


def members_page(question: Question, found: InCohort, limit: int, after: Place | None) -> Json:
    """Return a page of members, who was first seen last first, in the shape of people's lists.

    `entered_at` is when a person was first seen. Raises FieldError.
    """
    place = sql.After(after.entered, after.person) if after else None
    query = sql.members(found, asked(question), after=place, limit=limit + 1)
    try:
        members: Members = members_of(question, query)
    except QueryFailed as error:
        raise translated(error) from error
    return page(question, members, limit, after)


sources.add(CohortSource())
