"""What the door remembers: ids seen lately, and how much of each quota is left."""

from __future__ import annotations

Seen = tuple[bytes, int]  # an event's key and its identity day


class RecentIds:
    """The ids of the last events, so that a retried batch hears `duplicates`.

    Only a courtesy: the writer decides. Two generations bound the memory to 2 x `size`.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._young: set[Seen] = set()
        self._old: set[Seen] = set()

    def __contains__(self, seen: object) -> bool:
        return seen in self._young or seen in self._old

    def add(self, keys: list[Seen]) -> None:
        """Remember events that are on disk now."""
        self._young.update(keys)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()


class Quotas:
    """A bucket of events per source, refilled evenly; one minute's worth may come at once."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_s(self, source: int, per_minute: int | None, now_s: float) -> float:
        """Return how long the source must wait before it may send again; 0: it may now."""
        if per_minute is None:
            return 0.0
        left = self._left(source, per_minute, now_s)
        return 0.0 if left > 0 else (1 - left) * 60 / max(per_minute, 1)

    def take(self, source: int, per_minute: int | None, events: int, now_s: float) -> None:
        """Count a batch. It may overdraw: what follows waits for that."""
        if per_minute is not None:
            left = self._left(source, per_minute, now_s) - events
            self._buckets[source] = (left, now_s)

    def _left(self, source: int, per_minute: int, now_s: float) -> float:
        left, at = self._buckets.get(source, (float(per_minute), now_s))
        return min(float(per_minute), left + (now_s - at) * per_minute / 60)
