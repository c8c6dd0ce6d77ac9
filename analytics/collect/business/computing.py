"""Ask what a metric asks, as of a slot, with the rights that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from analytics.collect.business.models import EXPLORE, BusinessMetric
from analytics.collect.business.shaping import KINDS, Figure, shaped
from analytics.insights.data_rights import row_rights
from analytics.insights.keeping import question_of
from analytics.insights.models import RUN_SQL, SavedInsight
from portal.accounts.access import is_staff_member, visible
from portal.accounts.models import User
from portal.lib.asker import Asker, asking
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL, RowRights
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

PATIENCE = timedelta(seconds=30)  # of each query
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Unable(Exception):
    """A metric cannot be asked any more; the text says what has to happen."""


@dataclass(frozen=True)
class Asked:
    """What is asked: a saved insight, or SQL over a range. `since`: a counter's slot before."""

    insight: SavedInsight | None
    query: str
    range_s: int
    is_counter: bool = False
    since: datetime | None = None

    @classmethod
    def by(cls, metric: BusinessMetric) -> Asked:
        is_counter = metric.type == BusinessMetric.Type.COUNTER
        return cls(metric.insight, metric.query, metric.range_s, is_counter, metric.collected_at)


def figures(asked: Asked, slot: datetime, rights: RowRights) -> list[Figure]:
    """Compute the figures as of a slot.

    Raises FieldError, Unable, MayNotRead, client.QueryFailed, client.EngineUnavailable.
    """
    try:
        kind, question = question_at(asked, slot, rights)
        with asking(Asker(time_limit=PATIENCE)):
            return shaped(kind, question.params, ask(kind, question, refresh=True))
    except FieldError as problem:
        raise FieldError("sql" if asked.query else "insight", problem.message) from problem


def question_at(asked: Asked, slot: datetime, rights: RowRights) -> tuple[str, Question]:
    if asked.query:
        begin = asked.since or BEGINNING
        start = begin if asked.is_counter else slot - timedelta(seconds=asked.range_s)
        window = TimeRange(start, slot, settings.PORTAL_TIME_ZONE)
        return "sql", Question({"query": asked.query}, window, slot, rights)
    if asked.insight is None:
        raise Unable("The saved insight that it asked is deleted; choose another, or write SQL.")
    if asked.insight.kind not in KINDS:
        raise FieldError("insight", refusal(asked.insight.kind))
    question, _ = question_of(asked.insight.definition, slot, rights, {})
    return asked.insight.kind, question


def refusal(kind: str) -> str:
    return (
        f"An insight of the kind {kind} does not give one number per label set; these do:"
        f" {', '.join(KINDS)}."
    )


def rights_of(metric: BusinessMetric) -> RowRights:
    """Return which rows a metric reads: its author's, as they are now, or all. Raises Unable."""
    if metric.reads_all:
        return ALL
    author = metric.author
    if author is None or not is_staff_member(author):
        raise Unable(
            f"{author or 'Its author'} has no account any more, with whose rights it was asked."
            " Somebody who may has to save it again, or an admin lets it read all rows."
        )
    if problem := lost_right(author, metric):
        raise Unable(f"{author} {problem}, and with their rights it is asked.")
    return row_rights(author)


def lost_right(author: User, metric: BusinessMetric) -> str:
    if not author.has_perm(EXPLORE) or (metric.query and not author.has_perm(RUN_SQL)):
        return "may no longer ask this"
    insight = metric.insight
    if insight and not visible(author, SavedInsight).filter(pk=insight.pk).exists():
        return "may no longer see its saved insight"
    return ""
