"""What the addresses of Explore pages share: filters, the time range."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import QueryDict

from analytics.insights.buckets import INTERVALS, Interval
from analytics.insights.definitions.window import DEFAULT_FROM
from portal.store.query import TimeRange

Pairs = list[tuple[str, str]]
RANGE = {"from": "from", "to": "to", "tz": "time_zone"}  # in the address, and in the API's body
SAVED = "saved"
LISTS = ("in", "not_in")
UNARY = ("is_set", "is_not_set")
RAW_TEXT = ("contains", "not_contains", "regex")
LISTED = re.compile(r'"[^"]*"|[^,]+')
AUTO: tuple[tuple[timedelta, Interval], ...] = (
    (timedelta(hours=3), "minute"),
    (timedelta(days=4), "hour"),
    (timedelta(days=120), "day"),
    (timedelta(days=800), "week"),
)
ANY = "*"  # any event; an empty field is one that is still to be chosen
ANY_SHOWN = "any event"  # what a field says for it
OFS = ("event", "person", "cohort")
TRUE_WORDS = {"true": True, "false": False}
Types = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Condition:
    """One filter as the address has it; `series` is a letter, or nothing for all.

    With `cohort`, an id, it asks whether the person is in it and has no property.
    """

    property: str
    op: str
    value: Any = None
    of: str = "event"
    series: str = ""
    cohort: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the API's filter."""
        if self.cohort:
            return {"cohort": self.cohort, "op": self.op}
        given: dict[str, Any] = {"property": self.property, "op": self.op}
        if self.op not in UNARY:
            given["value"] = self.value
        return given | ({"of": self.of} if self.of != "event" else {})

    def packed(self) -> str:
        own = {"in": self.series} if self.series else {}
        return orjson.dumps(self.as_json() | own).decode()


@dataclass(frozen=True)
class Range:
    """`from`, `to`, `tz` as they stand in the address, and which saved insight was opened.

    `default` is the `from` of an address without one.
    """

    given: dict[str, str] = field(default_factory=dict)
    default: str = DEFAULT_FROM

    @classmethod
    def read(cls, query: QueryDict, default: str = DEFAULT_FROM) -> Range:
        found = {name: text(query, name) for name in RANGE}
        found[SAVED] = number(text(query, SAVED))
        return cls({name: value for name, value in found.items() if value}, default)

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], saved: str = "") -> Range:
        # What a program kept without a beginning has the API's, whatever the page's would be.
        found = {name: definition.get(field, "") for name, field in RANGE.items()}
        found["from"] = found["from"] or DEFAULT_FROM
        return cls({name: value for name, value in (found | {SAVED: saved}).items() if value})

    def pairs(self) -> Pairs:
        return [(name, value) for name, value in self.given.items() if value]

    def body(self) -> dict[str, str]:
        return {field: self.given[name] for name, field in RANGE.items() if name in self.given}


def text(query: QueryDict, name: str) -> str:
    """Return a parameter's last value, the empty text without one."""
    return str(query.get(name) or "")


def chosen_event(given: str) -> str:
    """Read a field for an event, in which ANY is written as words."""
    name = given.strip()
    return ANY if name == ANY_SHOWN else name


def number(given: str) -> str:
    """Return a row's number as the address has it, nothing for what is none."""
    return given if given.isdecimal() and given.isascii() and len(given) < 16 else ""


def chosen(query: QueryDict, name: str, choices: Sequence[str]) -> str:
    """Return a parameter that is one of these, else the first of them."""
    return text(query, name) if text(query, name) in choices else choices[0]


def interval_for(given: str, window: TimeRange) -> Interval:
    """Return the chosen interval, or one that gives a readable number of points."""
    length = window.end - window.start
    fitting: Interval = next((name for most, name in AUTO if length <= most), "month")
    return next((name for name in INTERVALS if name == given), fitting)


def of_in(query: QueryDict) -> str:
    """Return what a breakdown is of; "cohort" makes its name the id of one."""
    return chosen(query, "of", OFS)


def breakdown_pairs(name: str, of: str, limit: str) -> Pairs:
    """Return how an address says a breakdown; nothing without one."""
    found = [("breakdown", name)] if name else []
    found += [("of", of)] if name and of in OFS[1:] else []
    return found + ([("limit", limit)] if name and limit not in {"", "10"} else [])


