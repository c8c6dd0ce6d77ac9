"""The state of the funnel builder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.funnel import DEFAULT_WINDOW, UNITS, Order, Touch
from analytics.insights.forms.shared import (
    ANY,
    Condition,
    Pairs,
    Range,
    at,
    breakdown_body,
    breakdown_of,
    breakdown_pairs,
    chosen,
    chosen_event,
    conditions,
    conditions_of,
    interval_for,
    number_or_text,
    of_in,
    text,
)
from portal.store.query import TimeRange

VIEWS = ("steps", "trend", "times")
ORDERS: tuple[Order, ...] = get_args(Order)
TOUCHES: tuple[Touch, ...] = get_args(Touch)
WINDOW = (str(DEFAULT_WINDOW["value"]), str(DEFAULT_WINDOW["unit"]))
MOST_STEPS, MOST_EXCLUSIONS = 20, 10


@dataclass(frozen=True)
class StepRow:
    """One step as the form has it; `event` may be empty or ANY."""

    event: str = ""
    label: str = ""
    is_optional: bool = False


@dataclass(frozen=True)
class ExclusionRow:
    """An event that must not happen between two rows, counted from 1."""

    event: str = ""
    after: int = 1
    before: int = 2


@dataclass(frozen=True)
class FunnelForm:
    """The state of the funnel builder. Filters say in `series` whose they are: "2", "x1", all."""

    rows: tuple[StepRow, ...] = ()
    where: tuple[Condition, ...] = ()
    exclusions: tuple[ExclusionRow, ...] = ()
    window: tuple[str, str] = WINDOW
    order: str = "ordered"
    breakdown: str = ""
    of: str = "event"
    limit: str = ""
    touch: str = "first_touch"
    touch_step: int = 1
    interval: str = ""
    compare: bool = False
    leave_out_open: bool = False
    view: str = "steps"
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> FunnelForm:
        """Read an address; what is unknown there is left out."""
        unit, was = text(query, "unit"), _was(query)
        form = cls(
            rows=tuple(_rows(query, was)),
            where=tuple(conditions(query.getlist("where"))),
            exclusions=tuple(_exclusions(query)),
            window=(text(query, "window") or WINDOW[0], unit if unit in UNITS else WINDOW[1]),
            order=chosen(query, "order", ORDERS),
            breakdown=text(query, "breakdown").strip(),
            of=of_in(query),
            limit=text(query, "limit"),
            touch=chosen(query, "attribution", TOUCHES),
            touch_step=_number(text(query, "touch_step")),
            interval=text(query, "interval"),
            compare=bool(query.get("compare")),
            leave_out_open=bool(query.get("leave_out_open")),
            view=chosen(query, "view", VIEWS),
            range=Range.read(query),
        )
        return form.renumbered(was)

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], view: Mapping[str, Any]) -> FunnelForm:
        """Read a kept definition; what the builder has no field for is left out."""
        steps, exclusions = definition["steps"], definition.get("exclusions") or ()
        window: Mapping[str, Any] = definition.get("window") or DEFAULT_WINDOW
        breakdown: Mapping[str, Any] = definition.get("breakdown") or {}
        name, of, limit = breakdown_of(definition)
        own = (
            *(conditions_of(one.get("where") or (), str(n)) for n, one in enumerate(steps, 1)),
            *(
                conditions_of(one.get("where") or (), f"x{n}")
                for n, one in enumerate(exclusions, 1)
            ),
        )
        interval = definition.get("trend_interval")
        shown = next((one for one in VIEWS if one == view.get("view")), VIEWS[0])
        return cls(
            rows=tuple(_row_of(one) for one in steps),
            where=(*conditions_of(definition.get("where") or (), ""), *chain(*own)),
            exclusions=tuple(_exclusion_of(one, len(steps)) for one in exclusions),
            window=(str(window.get("value")), str(window.get("unit") or "day")),
            order=definition.get("order") or ORDERS[0],
            breakdown=name,
            of=of,
            limit=limit,
            touch=breakdown.get("attribution") or TOUCHES[0],
            touch_step=breakdown.get("step") or 1,
            interval="" if view.get("fits") else interval or "",
            compare=bool(definition.get("compare")),
            leave_out_open=bool(definition.get("leave_out_open")),
            view="trend" if interval else shown,
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        if self.view == "trend":
            return {"view": "trend"} | ({} if self.interval in INTERVALS else {"fits": True})
        return {"view": self.view} if self.view != VIEWS[0] else {}

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = []
        for row in self.rows:
            found += [("event", row.event), ("label", row.label)]
        found += [("optional", str(n)) for n, row in enumerate(self.rows, 1) if row.is_optional]
        found += [("where", one.packed()) for one in self.where]
        for one in self.exclusions:
            found += [("without", one.event), ("after", str(one.after))]
            found += [("before", str(one.before))]
        found += [("window", self.window[0]), ("unit", self.window[1])] if self.rows else []
        found += [("order", self.order)] if self.order != "ordered" else []
        found += breakdown_pairs(self.breakdown, self.of, self.limit)
        if self.breakdown:
            found += [("attribution", self.touch)] if self.touch != "first_touch" else []
            found += [("touch_step", str(self.touch_step))] if self.touch == "step" else []
        found += [("interval", self.interval)] if self.interval in INTERVALS else []
        found += [("compare", "previous_period")] if self.compare else []
        found += [("leave_out_open", "1")] if self.leave_out_open else []
        found += [("view", self.view)] if self.view != "steps" else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def with_rows(self, was: Sequence[int]) -> FunnelForm:
        """Return the form with its rows in another order, or without some: old numbers, from 1."""
        return replace(self, rows=tuple(self.rows[old - 1] for old in was)).renumbered(was)

    def renumbered(self, was: Sequence[int]) -> FunnelForm:
        """Let what refers to rows by number follow them: `was` holds each row's old number."""
        now = {str(old): str(new) for new, old in enumerate(was, 1)}
        kept = (one for one in self.where if not one.series.isdecimal() or one.series in now)
        last = max(2, len(was))
        return replace(
            self,
            where=tuple(replace(one, series=now.get(one.series, one.series)) for one in kept),
            exclusions=tuple(_between(one, now, last) for one in self.exclusions),
            touch_step=int(now.get(str(self.touch_step), "1")),
        )

    def without_exclusion(self, number: int) -> FunnelForm:
        """Return the form without an exclusion and its filters; those of later ones follow."""
        rest = [n for n in range(1, len(self.exclusions) + 1) if n != number]
        now = {f"x{old}": f"x{new}" for new, old in enumerate(rest, 1)}
        kept = (one for one in self.where if one.series != f"x{number}")
        return replace(
            self,
            exclusions=tuple(self.exclusions[n - 1] for n in rest),
            where=tuple(replace(one, series=now.get(one.series, one.series)) for one in kept),
        )

    @property
    def filled(self) -> list[int]:
        """Return the numbers of the rows whose event is chosen."""
        return [number for number, row in enumerate(self.rows, 1) if row.event]

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range."""
        number = {row: place for place, row in enumerate(self.filled, 1)}
        body: dict[str, Any] = {
            "steps": [self._step(row) for row in self.filled],
            "window": {"value": number_or_text(self.window[0]), "unit": self.window[1]},
            "order": self.order,
            "where": self._where(""),
        }
        exclusions = [
            {
                "event": None if one.event == ANY else one.event,
                "where": self._where(f"x{place}"),
                "after_step": number[one.after],
                "before_step": number[one.before],
            }
            for place, one in enumerate(self.exclusions, 1)
            if one.event and one.after in number and one.before in number
        ]
        body |= {"exclusions": exclusions} if exclusions else {}
        body |= {"breakdown": self._breakdown(number)} if self.breakdown else {}
        body |= {"trend_interval": self.interval_for(window)} if self.view == "trend" else {}
        body |= {"leave_out_open": True} if self.leave_out_open else {}
        return body | ({"compare": "previous_period"} if self.compare else {})

    def _where(self, part: str) -> list[dict[str, Any]]:
        return [one.as_json() for one in self.where if one.series == part]

    def _step(self, number: int) -> dict[str, Any]:
        row = self.rows[number - 1]
        step: dict[str, Any] = {"event": None if row.event == ANY else row.event}
        step["where"] = self._where(str(number))
        step |= {"label": row.label} if row.label else {}
        return step | ({"optional": True} if row.is_optional and number != self.filled[0] else {})

    def _breakdown(self, number: dict[int, int]) -> dict[str, Any]:
        found = breakdown_body(self.breakdown, self.of, self.limit) | {"attribution": self.touch}
        return found | ({"step": number.get(self.touch_step, 1)} if self.touch == "step" else {})

    def interval_for(self, window: TimeRange) -> Interval:
        """Return the chosen interval, or one that gives a readable number of points."""
        return interval_for(self.interval, window)


def _was(query: QueryDict) -> list[int]:
    """Return the rows' numbers before they were dragged; those of the address as they stand."""
    count = min(len(query.getlist("event")), MOST_STEPS)
    was = [_number(one) for one in query.getlist("was")]
    return was if sorted(was) == list(range(1, count + 1)) else list(range(1, count + 1))


