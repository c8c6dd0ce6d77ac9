"""Samples as protocols decode them: checked label by label, gathered as arrays. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.ingest.known_series import Generation
from analytics.series.identity import Series
from analytics.series.metadata import Metadata

NAME = "__name__"
MAX_LABELS = 100
MAX_NAME = 1024  # bytes, of a metric's or a label's name
MAX_VALUE = 8192  # bytes, of a label's value
MAX_LABEL_BYTES = 64 << 20  # of all series of a body, written out
BETWEEN = b"\xff"  # no byte of UTF-8
MAX_SHOWN = 120
DAY_MS = 86_400_000
OLDEST_MS = 2 * 365 * DAY_MS  # the engine drops older ones at once (schema/0005_downsampled.sql)
NEWEST_MS = DAY_MS  # a clock that is further ahead is wrong


IMPOSSIBLE_TIME = "the time is more than a day ahead, or more than two years ago"


def possible_times(now_ms: int) -> tuple[int, int]:
    """Return the first and last time that a sample may have, in milliseconds since 1970."""
    return now_ms - OLDEST_MS, now_ms + NEWEST_MS


class BadSeries(ValueError):
    """Labels that make no series; the text says why, the same for all that are bad like this."""


@dataclass
class Untaken:
    """What of a body was not taken, counted by reason, with one example each."""

    samples: dict[str, tuple[int, str]] = field(default_factory=dict)
    histograms: int = 0  # native ones
    exemplars: int = 0

    def add(self, reason: str, count: int, example: str) -> None:
        before, first = self.samples.get(reason, (0, example))
        self.samples[reason] = (before + count, first)

    @property
    def count(self) -> int:
        """Return how many samples were not taken."""
        return sum(count for count, _ in self.samples.values())

    def sentence(self) -> str:
        """Say it in words; empty when all was taken."""
        parts = [
            f"{count} x {reason}" + (f" (e.g. {example})" if example else "")
            for reason, (count, example) in self.samples.items()
        ]
        if self.histograms:
            parts.append(f"{self.histograms} x native histograms are not stored")
        if self.exemplars:
            parts.append(f"{self.exemplars} x exemplars are not stored")
        return "; ".join(parts)


@dataclass(frozen=True)
class Push:
    """A group of series that a job handed over, as the pushgateway means it."""

    method: str  # PUT: instead of the group's metrics; POST: of those of the same names; DELETE
    group: tuple[tuple[str, str], ...]  # its labels, `job` the first
    samples: tuple[tuple[Series, float], ...]


@dataclass(frozen=True)
class Measured:
    """The samples of one body; `series_of` gives the labels of a slot that is to be told."""

    generation: Generation
    slots: npt.NDArray[np.int64]
    ts: npt.NDArray[np.int64]  # milliseconds since 1970
    values: npt.NDArray[np.float64]  # bit by bit as they came
    series_of: Callable[[int], Series]
    untaken: Untaken = field(default_factory=Untaken)
    metadata: tuple[Metadata, ...] = ()
    push: Push | None = None


class TooManyLabels(Exception):
    """A body's labels come to more than is taken at once; the text says how much that is."""


class Gathering:
    """The samples of a body while it is read.

    `again` reads a series' labels from its key, as `add_key` was given it.
    """

    def __init__(
        self, generation: Generation, again: Callable[[bytes], Series] | None = None
    ) -> None:
        self.generation = generation
        self.untaken = Untaken()
        self.metadata: dict[str, Metadata] = {}
        self._again = again or series_of_key
        self._label_bytes = 0
        self._slots: array[int] = array("q")
        self._ts: array[int] = array("q")
        self._values: array[float] = array("d")
        self._series: dict[int, Series] = {}

    def slot(self, series: Series, key: bytes = b"") -> int:
        """Return the slot of a series whose labels are checked. Raises TooManyLabels."""
        key = key or key_of(series)
        self.count_labels(len(key))
        slot = self.generation.add(key, series.id)
        self._series[slot] = series
        return slot

    def count_labels(self, size: int) -> None:
        """Bound what few bytes of a body may come to when each series is written out."""
        self._label_bytes += size
        if self._label_bytes > MAX_LABEL_BYTES:
            raise TooManyLabels(f"The labels of a body have {MAX_LABEL_BYTES >> 20} MiB at most.")

    def add(self, slot: int, ts: int, value: float) -> None:
        self._slots.append(slot)
        self._ts.append(ts)
        self._values.append(value)

    def extend(
        self, slots: Sequence[int], ts: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
    ) -> None:
        self._slots.extend(slots)
        self._ts.frombytes(ts.tobytes())
        self._values.frombytes(values.tobytes())

    def series_of(self, slot: int) -> Series:
        found = self._series.get(slot)
        return self._again(self.generation.keys[slot]) if found is None else found

    def measured(self, push: Push | None = None) -> Measured:
        return Measured(
            generation=self.generation,
            slots=np.array(self._slots, np.int64),
            ts=np.array(self._ts, np.int64),
            values=np.array(self._values, np.float64),
            series_of=self.series_of,
            untaken=self.untaken,
            metadata=tuple(self.metadata.values()),
            push=push,
        )


def series_from(pairs: Iterable[tuple[str, str]]) -> Series:
    """Make a series of its labels, the metric's name among them. Raises BadSeries.

    Names are any UTF-8, as Prometheus has it since 3.0. A label without value does not exist.
    """
    labels: dict[str, str] = {}
    for count, (name, value) in enumerate(pairs):
        if count == MAX_LABELS:
            raise BadSeries(f"a series has {MAX_LABELS} labels at most")
        if not name:
            raise BadSeries("a label has no name")
        if name in labels:
            raise BadSeries("a label comes twice")
        if len(name) > MAX_NAME or len(value) > MAX_VALUE:
            raise BadSeries(f"names have {MAX_NAME} characters at most, values {MAX_VALUE}")
        labels[name] = value
    name = labels.pop(NAME, "")
    if not name:
        raise BadSeries("a series has no metric name")
    if len(name) > MAX_NAME:
        raise BadSeries(f"names have {MAX_NAME} characters at most, values {MAX_VALUE}")
    return Series.of(name, labels)


def key_of(series: Series) -> bytes:
    """Return the texts of all labels, each behind a byte that no text holds."""
    parts = [NAME, series.name, *(part for label in series.labels for part in label)]
    return BETWEEN + BETWEEN.join([part.encode() for part in parts])


def series_of_key(key: bytes) -> Series:
    """Read what `key_of` wrote."""
    parts = [part.decode() for part in key[1:].split(BETWEEN)]
    return series_from(zip(parts[::2], parts[1::2], strict=True))


def shown(thing: Any) -> str:
    """Cut what is quoted in a message."""
    text = str(thing)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
