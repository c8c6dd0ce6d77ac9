"""The writer: takes accepted batches from the spool to the engine, each event exactly once.

One round: choose batches, find out which rows are new, journal that as a plan, carry it out,
forget it. After a crash the journaled plan is carried out again with the same tokens, by which
the engine knows what it has already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from django.db import DatabaseError

from analytics.ingest import (
    changing,
    columns,
    counting,
    duplicates,
    erasing,
    homing,
    merging,
    quarantine,
)
from analytics.ingest.erased import ErasedIds
from analytics.ingest.events import ALIAS, IDENTIFIED
from analytics.ingest.identities import Id, Identities, Join, commit
from analytics.ingest.inserting import insert
from analytics.ingest.instruments import dropped_events, quarantined_events, written_events
from analytics.ingest.narrowing import insert_events
from analytics.ingest.properties import person_properties
from analytics.ingest.spool import Batch, Outcome, Plan, Spool
from portal.store import nodes
from portal.store.models import Epoch

log = logging.getLogger(__name__)
MAX_EVENTS = 50_000
MAX_BYTES = 64 << 20  # in memory; a round takes about four times that
MAX_AGE_US = 500_000
PLENTY_BYTES = 8 << 20
EVENT_COLUMNS = (
    "day", "name", "actor", "person", "ts", "position", "id", "source", "user_id", "anonymous_id",
    "session_id", "platform", "version", "service", "environment", "received_at",
    "client_timestamp", "flags", "strings", "numbers", "booleans", "properties",
)  # fmt: skip


class Writer:
    """Moves batches from one spool; there is only one writer per spool."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._identities: Identities | None = None
        self._erased: ErasedIds | None = None
        self._epoch = -1
        self._rekey_began_at: datetime | None = None
        self._rest_until = datetime.min.replace(tzinfo=UTC)

    def identities(self, now: datetime) -> Identities:
        """Return the map; nothing is inserted by a map that the engine does not follow yet."""
        if self._identities is None:
            changing.finish(now)
            self._epoch = Epoch.current().number
            self._identities = Identities.load()
        return self._identities

    def chores(self, now: datetime) -> None:
        """Do what may wait: merge and split as admins ask, re-key merged persons, notice changes
        that others made to the map.
        """
        if Epoch.current().number != self._epoch:
            self._identities = None
            self._erased = None
        self._bring_home(now)
        if not homing.is_moving() and not self._erase(now):
            self._change(now)
            self._rekey(now)

    def _bring_home(self, now: datetime) -> None:
        """On a cluster, move merged persons' events to their shard."""
        if nodes.cluster() is not None and homing.step(now, after=now - merging.REKEY_AFTER):
            merging.count_overrides()
            self._epoch = Epoch.current().number

    def erased(self) -> ErasedIds:
        """Return the ids whose events are dropped."""
        if self._erased is None:
            self._erased = ErasedIds()
            self._erased.load()
        return self._erased

    def _erase(self, now: datetime) -> bool:
        """Take an erasure further, unless a batch is half inserted; true: all else has to wait."""
        request = erasing.waiting()
        if request is None or self.spool.plan() is not None:
            return request is not None and erasing.has_begun(request)
        is_changed = True  # whatever happens in the middle
        try:
            is_changed = erasing.carry_on(request, self.spool, now)
        finally:
            if is_changed:
                self._identities = self._erased = None
        return erasing.has_begun(request)

    def _change(self, now: datetime) -> None:
        """Take a merge or split by an admin further, unless a batch is half inserted."""
        if self.spool.plan() is not None:
            return
        identities, change = self.identities(now), changing.waiting()
        if change is None:
            return
        self._identities = None  # whatever happens, it is read again
        if not changing.carry_on(change, identities, now):
            self._identities, self._epoch = identities, Epoch.current().number

    def _rekey(self, now: datetime) -> None:
        """Rewrite merged persons' events, but a fifth of the time at most: it loads the engine.

        Meanwhile every query applies the merges, at a small price.
        """
        if now < self._rest_until:
            return
        step = merging.rekey(now)
        if step is merging.Step.BEGAN:
            self._rekey_began_at = now
        elif step is merging.Step.ENDED:
            self._epoch = Epoch.current().number
            self._rest_until = now + 4 * (now - (self._rekey_began_at or now))

    def round(self, now: datetime, *, is_last: bool = False) -> int:
        """Write what is due; returns the number of batches done.

        Raises client.QueryFailed, client.EngineUnavailable, DatabaseError; then call it again.
        """
        plan = self.spool.plan()
        if plan is None and (is_last or self._is_due(now)):
            plan = self._make_plan()
        if plan is None:
            return 0
        return self._carry_out(plan, now)

    def _is_due(self, now: datetime) -> bool:
        """Let batches gather for a moment: the engine likes few large inserts."""
        oldest_at = self.spool.oldest_at("batches")
        if oldest_at is None:
            return False
        age_us = now.timestamp() * 1e6 - oldest_at
        return age_us > MAX_AGE_US or self.spool.used_bytes() > PLENTY_BYTES

    def _make_plan(self) -> Plan | None:
        """Journal which rows of the oldest batches are new, and under which token they go."""
        batches = self.spool.batches(max_events=MAX_EVENTS, max_bytes=MAX_BYTES)
        if not batches:
            return None
        rows = columns.merged([batch.body for batch in batches])
        first, last = batches[0].number, batches[-1].number
        kept = self.erased().kept(rows, duplicates.keep_new(rows))
        plan = Plan(first, last, f"{self.spool.id}-{first}-{last}", kept)
        self.spool.write_plan(plan)
        return plan

    def _carry_out(self, plan: Plan, now: datetime) -> int:
        batches = self.spool.batches(after=plan.first - 1, up_to=plan.last)
        rows = columns.merged([batch.body for batch in batches])
        rows = self.erased().without_devices(rows.filter(duplicates.mask(plan.kept)))
        refused: dict[int, str] = {}
        if rows.num_rows:
            identities = self.identities(now)
            self._join(rows, identities, now)
            refused = self._insert(rows, identities, plan)
        self.spool.finish(plan, list(outcomes_of(batches, plan.kept, refused)))
        written_events.inc(rows.num_rows - len(refused))
        dropped_events.inc(len(plan.kept) - rows.num_rows)
        counting.note(rows)
        return len(batches)

    def _join(self, rows: Any, identities: Identities, now: datetime) -> None:
        """Apply what these events say about who is who, and make every query know it."""
        changes = identities.plan(joins_in(rows))
        try:
            if changes.rows or changes.merges:
                commit(changes, now)
                identities.apply(changes)
            before = Epoch.current().number
            if merging.settle() and before == self._epoch:
                self._epoch = Epoch.current().number
        except DatabaseError:
            self._identities = None  # nobody knows whether the commit was done
            raise

    def _insert(self, rows: Any, identities: Identities, plan: Plan) -> dict[int, str]:
        """Insert events, their ids and what they tell of persons; returns the refused rows."""
        persons = persons_of(rows, identities)
        refused = insert_events(self.spool, plan, with_persons(rows, persons))
        if refused:
            quarantine.keep_refused(plan.token, rows, refused)
            quarantined_events.inc(len(refused))
            taken = np.ones(rows.num_rows, np.bool_)
            taken[list(refused)] = False
            rows, persons = rows.filter(pa.array(taken)), persons[taken]
        ids = duplicates.ids_to_note(rows)
        insert("event_ids", ids, token=plan.token)
        known = person_properties(rows, persons)
        if known.num_rows:
            insert("person_properties", known, token=plan.token)
        return refused


