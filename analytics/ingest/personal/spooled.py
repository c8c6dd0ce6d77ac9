"""Accepted batches on disk that are not in the engine yet, and what the door rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analytics.ingest import columns, quarantine
from analytics.ingest import spool as spools
from analytics.ingest.personal.quarantine import is_about
from analytics.ingest.spool import Spool
from portal.audit.personal import Subject, Turn, holders, remains

SHOWN = ("name", "ts", "id", "user_id", "anonymous_id", "session_id", "platform", "properties")


def mine(rows: Any, subject: Subject) -> Any:
    """Choose a batch's rows that carry one of the person's ids."""
    by_user = pc.is_in(rows["user_id"], pa.array(subject.user_ids, pa.string()))
    by_device = pc.is_in(rows["anonymous_id"], pa.array(subject.anonymous_ids, pa.string()))
    return rows.filter(pc.or_(by_user, by_device))


def found_in(opened: Spool, subject: Subject) -> Iterator[Mapping[str, Any]]:
    """Give the person's waiting events, and what was rejected of them."""
    after = 0
    while batches := opened.batches(after=after, max_events=50_000):
        for batch in batches:
            yield from mine(columns.unpack(batch.body), subject).select(list(SHOWN)).to_pylist()
            after = batch.number
    for entry in opened.rejected():
        if is_about(str(entry["event"]), subject):
            yield entry


@dataclass(frozen=True)
class Spooled:
    kind: str = "spool"
    label: str = "Events on their way in"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("spool/",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        return sum(1 for _ in self.rows(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        if not spools.path().exists():
            return
        opened = Spool(spools.path())
        try:
            for row in found_in(opened, subject):
                packed = row.get("properties")
                shown = packed.decode() if isinstance(packed, bytes) else packed
                yield {**row, "properties": shown}
        finally:
            opened.close()

    def erase(self, subject: Subject) -> None:
        """Move rejections to the quarantine, which follows; batches are the writer's."""
        if not spools.path().exists():
            return
        opened = Spool(spools.path())
        try:
            while opened.rejections(limit=1):
                quarantine.take_in(opened)
        finally:
            opened.close()


@dataclass(frozen=True)
class SpoolFile:
    kind: str = "spool"
    label: str = "Free pages and log of the spool"

    def clear(self) -> str:
        if not spools.path().exists():
            return "There is none."
        opened = Spool(spools.path())
        try:
            opened.scrub()
        finally:
            opened.close()
        return "Written anew without free pages; its write-ahead log is emptied."


holders.add(Spooled())
remains.add(SpoolFile())
