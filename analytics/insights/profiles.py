"""One person's profile: who they are, since when, under which ids, and what they did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
from portal.lib.row_rights import RowRights
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
class Act:
    """A person's events of one name, under one id, on one day."""

    id: Id
    name: str
    day: date
    events: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Life:
    """The person of an id that somebody asked for, and all that they did, counted."""

    id: Id
    person: int
    acts: Sequence[Act]

    @property
    def window(self) -> TimeRange:
        """Return from the first to the last event."""
        end = max(act.last for act in self.acts) + timedelta(microseconds=1)
        return TimeRange(min(act.first for act in self.acts), end)

    @property
    def last(self) -> datetime:
        return max(act.last for act in self.acts)

    @property
    def events(self) -> int:
        return sum(act.events for act in self.acts)

    def names(self) -> list[tuple[str, int]]:
        """Return which events the person did, most frequent first."""
        found: Counter[str] = Counter()
        for act in self.acts:
            found[act.name] += act.events
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))

    def days(self, zone: ZoneInfo) -> list[tuple[str, int]]:
        """Return the events of each of the last days up to the last event, zeros too."""
        found: Counter[date] = Counter()
        for act in self.acts:
            found[act.day] += act.events
        end = self.last.astimezone(zone).date()
        days = [end - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
        return [(day.isoformat(), found[day]) for day in days]

    def by_id(self) -> dict[Id, Json]:
        """Return what counts by each id, the one seen last first."""
        found: dict[Id, Json] = {}
        for act in sorted(self.acts, key=lambda act: act.last, reverse=True):
            one = found.setdefault(act.id, {"events": 0, "last_seen": rfc3339(act.last)})
            one["events"] += act.events
            one["first_seen"] = min(one.get("first_seen", rfc3339(act.first)), rfc3339(act.first))
        return found


def kind_of(one: Id) -> str:
    return KINDS[0] if one.is_user else KINDS[1]


def candidates(value: str, kind: str) -> dict[Id, int]:
    """Return whose a text could be: as a user id, else as an anonymous one."""
    ids = [Id(value, is_user=one == "user") for one in KINDS if kind in ("", one)]
    return {one: person_now(one) for one in ids}


def find(asking: Asking, value: str, kind: str = "") -> Id:
    """Return the id of somebody who is known; `kind` says which where both exist.

    Raises UnknownPerson.
    """
    persons = candidates(value, kind)
    known = {who for (who,) in asking.rows(sql.known(list(persons.values()), asking.person))}
    for one, who in persons.items():
        if who in known:
            return one
    raise UnknownPerson


def look(asking: Asking, value: str, kind: str, zone: ZoneInfo) -> Life:
    """Count all that the person of an id did, in days of a zone. Raises UnknownPerson."""
    for one, who in candidates(value, kind).items():
        rows = asking.rows(sql.activity(asking.person, who, zone.key))
        acts = [Act(Id(user or device, bool(user)), *rest) for user, device, *rest in rows]
        life = Life(one, who, acts)
        if acts and (asking.question.rights.is_all or one in life.by_id()):
            return life
    raise UnknownPerson


def profile(asking: Asking, life: Life) -> Json:
    """Return all that is known of a person but the timeline."""
    who = life.person
    named, starts = sessions(asking, life)
    known = described(asking.question, [who])[who]
    told = asking.rows(sql.told(asking.person, who))
    return known | {
        "since": since(known["properties"], told),
        "ids": ids(life, asking.question.rights),
        "first_seen": rfc3339(life.window.start),
        "last_seen": rfc3339(life.last),
        "events": life.events,
        "sessions": named + len(starts),
        "cohorts": cohorts(asking, who),
    }


def sessions(asking: Asking, life: Life) -> tuple[int, list[int]]:
    """Return how many sessions have an id of their own, and when the others begin.

    The latter in microseconds, oldest first.
    """
    ((named, starts),) = asking.rows(sql.sessions(life.window, asking.person, life.person))
    return named, list(starts)


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


def ids(life: Life, rights: RowRights) -> list[Json]:
    """Return all ids of a person: how each came to them, and the events that count by it.

    Who may read some rows only is told the ids in these.
    """
    active = life.by_id()
    joined = {
        Id(row.value, row.is_user): row
        for row in Identity.objects.filter(person=life.person).order_by("-is_user", "value")
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
        for one in dict.fromkeys([*active, *(joined if rights.is_all else ())])
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


def timeline(asking: Asking, life: Life, asked: EventList) -> Json:
    """Return a page of a person's events, newest first: `timeline` and `next`."""
    asked = replace(asked, person=life.person)
    rows, cost = newest(asked, within(asking.question, life.window))
    asking.costs.append(cost)
    shown = rows[: asked.limit]
    following = place_of(shown[-1]).packed() if len(rows) > asked.limit else None
    return {"timeline": [as_json(row) for row in shown], "next": following}


def within(question: Question, life: TimeRange) -> Question:
    """Ask of no more time than a person was here."""
    window = question.window or life
    start, end = max(window.start, life.start), min(window.end, life.end)
    if start >= end:  # asked of a time before or after
        return question
    return replace(question, window=TimeRange(start, end, window.zone))


def whole(question: Question, value: str, kind: str, asked: EventList) -> tuple[Id, Json]:
    """Return an id, and its person with a page of the timeline, as the API gives it.

    Raises UnknownPerson, FieldError.
    """
    asking = Asking(question)
    life = look(asking, value, kind, ZoneInfo("UTC"))
    body = profile(asking, life) | timeline(asking, life, asked)
    return life.id, body | {"meta": asking.meta().as_json()}
