"""Fetch a page in its slot and read it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import orjson

from analytics.collect.scraping import fetching, own, refreshing
from analytics.collect.scraping.fetching import FetchFailed
from analytics.collect.scraping.naming import resolver
from analytics.collect.scraping.reading import BadPage, Book, Page
from analytics.collect.scraping.taking import Slot, snapped
from analytics.ingest.measured import OLDEST_MS
from analytics.series.identity import Series
from analytics.series.metadata import Metadata
from portal.lib.field_error import FieldError
from portal.lib.secrets import Undecryptable

Clock = Callable[[], datetime]
MOST_BOOKS = 5_000
SAID_AGAIN_AFTER_S = 3_600.0
UNKNOWN = "unknown"  # OpenMetrics's word for what text calls untyped
FURTHEST_AHEAD = timedelta(minutes=10)  # of a page's own times, as Prometheus has it
EXPECTED = (FetchFailed, BadPage, FieldError, Undecryptable)


class TooMany(FetchFailed):
    """A page has more samples than its target may have."""


@dataclass(frozen=True)
class Kept:
    """Samples to keep of one page: `series[i]` has `values[i]` at `ts[i]` (ms).

    `is_timed[i]` says that the page gave the time; such series do not become stale.
    """

    series: list[Series] = field(default_factory=list)
    ts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))
    is_timed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))


@dataclass(frozen=True)
class Visit:
    """What came of one slot. `error` is empty when all went well; else nothing is kept."""

    slot: Slot
    at: datetime
    duration_s: float
    samples: int = 0
    kept: Kept = Kept()
    error: str = ""
    said: Sequence[Metadata] = ()  # what is known of its metrics, when there is news


@dataclass
class Shelved:
    book: Book
    settings: bytes
    said_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shelf:
    """The books of the endpoints that this process fetched lately."""

    def __init__(self) -> None:
        self._shelved: OrderedDict[int, Shelved] = OrderedDict()
        self._lock = threading.Lock()

    def book_for(self, slot: Slot) -> Shelved:
        """Return the endpoint's book; a fresh one when it would name series differently now."""
        settings = naming_of(slot)
        with self._lock:
            found = self._shelved.get(slot.endpoint.pk)
            if found is None or found.settings != settings:
                found = Shelved(book_of(slot), settings)
            self._shelved[slot.endpoint.pk] = found
            self._shelved.move_to_end(slot.endpoint.pk)
            while len(self._shelved) > MOST_BOOKS:
                self._shelved.popitem(last=False)
            return found

    def forget(self, endpoint_id: int) -> None:
        with self._lock:
            self._shelved.pop(endpoint_id, None)


def naming_of(slot: Slot) -> bytes:
    target = slot.target
    return orjson.dumps([slot.endpoint.labels, target.metric_relabel, target.honors_labels])


def book_of(slot: Slot) -> Book:
    rules = refreshing.rules_of(slot.target.metric_relabel)
    return Book(resolver(slot.endpoint.labels, rules, honors_labels=slot.target.honors_labels))


def visit(slot: Slot, shelf: Shelf, clock: Clock) -> Visit:
    """Fetch and read; whatever goes wrong stands in the answer."""
    began, at = time.monotonic(), snapped(slot, clock())
    page = Page()
    try:
        fetched = fetching.metrics(address_of(slot))
        shelved = shelf.book_for(slot)
        with shelved.lock:
            page = shelved.book.read(fetched.body, is_openmetrics=fetched.is_openmetrics)
            kept = kept_of(page, shelved.book, slot, at)
            said = news_of(shelved, page, began)
    except EXPECTED as error:
        took_s = time.monotonic() - began
        return Visit(slot, at, took_s, samples=len(page.places), error=str(error))
    took_s = time.monotonic() - began
    return Visit(slot, at, took_s, len(page.places), kept, said=said)


def news_of(shelved: Shelved, page: Page, now_s: float) -> list[Metadata]:
    """Return what is known of the metrics when it was not told lately."""
    if not page.says_more and now_s - shelved.said_at < SAID_AGAIN_AFTER_S:
        return []
    shelved.said_at = now_s
    return [
        Metadata(name, UNKNOWN if one.type in {"", "untyped"} else one.type, one.help, one.unit)
        for name, one in shelved.book.described.items()
    ]


def address_of(slot: Slot) -> fetching.Address:
    target, endpoint = slot.target, slot.endpoint
    if target.discovery == target.Discovery.OWN:
        return own.address_of(endpoint)
    return refreshing.address_of(target, endpoint.url, target.timeout_s)


def kept_of(page: Page, book: Book, slot: Slot, at: datetime) -> Kept:
    """Return the samples to keep, each once. Raises TooMany."""
    places = np.array(page.places, np.int64)
    at_ms = round(at.timestamp() * 1000)
    ts = np.full(len(places), at_ms, np.int64)
    is_timed = np.zeros(len(places), np.bool_)
    if page.ts and slot.target.honors_timestamps:
        rows = np.fromiter(page.ts, np.int64, len(page.ts))
        ts[rows] = np.fromiter(page.ts.values(), np.int64, len(page.ts))
        is_timed[rows] = True
    chosen = first_of_each(places, ts)
    # Older ones the engine has no place for, and a batch of others would fall with them.
    newest = at_ms + FURTHEST_AHEAD // timedelta(milliseconds=1)
    chosen = chosen[(ts[chosen] >= at_ms - OLDEST_MS) & (ts[chosen] <= newest)]
    if len(chosen) > slot.target.sample_limit:
        raise TooMany(
            f"The page has {len(chosen):,} samples after its rules; the target may have"
            f" {slot.target.sample_limit:,}."
        )
    return Kept(
        series=[book.series[place] for place in places[chosen].tolist()],
        ts=ts[chosen],
        values=np.array(page.values, np.float64)[chosen],
        is_timed=is_timed[chosen],
    )


def first_of_each(places: npt.NDArray[np.int64], ts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Return the rows to keep: those of a series, the first where series and time repeat."""
    rows = np.flatnonzero(places >= 0)
    order = rows[np.lexsort((rows, ts[rows], places[rows]))]
    again = (places[order][1:] == places[order][:-1]) & (ts[order][1:] == ts[order][:-1])
    return np.sort(order[np.append(True, ~again)]) if len(order) else order