def breakdown_body(name: str, of: str, limit: str) -> dict[str, Any]:
    """Return the API's breakdown."""
    most = int(limit) if limit.isdecimal() else 10
    if of == "cohort":
        return {"cohort": int(number(name) or "0"), "limit": most}
    return {"property": name, "of": of, "limit": most}


def breakdown_of(definition: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return a kept definition's breakdown: its name, what it is of, its limit."""
    found: Mapping[str, Any] = definition.get("breakdown") or {}
    limit = str(found.get("limit", ""))
    if found.get("cohort") is not None:
        return str(found["cohort"]), "cohort", limit
    return str(found.get("property", "")), found.get("of") or "event", limit


def letter(place: int) -> str:
    return chr(ord("A") + place)


def at(values: Sequence[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def conditions(packed: Iterable[str]) -> Iterable[Condition]:
    """Read filters from an address; what is no filter is left out."""
    for text in packed:
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        if isinstance(given, dict) and (found := condition_of(given)) is not None:
            yield found


def condition_of(given: Mapping[str, Any]) -> Condition | None:
    part, cohort = str(given.get("in", "")), given.get("cohort")
    if isinstance(cohort, int) and cohort > 0:
        op = "not_in" if given.get("op") == "not_in" else "in"
        return Condition("", op, series=part, cohort=int(cohort))
    if not isinstance(given.get("property"), str):
        return None
    of = "person" if given.get("of") == "person" else "event"
    return Condition(given["property"], str(given.get("op", "=")), given.get("value"), of, part)


def conditions_of(filters: Iterable[Any], part: str) -> tuple[Condition, ...]:
    """Read the filters of a definition as those of one row; what is no filter is left out."""
    packed = [{**one, "in": part} if part else one for one in filters if isinstance(one, dict)]
    return tuple(conditions(orjson.dumps(one).decode() for one in packed))


def added_condition(query: QueryDict, types: Types) -> Condition | None:
    """Read the filter that the page's small form adds; None when it adds none."""
    if cohort := number(text(query, "new_cohort")):
        op = "not_in" if query.get("new_cohort_op") == "not_in" else "in"
        return Condition("", op, series=text(query, "new_in"), cohort=int(cohort))
    name = text(query, "new_property").strip()
    if not name:
        return None
    op = text(query, "new_op") or "="
    of = "person" if query.get("new_of") == "person" else "event"
    given = text(query, "new_value").strip()
    known = types.get(name, ()) if of == "event" else ()
    value = value_of(name, op, given, known)
    return Condition(name, op, value, of, text(query, "new_in"))


def value_of(name: str, op: str, given: str, known: Sequence[str]) -> Any:
    """Read what was typed as a filter's value: a list, a text, or the type seen with the property."""
    if op in LISTS:
        parts = (part.strip() for part in LISTED.findall(given))
        as_seen = ("string",) if name.startswith("$") else known
        return [typed(part, as_seen) for part in parts if part]
    if op in RAW_TEXT or name.startswith("$"):
        return given
    return None if op in UNARY else typed(given, known)


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


def as_typed(one: Condition) -> str:
    """Return a filter's value as one types it into the form."""
    values = one.value if isinstance(one.value, list) else [one.value]
    is_raw = one.property.startswith("$") or one.op in RAW_TEXT
    shown = (value_as_typed(value, is_raw=is_raw, is_listed=one.op in LISTS) for value in values)
    return "" if one.op in UNARY else ", ".join(shown)


def value_as_typed(value: Any, *, is_raw: bool, is_listed: bool) -> str:
    """Return a value as one types it: in quotes where it would be read as another."""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    looks_typed = as_number(value) is not None or value in TRUE_WORDS
    is_quoted = (looks_typed and not is_raw) or ("," in value and is_listed)
    return f'"{value}"' if is_quoted else value


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


def number_or_text(given: str) -> Any:
    """Return a whole number, or what was typed: the definition says what is wrong with it."""
    return int(given) if given.isdecimal() and len(given) < 10 else given


def as_of_in(query: QueryDict, now: datetime) -> datetime:
    """Return the moment that a download is to agree with; now when none is given."""
    try:
        at = datetime.fromisoformat(text(query, "as_of"))
    except ValueError:
        return now
    return at if at.tzinfo and at <= now else now
