"""A funnel: steps that a person takes one after the other inside a window. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.filters import (
    MAX_FILTERS,
    Filter,
    parse_dimension,
    parse_filter,
)
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.trend import (
    ANY_EVENT,
    MAX_BREAKDOWN,
    Breakdown,
    parse_sampling,
)
from portal.lib.field_error import FieldError

Order = Literal["ordered", "strict", "any"]
Touch = Literal["first_touch", "last_touch", "step", "any"]
Unit = Literal["second", "minute", "hour", "day", "week", "month"]
UNITS: dict[str, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
MAX_STEPS = 20
STEP_BITS = 5  # hold the number of a step
MAX_EXCLUSIONS = 10
LONGEST_WINDOW = timedelta(days=5 * 366)
DEFAULT_WINDOW = {"value": 14, "unit": "day"}


@dataclass(frozen=True)
class Step:
    """One step: an event (None: any) with filters of its own."""

    event: str | None
    where: tuple[Filter, ...] = ()
    label: str = ""
    is_optional: bool = False

    @property
    def title(self) -> str:
        return self.label or (ANY_EVENT if self.event is None else self.event)


@dataclass(frozen=True)
class Exclusion:
    """An event that voids an attempt between two steps, counted from 1."""

    event: str | None
    where: tuple[Filter, ...]
    after_step: int
    before_step: int


@dataclass(frozen=True)
class Attributed:
    """By which property people are told apart, and which of an attempt's events says its value."""

    breakdown: Breakdown
    touch: Touch = "first_touch"
    step: int = 1


@dataclass(frozen=True)
class Funnel:
    """A checked funnel definition; the time range is not part of it."""

    steps: tuple[Step, ...]
    window: timedelta
    order: Order = "ordered"
    exclusions: tuple[Exclusion, ...] = ()
    where: tuple[Filter, ...] = ()
    attribution: Attributed | None = None
    trend_interval: Interval | None = None
    leave_out_open: bool = False
    sampling: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Tell whether each event fills one step at most, and nothing but the steps counts."""
        names = {step.event for step in self.steps}
        return (
            self.order == "ordered"
            and None not in names
            and len(names) == len(self.steps)
            and not self.exclusions
            and not any(step.is_optional for step in self.steps)
        )


def parse_funnel(body: Mapping[str, Any], zone: ZoneInfo) -> Funnel:
    """Read the API's body without its time range. Raises FieldError."""
    reader = Reader(body)
    if reader.choice("kind", ("funnel",), "funnel") != "funnel":
        raise FieldError("kind", "This is not a funnel.")
    steps = reader.each("steps", partial(_step, zone=zone), most=MAX_STEPS)
    order = next(
        o for o in get_args(Order) if o == reader.choice("order", get_args(Order), "ordered")
    )
    interval = reader.take("trend_interval")
    funnel = Funnel(
        steps=steps,
        window=_window(reader.take("window")),
        order=order,
        exclusions=reader.each(
            "exclusions", partial(_exclusion, zone=zone, steps=len(steps)), most=MAX_EXCLUSIONS
        ),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        attribution=_attribution(reader.take("breakdown"), len(steps)),
        trend_interval=None if interval is None else _interval(reader),
        leave_out_open=reader.flag("leave_out_open"),
        sampling=parse_sampling(reader),
    )
    reader.finish()
    _check(funnel)
    return funnel


def _check(funnel: Funnel) -> None:
    """Refuse what has no meaning. Raises FieldError."""
    if len(funnel.steps) < 2:
        message = 'A funnel needs at least two steps: [{"event": "…"}, {"event": "…"}].'
        raise FieldError("steps", message)
    for place, step in enumerate(funnel.steps):
        if step.is_optional and (place == 0 or funnel.order != "ordered"):
            message = (
                "The first step is never optional."
                if place == 0
                else ("Only steps of an ordered funnel may be optional.")
            )
            raise FieldError(f"steps[{place}].optional", message)


def _step(body: Any, path: str, zone: ZoneInfo) -> Step:
    reader = Reader(body, path, like='{"event": "…"}')
    step = Step(
        event=_event(reader),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        label=reader.text("label", ""),
        is_optional=reader.flag("optional"),
    )
    reader.finish()
    return step


def _event(reader: Reader) -> str | None:
    if "event" not in reader.values:
        raise FieldError(reader.at("event"), "Name the event of this step; null is any event.")
    return None if reader.take("event") is None else reader.text("event")


def _exclusion(body: Any, path: str, zone: ZoneInfo, steps: int) -> Exclusion:
    reader = Reader(body, path, like='{"event": "…", "after_step": 1, "before_step": 2}')
    found = Exclusion(
        event=_event(reader),
        where=reader.each("where", partial(parse_filter, zone=zone), most=MAX_FILTERS),
        after_step=reader.integer("after_step", 1, low=1, high=max(1, steps - 1)),
        before_step=reader.integer("before_step", steps, low=2, high=max(2, steps)),
    )
    reader.finish()
    if found.after_step >= found.before_step:
        message = f"This must be a later step than after_step, which is {found.after_step}."
        raise FieldError(reader.at("before_step"), message)
    return found


def _window(body: Any) -> timedelta:
    given = DEFAULT_WINDOW if body is None else body
    reader = Reader(given, "window", like='{"value": 14, "unit": "day"}')
    unit = UNITS[reader.choice("unit", tuple(UNITS), "day")]
    if reader.values.get("value") is None:
        raise FieldError("window.value", "Say how long an attempt may take, such as 14.")
    most = LONGEST_WINDOW // unit
    value = reader.integer("value", 14, low=1, high=most)
    reader.finish()
    return value * unit


def _interval(reader: Reader) -> Interval:
    chosen = reader.choice("trend_interval", INTERVALS)
    return next(name for name in INTERVALS if name == chosen)


def _attribution(body: Any, steps: int) -> Attributed | None:
    if body is None:
        return None
    reader = Reader(body, "breakdown", like='{"property": "…"}')
    found = parse_dimension(reader)
    limit = reader.integer("limit", 10, low=1, high=MAX_BREAKDOWN)
    chosen = reader.choice("attribution", get_args(Touch), "first_touch")
    touch = next(one for one in get_args(Touch) if one == chosen)
    if reader.values.get("step") is not None and touch != "step":
        raise FieldError("breakdown.step", "Only the attribution `step` takes a step.")
    step = reader.integer("step", 1, low=1, high=max(1, steps))
    reader.finish()
    return Attributed(Breakdown(found, limit), touch, step)
