"""Series and their samples: who is who, and how samples get into the engine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.store import client

ANNOUNCED_AGAIN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 200_000


@dataclass(frozen=True)
class Series:
    """A metric's name and one set of labels, sorted; a label without value does not exist."""

    name: str
    labels: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, name: str, *labels: Mapping[str, str]) -> Series:
        """Make a series; of labels given twice the later wins."""
        merged = {key: value for part in labels for key, value in part.items()}
        return cls(name, tuple(sorted((k, v) for k, v in merged.items() if v)))

    @property
    def id(self) -> int:
        """64 bits of a hash over name and labels: the same wherever it is computed."""
        parts = [self.name, *(part for label in self.labels for part in label)]
        digest = hashlib.blake2b("\xff".join(parts).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")


class Announcer:
    """Remember which series the engine has heard of, so that they are not told every time."""

    def __init__(self) -> None:
        self._told: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def due(self, found: Iterable[Series], at: datetime) -> list[Series]:
        with self._lock:
            return [one for one in found if self._is_due(one.id, at)]

    def note(self, told: Iterable[Series], at: datetime) -> None:
        with self._lock:
            if len(self._told) > MOST_REMEMBERED:
                self._told.clear()
            self._told |= {one.id: at for one in told}

    def _is_due(self, series_id: int, at: datetime) -> bool:
        last = self._told.get(series_id)
        return last is None or at - last >= ANNOUNCED_AGAIN_AFTER


announcer = Announcer()


def write(samples: Sequence[tuple[Series, float]], at: datetime, *, token: str) -> None:
    """Keep samples of one instant; the same token again changes nothing.

    Raises client.QueryFailed, client.EngineUnavailable; after either, repeat or drop it.
    """
    unique = dict(samples)
    fresh = announcer.due(unique, at)
    if fresh:
        client.insert(
            "series",
            {
                "id": [one.id for one in fresh],
                "name": [one.name for one in fresh],
                "labels": [dict(one.labels) for one in fresh],
                "first_at": [at] * len(fresh),
                "last_at": [at] * len(fresh),
            },
            token=f"{token}:series",
        )
        announcer.note(fresh, at)
    client.insert(
        "samples",
        {
            "series": [one.id for one in unique],
            "ts": [at] * len(unique),
            "value": list(unique.values()),
        },
        token=token,
    )
