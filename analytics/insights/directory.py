"""The list of people: who was seen last comes first.

The newest day is read first, and further back only until the page is full; so a page costs what it
shows and not what is stored. A cursor is the place of the last one shown.
"""

from __future__ import annotations

from typing import Any

from analytics.insights.asking import Asking
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.events import Place as EventPlace
from analytics.insights.definitions.people import PeopleList, parse_people_list
from analytics.insights.lives import lives
from analytics.insights.people import Place, described, place_of
from analytics.insights.sql import people as sql
from analytics.insights.sql.events import spans
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange
from portal.store.sources import Question

Json = dict[str, Any]


def people_page(question: Question) -> Json:
    """Answer `people`, `next` and `meta`. Asked with `search`, `where`, `cohort`, `limit`, `cursor`.

    Raises FieldError.
    """
    if question.window is None:
        raise FieldError("from", "A list of people needs a time range.")
    params = dict(question.params)
    after = place_of(params.pop("cursor", "") or "")
    asked = resolved(parse_people_list(params, question.window.tzinfo), question.as_of)
    asking = Asking(question)
    found = newest(asked, question.window, after, asking)
    shown = found[: asked.limit]
    following = Place(shown[-1][1], shown[-1][0]).packed() if len(found) > asked.limit else None
    people = rows([who for who, _ in shown], asking)
    return {"people": people, "next": following, "meta": asking.meta()}


def newest(
    asked: PeopleList, window: TimeRange, after: Place | None, asking: Asking
) -> list[tuple[int, int]]:
    """Return (person, last seen); one more than a page has tells that there is a next."""
    found: list[tuple[int, int]] = []
    place = (after.entered, after.person) if after else None
    for span in spans(window, EventPlace(after.entered, 0, "") if after else None):
        missing = asked.limit + 1 - len(found)
        page = sql.Page(span, window.end, place, missing)
        found += [(who, at) for who, at in asking.rows(sql.seen(asked, page, asking.person))]
        if len(found) > asked.limit:
            break
    return found


def rows(persons: list[int], asking: Asking) -> list[Json]:
    """Say who persons are, with when they were first and last seen and their number of events."""
    if not persons:
        return []
    life = lives(persons, asking)
    known = described(asking.question, persons, life)
    return [
        known[who]
        | {"first_seen": rfc3339(life[who].first), "last_seen": rfc3339(life[who].last)}
        | {"events": life[who].events}
        for who in persons
    ]


def rfc3339(at: Any) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")
