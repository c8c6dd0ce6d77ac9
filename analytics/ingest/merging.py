"""Late merges: persons that became another person after their events were stored.

Stages of a merge (docs/decisions/0003): joined -> overridden -> rekeying -> done. Each step may be
repeated after a crash, and every query gives the same answer from `overridden` on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

import pyarrow as pa
from django.db import transaction

from analytics.ingest import homing
from analytics.ingest.columns import stream
from analytics.ingest.inserting import insert
from analytics.ingest.instruments import merges as merge_count
from analytics.ingest.instruments import pending_overrides
from analytics.ingest.models import Away, Merge
from portal.store import client, nodes
from portal.store.cluster import altered, system
from portal.store.models import Epoch
from portal.store.query import Query

log = logging.getLogger(__name__)
REKEY_AFTER = timedelta(seconds=10)
AT_ONCE = 1_000  # persons in one statement's text
REKEYED_LATER = (Merge.Stage.OVERRIDDEN, Merge.Stage.REKEYING)
UNFINISHED = (*REKEYED_LATER, Merge.Stage.PARTING)
IS_REWRITING = """
SELECT count() FROM {mutations}
WHERE database = {{database:String}} AND table IN ('events', 'events_local') AND NOT is_done
    AND position(command, 'UPDATE person') > 0
"""
COPY_PROPERTIES = """
INSERT INTO person_properties
SELECT transform(person, {losers:Array(UInt64)}, {winners:Array(UInt64)}, person),
    key, type, string, number, boolean, ts
FROM person_properties FINAL
WHERE person IN {losers:Array(UInt64)}
"""


def settle() -> bool:
    """Make every query apply the merges that are in the identity map; false: there were none.

    Called before a batch is inserted, when all earlier batches are in the engine.
    """
    fresh = list(Merge.objects.filter(stage=Merge.Stage.JOINED).order_by("pk"))
    if not fresh:
        return False
    active = list(Merge.objects.filter(stage__in=UNFINISHED))
    losers = [merge.loser for merge in fresh]
    homing.make_way(losers)
    copy_properties(fresh)
    stored = standing_in("events", losers)
    late = [merge for merge in fresh if merge.loser in stored]
    moved = set(losers)
    # Those who became a loser of today must be sent on: the override is looked up only once.
    sent_on = [merge for merge in active if merge.winner in moved or merge.target != merge.winner]
    write_overrides(late + sent_on, version=fresh[-1].pk * 2)
    late_ids = [merge.pk for merge in late]
    fresh_ids = [merge.pk for merge in fresh]
    with transaction.atomic():
        chosen = Merge.objects.filter(pk__in=fresh_ids)
        chosen.exclude(pk__in=late_ids).update(stage=Merge.Stage.DONE)
        chosen.filter(pk__in=late_ids).update(stage=Merge.Stage.OVERRIDDEN)
        count_overrides()
    merge_count.inc(len(fresh))
    return True


def standing_in(table: str, persons: Sequence[int]) -> set[int]:
    """Return those of the persons who have rows in a table."""
    asked = pa.RecordBatch.from_pydict({"person": pa.array(persons, pa.uint64())})
    found = client.look_up(
        f"SELECT DISTINCT person FROM {table} WHERE person IN (SELECT person FROM asked)",
        client.Given("asked", "person UInt64", stream(asked, None), asked.num_rows),
    )
    return set(found["person"].to_pylist())


def copy_properties(merges: Sequence[Merge]) -> None:
    """Give the winner what is known of the loser; the latest value by event time wins."""
    known = standing_in("person_properties", [merge.loser for merge in merges])
    chosen = [merge for merge in merges if merge.loser in known]
    for first in range(0, len(chosen), AT_ONCE):
        part = chosen[first : first + AT_ONCE]
        client.command(
            COPY_PROPERTIES,
            # On a cluster a value belongs on the shard of its new person.
            settings_={"parallel_distributed_insert_select": 0, "distributed_foreground_insert": 1},
            losers=[merge.loser for merge in part],
            winners=[merge.target for merge in part],
        )


def write_overrides(merges: Sequence[Merge], *, version: int, is_deleted: bool = False) -> None:
    """Put overrides in force, or out of it, all at once."""
    if merges:
        rows = pa.RecordBatch.from_pydict(
            {
                "loser": [merge.loser for merge in merges],
                "winner": [merge.target for merge in merges],
                "version": [version] * len(merges),
                "is_deleted": [int(is_deleted)] * len(merges),
            }
        )
        insert("person_overrides", rows, token=f"{version}-{merges[0].pk}-{len(merges)}")
        nodes.sync("person_overrides")


class Step(Enum):
    """What one call of `rekey` did."""

    IDLE = "idle"
    BEGAN = "began"
    RUNNING = "running"
    ENDED = "ended"


def rekey(now: datetime) -> Step:
    """Take the background rewriting one step further; quick, to be called every few seconds."""
    if not Merge.objects.filter(stage__in=REKEYED_LATER).exists():
        return Step.IDLE
    if is_rewriting():
        return Step.RUNNING
    running = list(Merge.objects.filter(stage=Merge.Stage.REKEYING))
    if running:
        return conclude(running, now)
    waiting = Merge.objects.filter(stage=Merge.Stage.OVERRIDDEN).order_by("pk")
    first = waiting.first()
    if first is not None and now - first.merged_at > REKEY_AFTER:
        chosen = list(waiting[:AT_ONCE])
        Merge.objects.filter(pk__in=[one.pk for one in chosen]).update(stage=Merge.Stage.REKEYING)
        rewrite(chosen)
        return Step.BEGAN
    return Step.IDLE


def is_rewriting() -> bool:
    sql = IS_REWRITING.format(mutations=system("mutations", nodes.cluster()))
    return bool(client.run(Query(sql, {"database": nodes.database()})).value())


def conclude(running: Sequence[Merge], now: datetime) -> Step:
    """Retire the overrides when no stored event needs them; otherwise rewrite again."""
    if standing_in("events", [merge.loser for merge in running]):
        rewrite(running)
        return Step.RUNNING
    homing.become([one.loser for one in running], [one.target for one in running], now)
    retire_overrides(running)
    with transaction.atomic():
        chosen = Merge.objects.filter(pk__in=[one.pk for one in running])
        chosen.update(stage=Merge.Stage.DONE)
        count_overrides()
    return Step.ENDED


def retire_overrides(merges: Sequence[Merge]) -> None:
    """Put overrides out of force; the version is past all that were ever written."""
    write_overrides(merges, version=Merge.objects.latest("pk").pk * 2 + 1, is_deleted=True)


def count_overrides() -> None:
    """Move the epoch, and say how many overrides queries must apply."""
    left = Merge.objects.filter(stage__in=UNFINISHED).count() + Away.objects.count()
    Epoch.move(pending_overrides=left)
    pending_overrides.set(left)


def rewrite(merges: Sequence[Merge]) -> None:
    """Begin to rewrite the person of stored events; the engine does it part by part."""
    losers = ",".join(str(merge.loser) for merge in merges)
    winners = ",".join(str(merge.target) for merge in merges)
    table = altered("events", nodes.cluster())
    client.command(
        f"ALTER TABLE {table} UPDATE person = transform(person, [{losers}], [{winners}], person)"
        f" WHERE person IN ({losers})",
        settings_={"mutations_sync": 0, "max_query_size": 1 << 20},
    )
    log.info("Rewriting the events of merged persons.", extra={"persons": len(merges)})