def with_persons(rows: Any, persons: Any) -> Any:
    """Return the columns of table `events`.

    `day` is there the day of `ts`, by which queries find events; in the batch it is the day by
    which duplicates are known, which is the client's own where its clock was wrong.
    """
    person = pa.array(persons.astype(np.uint64))
    known = rows.append_column("actor", person).append_column("person", person)
    place = known.schema.get_field_index("day")
    return known.set_column(place, "day", known["ts"].cast(pa.date32())).select(EVENT_COLUMNS)


def persons_of(rows: Any, identities: Identities) -> Any:
    """Return each row's person: by its userId, else by its anonymousId, else nobody: 0."""
    users = resolved(rows["user_id"], identities, are_users=True)
    others = resolved(rows["anonymous_id"], identities, are_users=False)
    return np.where(users != 0, users, others)


def resolved(ids: Any, identities: Identities, *, are_users: bool) -> Any:
    """Resolve a column of ids, each different one once."""
    packed = pc.dictionary_encode(ids)
    persons = identities.persons_of(packed.dictionary.to_pylist(), are_users=are_users)
    return persons[packed.indices.to_numpy(zero_copy_only=False)]


def of_name(rows: Any, *names: str) -> Any:
    return rows.filter(pc.is_in(rows["name"], pa.array(names)))


def joins_in(rows: Any) -> Iterator[Join]:
    """Read who is who from the two special events, in their order."""
    special = of_name(rows, IDENTIFIED, ALIAS)
    wanted = special.select(["name", "user_id", "anonymous_id", "properties"]).to_pylist()
    for row in wanted:
        user = Id(row["user_id"], is_user=True)
        if row["name"] == ALIAS:
            other = orjson.loads(row["properties"])["alias"]
            yield Join(user, Id(other, is_user=True), ALIAS)
            yield Join(user, Id(other, is_user=False), ALIAS)
        elif row["anonymous_id"]:
            yield Join(user, Id(row["anonymous_id"], is_user=False), IDENTIFIED)


def outcomes_of(
    batches: Sequence[Batch], kept: bytes, refused: dict[int, str]
) -> Iterator[Outcome]:
    """Tell what became of those batches whose sender waits for it."""
    refused_places = np.flatnonzero(np.frombuffer(kept, np.uint8))[list(refused)]
    place = 0
    for batch in batches:
        new = kept.count(1, place, place + batch.events)
        bad = int(((refused_places >= place) & (refused_places < place + batch.events)).sum())
        place += batch.events
        if batch.wants_outcome:
            yield Outcome(batch.number, new - bad, batch.events - new, bad)