def _rows(query: QueryDict, was: Sequence[int]) -> Iterable[StepRow]:
    events, labels = query.getlist("event"), query.getlist("label")
    optional = query.getlist("optional")
    for place, old in enumerate(was):
        yield StepRow(chosen_event(events[place]), at(labels, place).strip(), str(old) in optional)


def _exclusions(query: QueryDict) -> Iterable[ExclusionRow]:
    after, before = query.getlist("after"), query.getlist("before")
    for place, event in enumerate(query.getlist("without")[:MOST_EXCLUSIONS]):
        start = _number(at(after, place))
        yield ExclusionRow(chosen_event(event), start, max(_number(at(before, place)), start + 1))


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and 0 < len(given) < 4 else 1


def _between(one: ExclusionRow, now: Mapping[str, str], last: int) -> ExclusionRow:
    ends = (int(now.get(str(one.after), one.after)), int(now.get(str(one.before), one.before)))
    after = min(*ends, last - 1)
    return replace(one, after=after, before=min(max(*ends, after + 1), last))


def _event_of(given: Mapping[str, Any]) -> str:
    return ANY if given.get("event") is None else str(given["event"])


def _row_of(step: Mapping[str, Any]) -> StepRow:
    return StepRow(_event_of(step), step.get("label") or "", bool(step.get("optional")))


def _exclusion_of(given: Mapping[str, Any], steps: int) -> ExclusionRow:
    after, before = given.get("after_step") or 1, given.get("before_step") or steps
    return ExclusionRow(_event_of(given), after, before)
