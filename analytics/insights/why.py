"""The arithmetic of "why did it change?": periods to compare, and who contributed what. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from analytics.insights.buckets import Interval, cut, previous, shifted
from analytics.insights.definitions.why import Why
from portal.store.query import TimeRange

TICK = timedelta(microseconds=1)
NOTHING: tuple[float, float] = (0, 0)


class NotBegun(ValueError):
    """The point lies in the future."""


class NoReference(ValueError):
    """There is nothing to compare the point with; the text says why."""


@dataclass(frozen=True)
class Periods:
    """What is compared with what; `is_cut` when both end where the running one stands now."""

    now: TimeRange
    before: TimeRange
    is_cut: bool


def periods(why: Why, window: TimeRange, as_of: datetime) -> Periods:
    """Return the point's bucket and its reference. Raises NotBegun and NoReference.

    A bucket that still runs is compared with as much of its reference; one that the window cuts
    is cut as the chart's is.
    """
    whole = window if why.at is None else bucket(why.at, why.interval, window)
    shown = within(whole, window)
    now = TimeRange(shown.start, min(shown.end, max(as_of, shown.start + TICK)), window.zone)
    if as_of <= shown.start:
        raise NotBegun
    reference = reference_of(why, whole, window)
    if reference.start == whole.start:
        raise NoReference(f"This is the same {why.interval}: choose another to compare it with.")
    if as_of <= reference.start:
        raise NoReference(f"This {why.interval} has not begun yet: choose another.")
    start = reference.start + (now.start - whole.start)
    is_cut = now.end < whole.end
    end = min(reference.end, reference.start + (now.end - whole.start)) if is_cut else reference.end
    return Periods(now, TimeRange(start, max(end, start + TICK), window.zone), is_cut)


def bucket(at: datetime, interval: Interval, window: TimeRange) -> TimeRange:
    """Return the bucket that an instant lies in."""
    grid = cut(TimeRange(at, at + TICK, window.zone), interval)
    return TimeRange(grid.edges[0], grid.edges[1], window.zone)


def within(whole: TimeRange, window: TimeRange) -> TimeRange:
    """Cut a bucket by the window; one outside stays whole."""
    start, end = max(whole.start, window.start), min(whole.end, window.end)
    return TimeRange(start, end, window.zone) if start < end else whole


def reference_of(why: Why, whole: TimeRange, window: TimeRange) -> TimeRange:
    if why.at is None:
        return previous(window, why.interval)
    if why.reference is not None:
        return bucket(why.reference, why.interval, window)
    if why.against == "previous_bucket":
        return bucket(whole.start - TICK, why.interval, window)
    if why.against == "same_bucket_last_week":
        return bucket(shifted(whole.start, -1, "week", window.tzinfo), why.interval, window)
    # As the chart compares: the bucket at the same place of the period before.
    starts = cut(window, why.interval).starts
    earlier = cut(previous(window, why.interval), why.interval).starts
    place = next((i for i, start in enumerate(starts) if start == whole.start), None)
    if place is not None and place < len(earlier):
        return bucket(earlier[place], why.interval, window)
    span = previous(window, why.interval)
    return bucket(whole.start - (window.start - span.start), why.interval, window)


@dataclass(frozen=True)
class Counted:
    """What was counted of one value: in each period the number, and for an average the events."""

    now: float
    before: float
    events: tuple[float, float] = NOTHING  # now, before; of averages only

    def __add__(self, other: Counted) -> Counted:
        events = (self.events[0] + other.events[0], self.events[1] + other.events[1])
        return Counted(self.now + other.now, self.before + other.before, events)

    def __sub__(self, other: Counted) -> Counted:
        events = (self.events[0] - other.events[0], self.events[1] - other.events[1])
        return Counted(self.now - other.now, self.before - other.before, events)


@dataclass(frozen=True)
class Part:
    """What one value contributed. `now` and `before` are what a chart of the value would show.

    An average's contribution is the sum of two effects: `mix`, that the value's share of the events
    moved, and `rate`, that its own average moved.
    """

    key: str
    now: float | None
    before: float | None
    change: float
    expected: float  # had the value only followed the whole
    counted: Counted
    mix: float = 0
    rate: float = 0


def parts(values: dict[str, Counted], total: Counted, *, is_average: bool) -> list[Part]:
    """Return every value's contribution, the largest first, then by name."""
    found = [
        averaged(key, one, total) if is_average else added(key, one, total)
        for key, one in values.items()
    ]
    return sorted(found, key=lambda part: (-abs(part.change), part.key))


def added(key: str, one: Counted, total: Counted) -> Part:
    change = one.now - one.before
    share = one.before / total.before if total.before else 0
    return Part(key, one.now, one.before, change, share * (total.now - total.before), one)


def averaged(key: str, one: Counted, total: Counted) -> Part:
    """Split a value's contribution to the change of an average into mix and rate.

    With shares w and averages a: rate = (a₁ - a₀) · (w₀ + w₁)/2, mix = (w₁ - w₀) · ((a₀ + a₁)/2 - A)
    where A is the mean of both periods' averages. Over all values both together are the change.
    """
    now, before = ratio(one.now, one.events[0]), ratio(one.before, one.events[1])
    weights = [
        part / whole if whole else 0 for part, whole in zip(one.events, total.events, strict=True)
    ]
    a1 = now if now is not None else before or 0
    a0 = before if before is not None else a1
    middle = (whole_average(total, 0) + whole_average(total, 1)) / 2
    rate = (a1 - a0) * (weights[0] + weights[1]) / 2
    mix = (weights[0] - weights[1]) * ((a0 + a1) / 2 - middle)
    expected = weights[1] * (whole_average(total, 0) - whole_average(total, 1))
    return Part(key, now, before, mix + rate, expected, one, mix, rate)


def whole_average(total: Counted, place: int) -> float:
    return ratio((total.now, total.before)[place], total.events[place]) or 0


def ratio(value: float, events: float) -> float | None:
    return value / events if events else None


def explained(found: Sequence[Part]) -> float:
    """Return how much of a change one value of a property explains, from 0 to 1.

    The largest distance of a value's contribution from what it had been if it only followed the
    whole, divided by all gains or all losses, whichever is more.
    """
    gains = math.fsum(part.change for part in found if part.change > 0)
    losses = -math.fsum(part.change for part in found if part.change < 0)
    if not (most := max(gains, losses)):
        return 0.0
    return min(1.0, max(abs(part.change - part.expected) for part in found) / most)


def rest_of(found: Sequence[Part]) -> Part | None:
    """Return several values as one."""
    if not found:
        return None
    counted = found[0].counted
    for part in found[1:]:
        counted += part.counted
    together = Part("", counted.now, counted.before, math.fsum(p.change for p in found),
                    math.fsum(p.expected for p in found), counted)  # fmt: skip
    if not any(counted.events):
        return together
    return replace(
        together,
        now=ratio(counted.now, counted.events[0]),
        before=ratio(counted.before, counted.events[1]),
        mix=math.fsum(part.mix for part in found),
        rate=math.fsum(part.rate for part in found),
    )


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
