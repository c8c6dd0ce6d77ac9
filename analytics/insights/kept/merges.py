"""Which merges every query applies, and who became another by them; from the log of merges."""

from __future__ import annotations

import threading

import numpy as np
from django.db.models import Max, Min
from numpy.typing import NDArray

from analytics.ingest.models import Merge

Ids = NDArray[np.uint64]


def settled() -> int:
    """Return the number of the last merge that every query applies, all before it included.

    Ask this before `Epoch.current()`: both move in one transaction.
    """
    waiting = Merge.objects.filter(stage=Merge.Stage.JOINED).aggregate(first=Min("pk"))["first"]
    if waiting is not None:
        return int(waiting) - 1
    return Merge.objects.aggregate(last=Max("pk"))["last"] or 0


class Losers:
    """The losers of merges, read once each; safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._from: int | None = None  # merges after this one are known ...
        self._to = 0  # ... up to this one
        self._merges = np.empty(0, np.int64)
        self._ids = np.empty(0, np.uint64)

    def between(self, after: int, up_to: int) -> Ids:
        """Return who lost in the merges after one and up to another."""
        if after >= up_to:
            return np.empty(0, np.uint64)
        with self._lock:
            if self._from is None or after < self._from:
                self._from, self._to = after, after
                self._merges, self._ids = np.empty(0, np.int64), np.empty(0, np.uint64)
            if up_to > self._to:
                rows = Merge.objects.filter(pk__gt=self._to, pk__lte=up_to).order_by("pk")
                pairs = list(rows.values_list("pk", "loser"))
                self._merges = np.append(self._merges, np.array([pk for pk, _ in pairs], np.int64))
                self._ids = np.append(self._ids, np.array([one for _, one in pairs], np.uint64))
                self._to = up_to
            first, last = np.searchsorted(self._merges, [after, up_to], side="right")
            return self._ids[first:last]
