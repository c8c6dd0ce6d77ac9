"""Who is in a cohort, as SQL. Pure.

A rule is a condition on a person; only its leaves read events, each once and in time that grows
with the events and not with their square. All of it is as of one moment: what happened later, or at
that moment, has not happened yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.insights.definitions.cohorts import (
    DAY,
    Deed,
    Did,
    DidThen,
    Either,
    Every,
    FirstDid,
    Has,
    Listed,
    Not,
    Rule,
    Stopped,
)
from analytics.insights.definitions.filters import Filter, InCohort
from analytics.insights.sql.comparisons import compared
from analytics.insights.sql.params import Params
from analytics.insights.sql.spans import during
from analytics.insights.sql.values import NEVER, Key
from portal.store.query import Query, Sharded, TimeRange, added

OLDEST = datetime.fromisoformat("1900-01-01T00:00:00Z")
# Far enough from any time that the difference to one is longer than any window, and fits 64 bits.
LONG_AGO = -(2**62)


@dataclass(frozen=True)
class Asked:
    """What a cohort's SQL shares with the query around it; `condition` is that of any filter."""

    params: Params
    person: str
    condition: Callable[[Filter, Params, str], str]


def membership(found: InCohort, asked: Asked) -> str:
    """Return the condition that an event's person is in a cohort, or is not.

    Nobody, the person of events without any user id, is in none.
    """
    if found.known is None:
        raise ValueError(f"cohort {found.cohort} was not looked up; call cohorts.resolved first")
    inside = f"({asked.person} != 0 AND {holds(found.known.rule, asked, found.known.as_of)})"
    return inside if found.op == "in" else f"NOT {inside}"


def key_by_cohort(found: InCohort, asked: Asked) -> Key:
    """Return how to group events by whether their person is in a cohort."""
    inside, outside = (asked.params.text(f"s{value}") for value in found.values)
    return Key(f"if({membership(found, asked)}, {inside}, {outside})", is_plain=False)


@dataclass(frozen=True)
class After:
    """Where a page of members ended: when that person was first seen (microseconds), and who."""

    seen: int
    person: int


def members(found: InCohort, asked: Asked, *, after: After | None = None, limit: int) -> Query:
    """Return who is in a cohort, who was first seen last first: `who`, `at` (microseconds)."""
    params = asked.params
    later = ""
    if after is not None:
        seen, person = params.integer(after.seen), params.add(after.person, "UInt64")
        later = f"\nHAVING at < {seen} OR (at = {seen} AND who > {person})"
    newest = f"ORDER BY at DESC, who LIMIT {params.add(limit, 'UInt32')}"
    sql = f"""
SELECT {asked.person} AS who, toUnixTimestamp64Micro(min(ts)) AS at
FROM events
WHERE {_by_then(found, asked)}
GROUP BY who{later}
{newest}"""
    merge = f"SELECT who, at FROM shards {newest}"
    return Query(sql.strip(), params.values, sharded=Sharded(merge))


def size(found: InCohort, asked: Asked) -> Query:
    """Count who is in a cohort, and everybody: `size`, `everybody`."""
    as_of = found.known.as_of if found.known else OLDEST
    sql = f"""
SELECT uniqExactIf({asked.person}, {membership(found, asked)}) AS size,
    uniqExactIf({asked.person}, {asked.person} != 0) AS everybody
FROM events
WHERE {" AND ".join(_in_time(None, as_of, asked))}"""
    return Query(sql.strip(), asked.params.values, sharded=added("size", "everybody"))


def _by_then(found: InCohort, asked: Asked) -> str:
    """Return the condition of a member's events: who had none by then was not known yet."""
    as_of = found.known.as_of if found.known else OLDEST
    return " AND ".join([*_in_time(None, as_of, asked), membership(found, asked)])


def holds(rule: Rule, asked: Asked, as_of: datetime) -> str:
    """Return the condition that a rule holds for a person with any event."""
    if isinstance(rule, Every | Either):
        word = " AND " if isinstance(rule, Every) else " OR "
        return f"({word.join(holds(one, asked, as_of) for one in rule.rules)})"
    if isinstance(rule, Not):
        return f"NOT {holds(rule.rule, asked, as_of)}"
    if isinstance(rule, InCohort):
        return membership(rule, asked)
    if isinstance(rule, Has):
        return f"({compared(rule.filter, asked.params, asked.person)})"
    if isinstance(rule, Listed):
        return f"{asked.person} IN {asked.params.numbers(rule.persons)}" if rule.persons else NEVER
    return _behaved(rule, asked, as_of)


