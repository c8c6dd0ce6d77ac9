"""What a merge or a split of persons would change, before anybody confirms it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from analytics.ingest.identities import Id
from analytics.ingest.models import PersonChange
from analytics.ingest.properties import typed as packed
from analytics.ingest.wanted import Wanted
from analytics.insights.asking import Asking
from analytics.insights.directory import rfc3339
from analytics.insights.profiles import kind_of
from analytics.insights.sql import effects as sql

Json = dict[str, Any]
SHOWN_DAYS = 31
KEPT = ("events", "days", "days_changed", "unique_users")


def effect(asking: Asking, wanted: Wanted, zone: str) -> Json:
    """Return what changes: the events that move, the days touched, unique users before and after."""
    move, person = move_of(wanted), asking.person
    days = asking.rows(sql.by_day(move, person, zone))
    touched = [row for row in days if row[1]]
    changed = [row[0] for row in touched if row[2]]
    ((before, after),) = asking.rows(sql.unique_users(move, person))
    shown = changed[:SHOWN_DAYS]
    by_day = asking.rows(sql.unique_users_on(shown, move, person, zone)) if shown else []
    return {
        "kind": str(wanted.kind),
        "stays": id_json(wanted.kept),
        "moves": [id_json(one) for one in wanted.moved],
        "events": sum(row[1] for row in touched),
        "first": rfc3339(min(row[3] for row in touched)) if touched else None,
        "last": rfc3339(max(row[4] for row in touched)) if touched else None,
        "days": len(touched),
        "days_changed": len(changed),
        "unique_users": {"before": before, "after": after},
        "by_day": [
            {"day": day.isoformat(), "before": was, "after": will} for day, was, will in by_day
        ],
        "properties": properties(asking.rows(sql.told(move, person))),
    }


def move_of(wanted: Wanted) -> sql.Move:
    if wanted.kind == PersonChange.Kind.MERGE:
        return sql.Move(wanted.stays, wanted.person)
    users = tuple(one.value for one in wanted.moved if one.is_user)
    devices = tuple(one.value for one in wanted.moved if not one.is_user)
    return sql.Move(wanted.stays, wanted.person, users, devices)


def id_json(one: Id) -> Json:
    return {"id": one.value, "kind": kind_of(one)}


def properties(told: Iterable[tuple[datetime, str, int]]) -> list[Json]:
    """Return by name the value of who stays, of who moves, and of the two together."""
    sides: tuple[Json, Json, Json] = ({}, {}, {})
    newest: tuple[Json, Json, Json] = ({}, {}, {})
    for ts, text, is_moving in told:
        for name, value in orjson.loads(text).items():
            for place in (1 if is_moving else 0, 2):
                rank = (ts, packed(value)[0])
                if name not in newest[place] or rank >= newest[place][name]:
                    newest[place][name], sides[place][name] = rank, value
    stays, moves, together = sides
    return [
        {
            "name": name, "stays": stays.get(name), "moves": moves.get(name),
            "together": together[name],
        }
        for name in sorted(together)
    ]  # fmt: skip


def in_short(found: Json) -> Json:
    """Return what is kept of an effect with the change; no personal data is in it."""
    return {name: found[name] for name in KEPT}


def change_json(change: PersonChange) -> Json:
    """Return a merge or split as the API gives it."""
    undone = next(
        (one for one in change.undone_by.all() if one.state != PersonChange.State.REFUSED), None
    )
    return {
        "id": change.pk,
        "kind": change.kind,
        "state": change.state,
        "stays": id_json(id_of(change.kept)),
        "moves": [id_json(id_of(one)) for one in change.moved],
        "reason": change.reason,
        "effect": change.effect,
        "requested_by": str(change.requested_by),
        "requested_at": change.requested_at,
        "done_at": change.done_at,
        "refusal": change.refusal or None,
        "undoes": change.undoes_id,
        "undone_by": undone.pk if undone else None,
    }


def id_of(stored: list[Any]) -> Id:
    return Id(str(stored[1]), bool(stored[0]))
