"""The state of the trend builder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.trend import OVER_VALUES
from analytics.insights.forms.shared import (
    Condition,
    Pairs,
    Range,
    at,
    breakdown_body,
    breakdown_of,
    breakdown_pairs,
    chosen,
    conditions,
    conditions_of,
    interval_for,
    letter,
    of_in,
    text,
)
from portal.store.query import TimeRange

CHARTS = ("line", "area", "bar")


@dataclass(frozen=True)
class Row:
    """One series as the form has it."""

    event: str
    math: str = "total"
    measured: str = ""
    name: str = ""

    @property
    def needs_property(self) -> bool:
        return self.math in OVER_VALUES


@dataclass(frozen=True)
class TrendForm:
    """The state of the trend builder."""

    rows: tuple[Row, ...] = ()
    where: tuple[Condition, ...] = ()
    breakdown: str = ""
    of: str = "event"
    limit: str = ""
    formula: str = ""
    interval: str = ""
    compare: bool = False
    chart: str = "line"
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> TrendForm:
        """Read an address; what is unknown there is left out."""
        return cls(
            rows=tuple(_rows(query)),
            where=tuple(conditions(query.getlist("where"))),
            breakdown=text(query, "breakdown"),
            of=of_in(query),
            limit=text(query, "limit"),
            formula=text(query, "formula").strip(),
            interval=text(query, "interval"),
            compare=bool(query.get("compare")),
            chart=chosen(query, "chart", CHARTS),
            range=Range.read(query),
        )

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], view: Mapping[str, Any]) -> TrendForm:
        """Read a kept definition; what the builder has no field for is left out."""
        series = definition["series"]
        own = (conditions_of(one.get("where") or (), letter(n)) for n, one in enumerate(series))
        name, of, limit = breakdown_of(definition)
        return cls(
            rows=tuple(_row_of(one) for one in series),
            where=(*conditions_of(definition.get("where") or (), ""), *chain(*own)),
            breakdown=name,
            of=of,
            limit=limit,
            formula=definition.get("formula") or "",
            interval="" if view.get("fits") else definition.get("interval") or "day",
            compare=bool(definition.get("compare")),
            chart=next((one for one in CHARTS if one == view.get("chart")), "line"),
        )

    def kept_view(self) -> dict[str, Any]:
        """Return what is kept of the page beside the definition."""
        chart = {"chart": self.chart} if self.chart != "line" else {}
        return chart | ({} if self.interval in INTERVALS else {"fits": True})

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = []
        for row in self.rows:
            found += [("event", row.event), ("math", row.math)]
            found += [("property", row.measured if row.needs_property else ""), ("name", row.name)]
        found += [("where", one.packed()) for one in self.where]
        found += breakdown_pairs(self.breakdown, self.of, self.limit)
        found += [("formula", self.formula)] if self.formula else []
        found += [("interval", self.interval)] if self.interval in INTERVALS else []
        found += [("compare", "previous_period")] if self.compare else []
        found += [("chart", self.chart)] if self.chart != "line" else []
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range."""
        body: dict[str, Any] = {
            "series": [self._series(place, row) for place, row in enumerate(self.rows)],
            "interval": self.interval_for(window),
            "where": [one.as_json() for one in self.where if not self._is_own(one)],
        }
        if self.breakdown:
            body["breakdown"] = breakdown_body(self.breakdown, self.of, self.limit)
        if self.formula:
            body["formula"] = self.formula
        return body | ({"compare": "previous_period"} if self.compare else {})

    def _is_own(self, condition: Condition) -> bool:
        return condition.series in {letter(place) for place in range(len(self.rows))}

    def _series(self, place: int, row: Row) -> dict[str, Any]:
        own = [one.as_json() for one in self.where if one.series == letter(place)]
        series: dict[str, Any] = {"event": row.event or None, "math": row.math, "where": own}
        if row.needs_property:
            series["property"] = row.measured
        return series | ({"label": row.name} if row.name else {})

    def interval_for(self, window: TimeRange) -> Interval:
        """Return the chosen interval, or one that gives a readable number of points."""
        return interval_for(self.interval, window)


def _rows(query: QueryDict) -> Iterable[Row]:
    maths, measured = query.getlist("math"), query.getlist("property")
    names = query.getlist("name")
    for place, event in enumerate(query.getlist("event")[:26]):
        yield Row(
            event.strip(),
            at(maths, place) or "total",
            at(measured, place).strip(),
            at(names, place).strip(),
        )


def _row_of(series: Mapping[str, Any]) -> Row:
    event, measured = series.get("event") or "", series.get("property") or ""
    return Row(event, series.get("math") or "total", measured, series.get("label") or "")
