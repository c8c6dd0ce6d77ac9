"""What stands in the address of an Explore page: the whole question, so that a link shares it.

`event`, `math`, `property` and `name` repeat, one of each a series; `where` repeats, one filter in
JSON each, with `in` naming the series (A, B, …) that it is for. What the small forms of the page
add (`new_…`) is folded into these, and the page moves on to the tidy address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import QueryDict

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.trend import OVER_VALUES
from portal.store.query import TimeRange

Pairs = list[tuple[str, str]]
RANGE = ("from", "to", "tz")
CHARTS = ("line", "area", "bar")
LISTS = ("in", "not_in")
UNARY = ("is_set", "is_not_set")
AUTO: tuple[tuple[timedelta, Interval], ...] = (
    (timedelta(hours=3), "minute"),
    (timedelta(days=4), "hour"),
    (timedelta(days=120), "day"),
    (timedelta(days=800), "week"),
)
TRUE_WORDS = {"true": True, "false": False}
Types = Mapping[str, Sequence[str]]


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
class Condition:
    """One filter as the address has it; `series` is a letter, or nothing for all."""

    property: str
    op: str
    value: Any = None
    of: str = "event"
    series: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the API's filter."""
        given: dict[str, Any] = {"property": self.property, "op": self.op}
        if self.op not in UNARY:
            given["value"] = self.value
        return given | ({"of": self.of} if self.of != "event" else {})

    def packed(self) -> str:
        own = {"in": self.series} if self.series else {}
        return orjson.dumps(self.as_json() | own).decode()


@dataclass(frozen=True)
class Range:
    """`from`, `to` and `tz` as they stand in the address."""

    given: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, query: QueryDict) -> Range:
        return cls({name: found for name in RANGE if (found := text(query, name))})

    def pairs(self) -> Pairs:
        return [(name, value) for name, value in self.given.items() if value]

    def body(self) -> dict[str, str]:
        names = {"from": "from", "to": "to", "tz": "time_zone"}
        return {names[name]: value for name, value in self.given.items()}


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
            of="person" if query.get("of") == "person" else "event",
            limit=text(query, "limit"),
            formula=text(query, "formula").strip(),
            interval=text(query, "interval"),
            compare=bool(query.get("compare")),
            chart=text(query, "chart") if text(query, "chart") in CHARTS else "line",
            range=Range.read(query),
        )

    def pairs(self) -> Pairs:
        """Return the tidy address, piece by piece."""
        found: Pairs = []
        for row in self.rows:
            found += [("event", row.event), ("math", row.math)]
            found += [("property", row.measured if row.needs_property else ""), ("name", row.name)]
        found += [("where", one.packed()) for one in self.where]
        if self.breakdown:
            found += [("breakdown", self.breakdown)]
            found += [("of", "person")] if self.of == "person" else []
            found += [("limit", self.limit)] if self.limit not in {"", "10"} else []
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
            limit = int(self.limit) if self.limit.isdecimal() else 10
            body["breakdown"] = {"property": self.breakdown, "of": self.of, "limit": limit}
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
        chosen = next((name for name in INTERVALS if name == self.interval), None)
        length = window.end - window.start
        fitting: Interval = next((name for most, name in AUTO if length <= most), "month")
        return chosen or fitting


def text(query: QueryDict, name: str) -> str:
    """Return a parameter's last value, the empty text without one."""
    return str(query.get(name) or "")


def letter(place: int) -> str:
    return chr(ord("A") + place)


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


def at(values: Sequence[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def conditions(packed: Iterable[str]) -> Iterable[Condition]:
    """Read filters from an address; what is no filter is left out."""
    for text in packed:
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if isinstance(given, dict) and isinstance(given.get("property"), str):
            yield Condition(
                given["property"],
                str(given.get("op", "=")),
                given.get("value"),
                "person" if given.get("of") == "person" else "event",
                str(given.get("in", "")),
            )


def added_condition(query: QueryDict, types: Types) -> Condition | None:
    """Read the filter that the page's small form adds; None when it adds none."""
    name = text(query, "new_property").strip()
    if not name:
        return None
    op = text(query, "new_op") or "="
    of = "person" if query.get("new_of") == "person" else "event"
    given = text(query, "new_value").strip()
    known = types.get(name, ()) if of == "event" else ()
    value: Any = None
    if op in LISTS:
        value = [typed(part.strip(), known) for part in given.split(",") if part.strip()]
    elif op in {"contains", "not_contains", "regex"} or name.startswith("$"):
        value = given
    elif op not in UNARY:
        value = typed(given, known)
    return Condition(name, op, value, of, text(query, "new_in"))


def typed(text: str, known: Sequence[str]) -> str | float | bool:
    """Read a typed value as the type that the property was seen with; in quotes it is text."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    for kind in known or ("number", "boolean", "string"):
        if kind == "boolean" and text in TRUE_WORDS:
            return TRUE_WORDS[text]
        if kind == "number" and (number := as_number(text)) is not None:
            return number
        if kind == "string":
            return text
    return text


def as_number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


@dataclass(frozen=True)
class EventForm:
    """The state of the list of events."""

    name: str = ""
    user: str = ""
    where: tuple[Condition, ...] = ()
    range: Range = field(default_factory=Range)

    @classmethod
    def read(cls, query: QueryDict) -> EventForm:
        return cls(
            text(query, "event").strip(),
            text(query, "user").strip(),
            tuple(conditions(query.getlist("where"))),
            Range.read(query),
        )

    def pairs(self) -> Pairs:
        found: Pairs = [("event", self.name)] if self.name else []
        found += [("user", self.user)] if self.user else []
        found += [("where", one.packed()) for one in self.where]
        return found + self.range.pairs()

    def address(self, **changes: Any) -> str:
        return f"?{urlencode(replace(self, **changes).pairs())}"

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"where": [one.as_json() for one in self.where], "limit": 50}
        body |= {"name": self.name} if self.name else {}
        return body | ({"user_id": self.user} if self.user else {})


def as_of_in(query: QueryDict, now: datetime) -> datetime:
    """Return the moment that a download is to agree with; now when none is given."""
    try:
        at = datetime.fromisoformat(text(query, "as_of"))
    except ValueError:
        return now
    return at if at.tzinfo and at <= now else now
