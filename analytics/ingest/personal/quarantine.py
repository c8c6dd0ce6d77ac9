"""Events that were not taken, kept with their reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analytics.ingest.models import Quarantined
from portal.audit.personal import Subject, Turn, holders, is_named

AT_ONCE = 2_000
IDS = ("userId", "anonymousId", "user_id", "anonymous_id", "userid", "anonymousid")


def is_about(text: str, subject: Subject) -> bool:
    """Tell whether a rejected event, which may be cut or no JSON, is about the person."""
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError:
        return is_named(text, subject)
    ids = [event.get(field) for field in IDS] if isinstance(event, dict) else []
    return any(type(one) is str and one in subject.ids for one in ids) or is_named(event, subject)


@dataclass(frozen=True)
class Quarantine:
    kind: str = "quarantine"
    label: str = "Rejected events in the quarantine"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("ingest.Quarantined",)
    stays: str = ""

    def _of(self, subject: Subject) -> Iterator[Quarantined]:
        rows = Quarantined.objects.order_by("pk")
        for one in rows.iterator(chunk_size=AT_ONCE):
            if is_about(one.event, subject) or is_named(one.message, subject):
                yield one

    def count(self, subject: Subject) -> int:
        return sum(1 for _ in self._of(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        for one in self._of(subject):
            yield {
                "received_at": one.received_at, "field": one.field, "message": one.message,
                "event": one.event,
            }  # fmt: skip

    def erase(self, subject: Subject) -> None:
        doomed = [one.pk for one in self._of(subject)]
        Quarantined.objects.filter(pk__in=doomed).delete()


holders.add(Quarantine())
