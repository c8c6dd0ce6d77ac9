"""Filters: one property, one operation, one value; or whether the person is in a cohort. Pure."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args
from zoneinfo import ZoneInfo

from analytics.insights.definitions.reading import MAX_TEXT, Reader, name_of
from portal.lib.field_error import FieldError

if TYPE_CHECKING:
    from analytics.insights.definitions.cohorts import Rule

Op = Literal[
    "=", "!=", "in", "not_in", "contains", "not_contains", "regex", ">", ">=", "<", "<=",
    "is_set", "is_not_set",
]  # fmt: skip
Of = Literal["event", "person"]
CohortOp = Literal["in", "not_in"]
Value = str | float | bool | datetime

OPS: tuple[Op, ...] = get_args(Op)
WITHOUT_VALUE = ("is_set", "is_not_set")
LISTS = ("in", "not_in")
TEXT_ONLY = ("contains", "not_contains", "regex")
ORDERED = (">", ">=", "<", "<=")
TIME_OPS = ("=", "!=", *LISTS, *ORDERED, *WITHOUT_VALUE)
MAX_FILTERS = 50
MAX_VALUES = 1_000
MAX_ID = 2**63 - 1

BUILT_INS = {
    "$name": "name",
    "$user_id": "user_id",
    "$session_id": "session_id",
    "$platform": "platform",
    "$version": "version",
    "$service": "service",
    "$environment": "environment",
    "$timestamp": "ts",
}


@dataclass(frozen=True)
class Property:
    """A property of the event, of its person, or a built-in (whose name begins with `$`)."""

    name: str
    of: Of = "event"
    # The engine's columns for it alone, filled in by analytics.insights.property_columns.
    key_column: str = field(default="", compare=False, repr=False)
    number_column: str = field(default="", compare=False, repr=False)

    @property
    def column(self) -> str:
        """Return the events column of a built-in, else nothing."""
        return BUILT_INS.get(self.name, "") if self.of == "event" else ""

    @property
    def is_time(self) -> bool:
        return self.column == "ts"


@dataclass(frozen=True)
class PropertyFilter:
    """A condition on one property. `values` holds one value, several for in and not_in."""

    property: Property
    op: Op
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Known:
    """What a cohort is: who is in it is decided as of a moment."""

    name: str
    rule: Rule
    as_of: datetime


@dataclass(frozen=True)
class InCohort:
    """Whether the event's person is in a cohort.

    `known` is empty until `analytics.insights.cohorts.resolved` has looked the cohort up; `path` is
    where it stands in what was asked, for that look-up's complaints.
    """

    cohort: int
    op: CohortOp = "in"
    path: str = field(default="cohort", compare=False)
    known: Known | None = None

    @property
    def name(self) -> str:
        return self.known.name if self.known else f"number {self.cohort}"

    @property
    def values(self) -> tuple[str, str]:
        """Return what a breakdown calls those inside and those outside."""
        return self.name, f"not in {self.name}"

    def having(self, value: object) -> InCohort:
        """Return the filter that a value of a breakdown stands for. Raises FieldError."""
        if value not in self.values:
            expected = " or ".join(f"“{one}”" for one in self.values)
            raise FieldError("breakdown_value", f"This must be {expected}.")
        return replace(self, op="in" if value == self.values[0] else "not_in")


Filter = PropertyFilter | InCohort
Dimension = Property | InCohort  # what people and events are told apart by


def parse_property(reader: Reader) -> Property:
    """Take `property` and `of` from an object."""
    name = reader.text("property")
    of: Of = "person" if reader.choice("of", get_args(Of), "event") == "person" else "event"
    if name.startswith("$") and (of == "person" or name not in BUILT_INS):
        known = ", ".join(BUILT_INS)
        raise FieldError(
            reader.at("property"),
            "Built-in properties belong to events." if of == "person" and name in BUILT_INS
            else f"Unknown built-in property; known: {known}.",
        )  # fmt: skip
    return Property(name, of)


def parse_dimension(reader: Reader) -> Dimension:
    """Take a property, or a `cohort`, from a breakdown."""
    if "cohort" in reader.values:
        return InCohort(parse_id(reader), path=reader.at("cohort"))
    return parse_property(reader)


def parse_id(reader: Reader) -> int:
    """Take the id of a cohort."""
    if reader.values.get("cohort") is None:
        raise FieldError(reader.at("cohort"), "Name the cohort by its id.")
    return reader.integer("cohort", 0, low=1, high=MAX_ID)


def parse_filter(body: Any, path: str, zone: ZoneInfo) -> Filter:
    """Read one filter. Times without an offset are read in the zone. Raises FieldError."""
    reader = Reader(body, path, like='{"property": "…", "op": "=", "value": "…"}')
    if "cohort" in reader.values:
        return parse_in_cohort(reader)
    return parse_property_filter(reader, zone)


def parse_in_cohort(reader: Reader) -> InCohort:
    cohort = parse_id(reader)
    is_in = reader.choice("op", get_args(CohortOp), "in") == "in"
    reader.finish()
    return InCohort(cohort, "in" if is_in else "not_in", reader.at("cohort"))


def parse_property_filter(reader: Reader, zone: ZoneInfo) -> PropertyFilter:
    found = parse_property(reader)
    op: Op = next(op for op in OPS if op == reader.choice("op", OPS))
    value = reader.take("value")
    reader.finish()
    if op in WITHOUT_VALUE:
        if value is not None:
            raise FieldError(reader.at("value"), f"`{op}` takes no value.")
        return PropertyFilter(found, op)
    if found.is_time and op not in TIME_OPS:
        raise FieldError(reader.at("op"), f"$timestamp takes one of: {', '.join(TIME_OPS)}.")
    values = _values(value, op, reader.at("value"))
    if found.is_time:
        values = tuple(_instant(value, reader.at("value"), zone) for value in values)
    return PropertyFilter(found, op, values)


def _values(value: Any, op: Op, path: str) -> tuple[Value, ...]:
    if op in LISTS:
        if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
            raise FieldError(path, f"`{op}` takes a list of 1 to {MAX_VALUES} values.")
        return tuple(_scalar(item, op, f"{path}[{i}]") for i, item in enumerate(value))
    return (_scalar(value, op, path),)


def _scalar(value: Any, op: Op, path: str) -> Value:
    if value is None:
        raise FieldError(path, f"`{op}` needs a value; null is asked for by is_not_set.")
    if not isinstance(value, str | bool | int | float):
        several = "; `in` takes a list" if isinstance(value, list) and op not in LISTS else ""
        message = f"This must be a string, number or boolean, not {name_of(value)}{several}."
        raise FieldError(path, message)
    if op in TEXT_ONLY and not isinstance(value, str):
        raise FieldError(path, f"`{op}` needs a string, not {name_of(value)}.")
    if op in ORDERED and isinstance(value, bool):
        raise FieldError(path, f"`{op}` needs a number or a string, not a boolean.")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise FieldError(path, f"This has {MAX_TEXT} characters at most.")
    if op == "regex":
        _check_pattern(str(value), path)
    return _number(value, path) if type(value) is int else value


def _number(value: int, path: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise FieldError(path, "This number is too large.") from error


def _check_pattern(pattern: str, path: str) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of what Python may read otherwise one day
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise FieldError(path, f"This is not a regular expression: {error}.") from error


def _instant(value: Value, path: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None:
            return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise FieldError(path, "$timestamp is compared with a time such as 2026-03-01T00:00:00Z.")
