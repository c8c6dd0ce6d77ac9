"""Instruments that are made on the fly, by a name that only data knows: counters of events, gauges.

Names and labels are bounded, so that nobody's events can flood whoever reads /metrics: what comes
after MOST_NAMES counts under `other`, gauges beyond it are left out. What was left out is counted.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prometheus_client import Counter, Gauge

from portal.lib import instruments
from portal.lib.instruments import PREFIX
from portal.lib.measure import PLATFORMS

MOST_NAMES = 100
MOST_LABELS = 5  # of a gauge
MOST_LABEL_SETS = 100  # of a gauge
LONGEST_NAME = 80
OTHER = "other"
RESERVED_ENDINGS = ("_total", "_sum", "_count", "_bucket", "_created", "_info")
UNUSABLE = re.compile(r"[^a-zA-Z0-9_]+")

left_out = instruments.counter(
    "instruments_left_out_total",
    "Counts and gauges by name that were beyond the bounds, by kind",
    ("kind",),
)
M = TypeVar("M", Counter, Gauge)


class Named(Generic[M]):
    """Instruments of one kind by cleaned names. What processes before this one made counts, too:
    all of them are on the same page.
    """

    def __init__(self, beginning: str, make: Callable[[str, str, tuple[str, ...]], M]) -> None:
        self._beginning = beginning
        self._make: Callable[[str, str, tuple[str, ...]], M] = make
        self._made: dict[str, M] = {}
        self._names: set[str] | None = None
        self._lock = threading.Lock()

    def get(self, name: str, explanation: str, labels: tuple[str, ...]) -> M | None:
        """Return the instrument of a cleaned name, or None where there are too many."""
        found = self._made.get(name)
        if found is None and (name == OTHER or self._may_be(name)):
            found = self._new(name, explanation, labels)
        return found

    def _may_be(self, name: str) -> bool:
        known = self._known()
        return name in known or len(known) < MOST_NAMES

    def _new(self, name: str, explanation: str, labels: tuple[str, ...]) -> M | None:
        with self._lock:
            if name in self._made:
                return self._made[name]
            try:
                made: M = self._make(f"{self._beginning}{name}", explanation, labels)
            except ValueError:  # one of the portal's own is called that
                return None
            self._made[name] = made
            self._known().add(name)
            return made

    def _known(self) -> set[str]:
        if self._names is None:
            start = PREFIX + self._beginning
            self._names = {
                family.name.removeprefix(start)
                for family in instruments.collected()
                if family.name.startswith(start) and family.type in {"counter", "gauge"}
            }
        return self._names


def cleaned(name: str) -> str:
    """Return a name as metrics have it: `Order Completed` is Order_Completed."""
    return UNUSABLE.sub("_", name).strip("_")[:LONGEST_NAME].strip("_") or OTHER


events: Named[Counter] = Named(
    "event_", lambda name, text, labels: instruments.counter(f"{name}_total", text, labels)
)
gauges: Named[Gauge] = Named(
    "custom_", lambda name, text, labels: instruments.gauge(name, text, labels)
)


def count_event(name: str, platform: str, times: int = 1) -> None:
    """Count an event under `event_NAME_total`, by platform."""
    told = platform if platform in PLATFORMS else OTHER
    found = events.get(cleaned(name), f"Total count of {name[:LONGEST_NAME]} events", ("platform",))
    if found is None:
        left_out.labels("event").inc(times)
        found = events.get(OTHER, "Total count of all other events", ("platform",))
    if found is not None:
        found.labels(told).inc(times)


@dataclass
class Shape:
    """A gauge's labels, those that it got first, and the sets of values that it has."""

    labels: tuple[str, ...]
    sets: set[tuple[str, ...]] = field(default_factory=set)


_shapes: dict[str, Shape] = {}


def record_gauge(name: str, value: float, tags: Mapping[str, str] | None = None) -> bool:
    """Set the gauge `custom_NAME`; false where there are too many.

    Its labels are the tags that it got first; further ones are left out, missing ones are empty.
    """
    key = cleaned(name)
    if key.endswith(RESERVED_ENDINGS):
        key += "_value"
    given = {cleaned(tag): text[:LONGEST_NAME] for tag, text in sorted((tags or {}).items())}
    shape = _shapes.get(key) or Shape(tuple(given)[:MOST_LABELS])
    values = tuple(given.get(label, "") for label in shape.labels)
    found = None
    if values in shape.sets or len(shape.sets) < MOST_LABEL_SETS:
        found = gauges.get(key, f"Custom gauge metric: {name[:LONGEST_NAME]}", shape.labels)
    if found is None:
        left_out.labels("gauge").inc()
        return False
    _shapes[key] = shape
    shape.sets.add(values)
    (found.labels(*values) if shape.labels else found).set(value)
    return True
