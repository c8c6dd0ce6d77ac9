"""What a merge or a split of persons would change: the numbers before and after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from analytics.insights.sql.params import Params
from analytics.insights.sql.profile import IDENTIFIED
from portal.store.query import Query


@dataclass(frozen=True)
class Move:
    """Which events would move: all of `person` (no ids), or those of some ids; and to whom."""

    stays: int
    person: int
    users: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def is_split(self) -> bool:
        return bool(self.users or self.devices)


def moves(move: Move, person: str, params: Params) -> str:
    """Return the condition of the events that move."""
    if not move.is_split:
        return f"{person} = {params.add(move.person, 'UInt64')}"
    users, devices = params.texts(move.users), params.texts(move.devices)
    return (
        f"({person} = {params.add(move.stays, 'UInt64')}"
        f" AND (user_id IN {users} OR (user_id = '' AND anonymous_id IN {devices})))"
    )


def afterwards(move: Move, person: str, params: Params) -> str:
    """Return whose an event would be."""
    whose = params.add(move.person if move.is_split else move.stays, "UInt64")
    return f"if({moves(move, person, params)}, {whose}, {person})"


def of_both(move: Move, person: str, params: Params) -> str:
    return f"{person} IN {params.add([move.stays, move.person], 'Array(UInt64)')}"


def by_day(move: Move, person: str, zone: str) -> Query:
    """Return `day`, `moving`, `staying` (events), `first` and `last` of those that move."""
    params = Params()
    sql = f"""
SELECT toDate32(ts, {params.text(zone)}) AS day,
    countIf(is_moving) AS moving, countIf(NOT is_moving) AS staying,
    minIf(ts, is_moving) AS first, maxIf(ts, is_moving) AS last
FROM (
    SELECT ts, {moves(move, person, params)} AS is_moving
    FROM events WHERE {of_both(move, person, params)}
)
GROUP BY day
ORDER BY day DESC"""
    return Query(sql.strip(), params.values)


def unique_users(move: Move, person: str) -> Query:
    """Return `before` and `after`: persons over all time."""
    params = Params()
    sql = f"""
SELECT uniqExact({person}) AS before, uniqExact({afterwards(move, person, params)}) AS after
FROM events
WHERE {person} != 0"""
    return Query(sql.strip(), params.values, heavy=True)


def unique_users_on(days: Sequence[date], move: Move, person: str, zone: str) -> Query:
    """Return `day`, `before` and `after`: persons on each of these days."""
    params = Params()
    asked = params.add([one.isoformat() for one in days], "Array(Date32)")
    sql = f"""
SELECT toDate32(ts, {params.text(zone)}) AS on_day, uniqExact({person}) AS before,
    uniqExact({afterwards(move, person, params)}) AS after
FROM events
WHERE {person} != 0 AND on_day IN {asked}
    AND day >= {params.add(min(days).isoformat(), "Date32")} - 1
    AND day <= {params.add(max(days).isoformat(), "Date32")} + 1
GROUP BY on_day
ORDER BY on_day DESC"""
    return Query(sql.strip(), params.values, heavy=True)


def told(move: Move, person: str) -> Query:
    """Return what events told of both sides, oldest first: `ts`, `properties`, `is_moving`."""
    params = Params()
    sql = f"""
SELECT ts, properties, {moves(move, person, params)} AS is_moving
FROM events
WHERE name = '{IDENTIFIED}' AND {of_both(move, person, params)}
ORDER BY ts, position"""
    return Query(sql.strip(), params.values)
