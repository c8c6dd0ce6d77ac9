"""Which point of a trend is to be explained, and against what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import QueryDict

from analytics.insights.definitions.why import AGAINST, MATHS, WITHIN_A_WEEK
from analytics.insights.figures.trend import value_text
from analytics.insights.forms.shared import Condition, Pairs, letter, number, text
from analytics.insights.forms.trend import Row, TrendForm
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

OTHER = "$other"
ANOTHER = "another"
LISTED = 6
Scalar = str | float | bool


@dataclass(frozen=True)
class Point:
    """A line of a trend, at one bucket (`t` as the answer has it) or over the whole range."""

    series: int = 0
    t: str = ""
    value: Scalar | None = None  # of the breakdown

    @classmethod
    def read(cls, packed: str) -> Point:
        """Read what `packed` wrote; anything else is the total of the first series."""
        try:
            series, t, value = orjson.loads(packed)
        except (ValueError, TypeError):
            return cls()
        is_series = isinstance(series, int) and series >= 0
        return cls(series if is_series else 0, str(t or ""), value)

    def packed(self) -> str:
        return orjson.dumps([self.series, self.t, self.value]).decode()


@dataclass(frozen=True)
class WhyForm:
    """The trend that is looked at, its point, and the reference: a word, or ANOTHER bucket `on`."""

    trend: TrendForm
    point: Point = Point()
    against: str = ""
    on: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> WhyForm:
        """Read an address; what is unknown there is left out."""
        given = text(query, "against")
        return cls(
            TrendForm.read(query),
            Point.read(text(query, "point")),
            given if given in {*AGAINST, ANOTHER} else "",
            text(query, "on"),
        )

    def pairs(self) -> Pairs:
        found = [*self.trend.pairs(), ("point", self.point.packed())]
        found += [("against", self.against)] if self.against else []
        return found + ([("on", self.on)] if self.on else [])

    def address(self, **changes: Any) -> str:
        """Return the query string, with some of the state changed."""
        return f"?{urlencode(replace(self, **changes).pairs())}"

    @property
    def row(self) -> Row:
        """Return the series. Raises FieldError when the trend has none of that number."""
        try:
            return self.trend.rows[self.point.series]
        except IndexError:
            raise FieldError("point", "This trend has no such series.") from None

    def body(self, window: TimeRange) -> dict[str, Any]:
        """Return what the API would be sent, without the time range. Raises FieldError."""
        row = self.row
        series: dict[str, Any] = {"event": row.event or None, "math": row.math}
        series |= {"property": row.measured} if row.needs_property else {}
        body: dict[str, Any] = {
            "series": series,
            "interval": self.trend.interval_for(window),
            "where": [one.as_json() for one in self.where],
        }
        body |= {"limit": LISTED} | ({"t": self.point.t} if self.point.t else {})
        against = self.on if self.against == ANOTHER else self.against
        return body | ({"against": against} if against else {})

    @property
    def where(self) -> tuple[Condition, ...]:
        """Return all filters of the line: for all, its series' own, its breakdown's value."""
        own = letter(self.point.series)
        others = {letter(n) for n in range(len(self.trend.rows))} - {own}
        kept = tuple(
            replace(one, series="") for one in self.trend.where if one.series not in others
        )
        if self.point.value is None:
            return kept
        return (*kept, having(self.trend.breakdown, self.point.value, self.trend.of))

    def drilled(self, name: str, value: Scalar) -> str:
        """Return the address of the trend of this line where a property has a value."""
        return self.alone(where=(*self.where, having(name, value)))

    def broken_down(self, name: str) -> str:
        """Return the address of the trend of this line by a property."""
        return self.alone(breakdown=name)

    def alone(self, **changes: Any) -> str:
        alone = replace(
            self.trend, rows=(self.row,), where=self.where, breakdown="", of="event", formula=""
        )
        return alone.address(**changes)


def having(name: str, value: Scalar, of: str = "event") -> Condition:
    """Return the filter that a value of an answer stands for; of a cohort `name` is its id."""
    if of == "cohort":
        is_outside = str(value).startswith("not in ")
        return Condition("", "not_in" if is_outside else "in", cohort=int(number(name) or "0"))
    if value == "$none":
        return Condition(name, "is_not_set", of=of)
    return Condition(name, "=", value, of)


def can_explain(trend: TrendForm, line: dict[str, Any]) -> bool:
    """Tell whether the change of an answer's line falls into parts that add up to it."""
    place = line.get("series_index")
    if place is None or line.get("compare") or line.get("breakdown_value") == OTHER:
        return False
    return place < len(trend.rows) and trend.rows[place].math in MATHS


def references(interval: str) -> tuple[str, ...]:
    """Return what a point of this interval can be compared with."""
    fitting = [word for word in AGAINST if word != "same_bucket_last_week"]
    return (*(AGAINST if interval in WITHIN_A_WEEK else fitting), ANOTHER)


def questions(trend: TrendForm, line: dict[str, Any]) -> list[dict[str, str] | None]:
    """Return for each point of an answer's line how to ask why it changed, None where one cannot."""
    points = line["points"]
    if not can_explain(trend, line):
        return [None] * len(points)
    return [None if one["value"] is None else asked(line, one["t"]) for one in points]


def asked(line: dict[str, Any], t: str = "") -> dict[str, str]:
    """Return the question about a point of a line, or about its total: `point` and `title`."""
    point = Point(line["series_index"], t, line.get("breakdown_value"))
    when = f", {t[:16].replace('T00:00', '').replace('T', ' ')}" if t else ""
    value = line.get("breakdown_value")
    name = line["label"] if value is None else f"{line['label']}, {value_text(value)}"
    return {"point": point.packed(), "title": f"Why did “{name}” change{when}?"}