def _behaved(rule: Did | DidThen | FirstDid | Stopped, asked: Asked, as_of: datetime) -> str:
    if isinstance(rule, Did):
        return _did(rule, asked, as_of)
    if isinstance(rule, DidThen):
        return _did_then(rule, asked, as_of)
    if isinstance(rule, FirstDid):
        return _first_did(rule, asked, as_of)
    return _stopped(rule, asked, as_of)


def _did(rule: Did, asked: Asked, as_of: datetime) -> str:
    """Who never did it has no event to be counted by, and is found by who did it too often."""
    start, end = rule.span.bounds(as_of)
    found = [*_in_time(start, end, asked), *_deed(rule.deed, asked)]
    least = asked.params.integer(rule.least)
    most = None if rule.most is None else asked.params.integer(rule.most)
    if rule.least == 0:
        return f"NOT {_doers(found, asked, f'count() > {most}')}" if most else "1"
    if rule.least == 1 and most is None:
        return _doers(found, asked)
    return _doers(found, asked, f"count() >= {least}" + (f" AND count() <= {most}" if most else ""))


def _first_did(rule: FirstDid, asked: Asked, as_of: datetime) -> str:
    start, end = rule.span.bounds(as_of)
    found = [*_in_time(None, end, asked), *_deed(rule.deed, asked)]
    return _doers(found, asked, f"min(ts) >= {asked.params.instant(start or OLDEST)}")


def _stopped(rule: Stopped, asked: Asked, as_of: datetime) -> str:
    start, end = rule.span.bounds(as_of)
    quiet = asked.params.instant(as_of - rule.days * DAY)
    found = [*_in_time(start, as_of, asked), *_deed(rule.deed, asked)]
    return _doers(found, asked, f"max(ts) < {quiet} AND min(ts) < {asked.params.instant(end)}")


def _did_then(rule: DidThen, asked: Asked, as_of: datetime) -> str:
    """Look back from every second deed to the last first one before it.

    An event can be both, but not to itself. Of events of one instant those that are only a first
    deed come first and those that are only a second one last, so that each finds its best partner.
    """
    start, end = rule.span.bounds(as_of)
    last = min(end + rule.within, as_of)
    first = " AND ".join([*_deed(rule.deed, asked), f"ts < {asked.params.instant(end)}"])
    then = " AND ".join(_deed(rule.then, asked)) or "1"
    params, within = asked.params, rule.within // timedelta(microseconds=1)
    rank = f"multiIf(NOT ({then}), 0, {first}, 1, 2)"
    never = params.integer(LONG_AGO)
    return f"""{asked.person} IN (
        SELECT doer
        FROM (
            SELECT {asked.person} AS doer,
                arraySort(groupArray((toUnixTimestamp64Micro(ts), {rank}))) AS deeds
            FROM events
            WHERE {" AND ".join(_in_time(start, last, asked))} AND {asked.person} != 0
                AND (({first}) OR ({then}))
            GROUP BY doer
        )
        WHERE arrayExists(
            (at, rank, before) -> rank > 0 AND at - before <= {params.integer(within)},
            deeds.1, deeds.2,
            arrayPopBack(arrayFill((at, rank) -> rank < 2,
                arrayPushFront(deeds.1, {never}), arrayPushFront(deeds.2, 0))))
    )"""


def _doers(found: Sequence[str], asked: Asked, having: str = "") -> str:
    """Return the condition that a person has events that pass, or so many of them."""
    grouped = f" GROUP BY doer HAVING {having}" if having else ""
    conditions = " AND ".join([*found, f"{asked.person} != 0"])
    return (
        f"{asked.person} IN (SELECT {asked.person} AS doer FROM events WHERE {conditions}{grouped})"
    )


def _deed(deed: Deed, asked: Asked) -> list[str]:
    named = [] if deed.event is None else [f"name = {asked.params.text(deed.event)}"]
    return named + [f"({asked.condition(one, asked.params, asked.person)})" for one in deed.where]


def _in_time(start: datetime | None, end: datetime, asked: Asked) -> list[str]:
    begin = start or OLDEST
    return during(TimeRange(begin, end), asked.params) if begin < end else [NEVER]
