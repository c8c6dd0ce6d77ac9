"""On a cluster: bring the events of merged and split persons to the shard of their person.

A person's events lie where the hash of `actor` says. A merge or a split changes `person` in place, so
its events are away from home: `actor` is not `person`. Until they are home, such persons are counted
by the node that is asked (portal.store.cluster), and these stages bring them there:

    waiting     an override of the person to itself keeps it among those
    announced   every query leaves copies out; a copy's person has the highest bit set
    moved       copies lie at home; from here on queries leave out what was copied, at once
    (gone)      originals are deleted, copies have their person's number: nothing is special

What queries leave out is one text in PostgreSQL (`Epoch.unread`), so every answer changes in one
moment, on all shards. Each step may be repeated. docs/decisions/0011.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

import pyarrow as pa
from django.db import transaction

from analytics.ingest.inserting import insert
from analytics.ingest.models import Away, Merge
from portal.store import client, nodes
from portal.store.cluster import altered
from portal.store.models import Epoch
from portal.store.query import Query

log = logging.getLogger(__name__)
COPY = 1 << 63  # persons have 63 bits
AT_ONCE = 500
AWAY = "person IN ({persons}) AND actor != person"
# By the table's name, for REPLACE makes new columns of the same names.
COPY_HOME = f"""
INSERT INTO events
SELECT * REPLACE(stored.person AS actor, bitOr(stored.person, toUInt64({COPY})) AS person)
FROM events AS stored
WHERE stored.person IN ({{persons}}) AND stored.actor != stored.person
"""
# Each shard's rows go where they belong, not back into the shard that they are read from.
THROUGH_US = {"parallel_distributed_insert_select": 0, "distributed_foreground_insert": 1}
AWAITED = {"mutations_sync": 2, "max_query_size": 1 << 20}


def note(persons: Iterable[int], now: datetime) -> None:
    """Keep persons among those whose events may be away from home."""
    found = sorted(set(persons))
    if nodes.cluster() is None or not found:
        return  # one engine is everybody's home
    put_overrides(found, to=found)
    Away.objects.bulk_create(
        [Away(person=person, since=now) for person in found], ignore_conflicts=True
    )


def is_moving() -> bool:
    """Tell whether merges and splits have to wait."""
    return Away.objects.exclude(stage=Away.Stage.WAITING).exists()


def step(now: datetime, *, after: datetime) -> bool:
    """Take the way home one step further; false when there is nothing to do yet.

    Only what has been so since before `after` goes on: by then no query is left that began before.
    """
    moved = list(Away.objects.filter(stage=Away.Stage.MOVED, since__lt=after))
    if moved:
        complete(moved)
    elif announced := list(Away.objects.filter(stage=Away.Stage.ANNOUNCED, since__lt=after)):
        move(announced, now)
    elif not is_moving() and (chosen := ready(after)):
        announce(chosen, now)
    else:
        return False
    return True


def ready(after: datetime) -> list[Away]:
    """Return who may go home: nobody whom a merge that is under way is about."""
    busy: set[int] = set()
    for pair in Merge.objects.exclude(stage=Merge.Stage.DONE).values_list("loser", "target"):
        busy.update(pair)
    waiting = Away.objects.filter(stage=Away.Stage.WAITING, since__lt=after).order_by("since")
    return [one for one in waiting[: AT_ONCE + len(busy)] if one.person not in busy][:AT_ONCE]


def announce(chosen: Collection[Away], now: datetime) -> None:
    """Let every query leave copies out, before there are any."""
    persons = [one.person for one in chosen]
    put_overrides([person | COPY for person in persons], to=persons)
    with transaction.atomic():
        enter(chosen, Away.Stage.ANNOUNCED, now)
        Epoch.leave_out(f"person IN ({listed(copies_of(chosen))})")


def move(chosen: Collection[Away], now: datetime) -> None:
    """Copy what is away, and count from then on the copies instead."""
    persons = listed(one.person for one in chosen)
    forget_copies(chosen)
    client.command(COPY_HOME.format(persons=persons), settings_=THROUGH_US)
    copied, away = (
        count(f"person IN ({listed(copies_of(chosen))})"),
        count(AWAY.format(persons=persons)),
    )
    if copied != away:
        log.error(
            "Events did not arrive at home; trying again.", extra={"copied": copied, "away": away}
        )
        return
    with transaction.atomic():
        enter(chosen, Away.Stage.MOVED, now)
        Epoch.leave_out(AWAY.format(persons=persons))
    log.info("Moved the events of persons to their shard.", extra={"persons": len(chosen)})


def complete(chosen: Collection[Away]) -> None:
    """Delete what was copied, and give copies their person's number."""
    copies, away = listed(copies_of(chosen)), AWAY.format(persons=listed(o.person for o in chosen))
    change(f"UPDATE person = actor WHERE person IN ({copies}), DELETE WHERE {away}")
    retire(chosen)
    with transaction.atomic():
        Away.objects.filter(pk__in=[one.pk for one in chosen]).delete()
        Epoch.leave_out("")


