"""One person's profile: who they are, since when, under which ids, and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from analytics.ingest.identities import Id, person_now
from analytics.ingest.models import Identity, Merge
from analytics.ingest.properties import typed as packed
from analytics.insights.asking import Asking
from analytics.insights.cohorts import resolved
from analytics.insights.definitions.events import EventList
from analytics.insights.definitions.filters import InCohort
from analytics.insights.directory import rfc3339
from analytics.insights.models import Cohort
from analytics.insights.people import described
from analytics.insights.sources.events import as_json, newest, place_of
from analytics.insights.sql import profile as sql
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange
from portal.store.sources import Question

Json = dict[str, Any]
KINDS = ("user", "anonymous")
WORDS = {"user_identified": "an identify", "alias": "an alias", "admin": "an admin"}
CHART_DAYS = 180
LATE = (Merge.Stage.OVERRIDDEN, Merge.Stage.REKEYING, Merge.Stage.PARTING)


class UnknownPerson(Exception):
    """Nobody who is known has this id."""


@dataclass(frozen=True)
class Found:
    """An id that somebody asked for, and whose it is."""

    id: Id
    person: int


def kind_of(one: Id) -> str:
    return KINDS[0] if one.is_user else KINDS[1]


def find(asking: Asking, value: str, kind: str = "") -> Found:
    """Return whose an id is: a user id, else an anonymous one, unless `kind` says which.

    Raises UnknownPerson.
    """
    wanted = [Id(value, is_user=one == "user") for one in KINDS if kind in ("", one)]
    persons = {one: person_now(one) for one in wanted}
    known = {who for (who,) in asking.rows(sql.known(list(persons.values()), asking.person))}
    for one, who in persons.items():
        if who in known:
            return Found(one, who)
    raise UnknownPerson


def profile(asking: Asking, who: int) -> Json:
    """Return all that is known of a person but the timeline."""
    ((first, last, events, sessions, _),) = asking.rows(sql.life(asking.person, who))
    known = described(asking.question, [who])[who]
    told = asking.rows(sql.told(asking.person, who))
    return known | {
        "since": since(known["properties"], told),
        "ids": ids(asking, who),
        "first_seen": rfc3339(first),
        "last_seen": rfc3339(last),
        "events": events,
        "sessions": sessions,
        "cohorts": cohorts(asking, who),
    }


def since(properties: Json, told: Iterable[tuple[datetime, str]]) -> dict[str, str]:
    """Say since when each property has the value of today: from when on it was told no other."""
    found: dict[str, datetime] = {}
    open_ones = set(properties)
    for ts, text in told:  # newest first
        said = orjson.loads(text)
        for name in list(open_ones & said.keys()):
            if packed(said[name]) == packed(properties[name]):
                found[name] = ts
            else:
                open_ones.discard(name)
    return {name: rfc3339(at) for name, at in sorted(found.items())}


def ids(asking: Asking, who: int) -> list[Json]:
    """Return all ids of a person: how each came to them, and the events that count by it."""
    active = {
        Id(user or device, is_user=bool(user)): {
            "events": events, "first_seen": rfc3339(first), "last_seen": rfc3339(last)
        }
        for user, device, events, first, last in asking.rows(sql.ids(asking.person, who))
    }  # fmt: skip
    joined = {
        Id(row.value, row.is_user): row
        for row in Identity.objects.filter(person=who).order_by("-is_user", "value")
    }
    merges = {
        merge.loser: merge
        for merge in Merge.objects.filter(loser__in=[row.number for row in joined.values()])
        .exclude(reason="split")
        .order_by("pk")
    }
    nothing = {"events": 0, "first_seen": None, "last_seen": None}
    return [
        {"id": one.value, "kind": kind_of(one)}
        | joining(joined.get(one), merges.get(one.number))
        | active.get(one, nothing)
        for one in dict.fromkeys([*active, *joined])
    ]


def joining(row: Identity | None, merge: Merge | None) -> Json:
    """Say how and when an id was joined to its person; nothing for the one that it began with."""
    if row is None:
        return {"joined_at": None, "how": None}
    if merge is None or row.joined_at > merge.merged_at:
        is_split = merge is not None
        return {
            "joined_at": rfc3339(row.joined_at), "how": "split off" if is_split else "first id"
        }  # fmt: skip
    return {"joined_at": rfc3339(merge.merged_at), "how": WORDS.get(merge.reason, merge.reason)}


def stored_as(who: int) -> list[int]:
    """Return the numbers under which a person's rows may stand while merges are under way."""
    late = Merge.objects.filter(target=who, stage__in=LATE)
    return [who, *late.values_list("loser", flat=True)]


def cohorts(asking: Asking, who: int) -> list[Json]:
    """Return the cohorts that a person is in."""
    names = dict(Cohort.objects.order_by("name").values_list("pk", "name"))
    known = list(usable(names, asking.question.as_of))
    if not known:
        return []
    (row,) = asking.rows(sql.cohorts(known, asking.person, stored_as(who)))
    inside = [one.cohort for one, is_in in zip(known, row, strict=True) if is_in]
    return [{"id": pk, "name": names[pk]} for pk in inside]


def usable(cohorts: Iterable[int], as_of: datetime) -> Iterator[InCohort]:
    """Give the cohorts that can be evaluated: what one of them names may be gone."""
    for pk in cohorts:
        try:
            yield resolved(InCohort(pk, path="cohorts"), as_of)
        except FieldError:
            continue


def timeline(asking: Asking, who: int, asked: EventList) -> Json:
    """Return a page of a person's events, newest first: `timeline` and `next`."""
    asked = replace(asked, person=who)
    rows, cost = newest(asked, asking.question)
    asking.costs.append(cost)
    shown = rows[: asked.limit]
    following = place_of(shown[-1]).packed() if len(rows) > asked.limit else None
    return {"timeline": [as_json(row) for row in shown], "next": following}


def session_starts(asking: Asking, who: int) -> list[int]:
    """Return when the sessions without an id of their own begin, in microseconds, oldest first."""
    ((_, _, _, _, starts),) = asking.rows(sql.life(asking.person, who))
    return list(starts)


def names(asking: Asking, who: int) -> list[tuple[str, int]]:
    """Return which events a person did, most frequent first."""
    return [(name, events) for name, events in asking.rows(sql.names(asking.person, who))]


def days(asking: Asking, who: int, last: datetime, zone: str) -> list[tuple[str, int]]:
    """Return the events of each of the last days up to one, by the zone's calendar, zeros too."""
    until = last + timedelta(microseconds=1)
    window = TimeRange(until - timedelta(days=CHART_DAYS), until, zone)
    counts = dict(asking.rows(sql.days(window, asking.person, who)))
    end = last.astimezone(window.tzinfo).date()
    all_days = [end - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
    return [(day.isoformat(), counts.get(day, 0)) for day in all_days]


def whole(question: Question, value: str, kind: str, asked: EventList) -> tuple[Found, Json]:
    """Return an id's person with a page of the timeline, as the API gives it.

    Raises UnknownPerson, FieldError.
    """
    asking = Asking(question)
    found = find(asking, value, kind)
    body = profile(asking, found.person) | timeline(asking, found.person, asked)
    return found, body | {"meta": asking.meta().as_json()}


def ids_of(given: Sequence[Json]) -> list[Id]:
    """Read ids as the API takes them: `id` and `kind` each."""
    return [Id(one["id"], is_user=one["kind"] == "user") for one in given]