def make_way(losers: Collection[int]) -> None:
    """Let persons go who are about to become others: complete their way home, or give it up."""
    if nodes.cluster() is None:
        return
    found = Away.objects.exclude(stage=Away.Stage.WAITING)
    if not found.filter(person__in=losers).exists():
        return
    moved = list(found.filter(stage=Away.Stage.MOVED))
    if moved:
        complete(moved)
        return
    announced = list(found)
    forget_copies(announced)
    with transaction.atomic():
        found.update(stage=Away.Stage.WAITING)
        Epoch.leave_out("")


def become(losers: Collection[int], winners: Collection[int], now: datetime) -> None:
    """Note that stored events changed their person."""
    if nodes.cluster() is not None:
        Away.objects.filter(person__in=losers).delete()
        note(winners, now)


def forget_copies(chosen: Collection[Away]) -> None:
    """Delete copies that an earlier try has left."""
    copies = f"person IN ({listed(copies_of(chosen))})"
    if count(copies):
        change(f"DELETE WHERE {copies}")


def count(condition: str) -> int:
    return int(client.run(Query(f"SELECT count() FROM events WHERE {condition}")).value())


def change(what: str) -> None:
    """Change stored events everywhere, and wait for it."""
    # Not as a lightweight DELETE: that is refused for tables with projections.
    table = altered("events", nodes.cluster())
    client.command(f"ALTER TABLE {table} {what}", settings_=AWAITED)


def copies_of(chosen: Collection[Away]) -> list[int]:
    return [one.person | COPY for one in chosen]


def listed(numbers: Iterable[int]) -> str:
    # Literals: mutations take no parameters. They are numbers of our own.
    return ", ".join(str(number) for number in numbers)


def enter(chosen: Collection[Away], stage: str, now: datetime) -> None:
    Away.objects.filter(pk__in=[one.pk for one in chosen]).update(stage=stage, since=now)


def retire(chosen: Collection[Away]) -> None:
    persons = [one.person for one in chosen]
    put_overrides([*persons, *copies_of(chosen)], to=[*persons, *persons], is_deleted=True)


def put_overrides(whom: list[int], *, to: list[int], is_deleted: bool = False) -> None:
    """Put overrides in force on every node, or out of it; the latest merge's version is theirs."""
    last = Merge.objects.order_by("pk").last()
    version = 2 * last.pk + 1 if last else 1
    rows = pa.RecordBatch.from_pydict(
        {
            "loser": pa.array(whom, pa.uint64()),
            "winner": pa.array(to, pa.uint64()),
            "version": pa.array([version] * len(whom), pa.uint64()),
            "is_deleted": pa.array([int(is_deleted)] * len(whom), pa.uint8()),
        }
    )
    insert("person_overrides", rows, token=f"home-{version}-{whom[0]}-{len(whom)}-{is_deleted}")
    nodes.sync("person_overrides")
