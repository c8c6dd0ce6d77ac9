from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.regexes import is_found
from dashboards.sheets import Sheet
from dashboards.transformations import listing, mapping, transformations


class FilterByValue:
    """Keep or drop rows by their values."""

    kind = "filterByValue"
    label = "Filter rows by value"
    options = (
        Option("type", "Rows that hold are", "choice", (("include", "kept"), ("exclude", "dropped")), default="include"),
        Option("match", "Conditions that hold", "choice", (("any", "any of them"), ("all", "all of them")), default="any"),
        Option("filters", "Conditions", "rows", fields=(
            Option("fieldName", "Field"),
            Option("config.id", "Test", "choice", (
                ("equal", "is"), ("notEqual", "is not"), ("greater", ">"), ("greaterOrEqual", "≥"),
                ("lower", "<"), ("lowerOrEqual", "≤"), ("substring", "contains"),
                ("notSubstring", "does not contain"), ("regex", "matches"), ("isNull", "is nothing"),
                ("isNotNull", "is something"),
            ), default="equal"),
            Option("config.options.value", "Value"),
        )),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        filters = [one for one in listing(options, "filters") if isinstance(one, Mapping)]
        joins = all if options.get("match") == "all" else any
        keeps = options.get("type") != "exclude"
        return [filtered(sheet, filters, joins, keeps=keeps) for sheet in sheets]


def filtered(
    sheet: Sheet, filters: Sequence[Mapping[str, Any]], joins: Callable[..., bool], *, keeps: bool
) -> Sheet:
    known = [(sheet.find(str(one.get("fieldName"))), mapping(one, "config")) for one in filters]
    tests = [(field, config) for field, config in known if field is not None]
    if not tests:
        return sheet
    places = [
        place
        for place in range(len(sheet))
        if joins(holds(config, field.cells[place]) for field, config in tests) is keeps
    ]
    return sheet.taking(places)


def holds(config: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value passes one test; an unknown test is passed by all."""
    test, options = str(config.get("id")), mapping(config, "options")
    if test in ("isNull", "isNotNull"):
        return (value is None) is (test == "isNull")
    if value is None:
        return test in ("notEqual", "notSubstring")
    found = TESTS.get(test)
    return found(value, options) if found else True


def number(given: Any) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        return float("nan")


def same(value: Any, options: Mapping[str, Any]) -> bool:
    wanted = options.get("value")
    return str(value) == str(wanted) or number(value) == number(wanted)


def holding(value: Any, options: Mapping[str, Any]) -> bool:
    return str(options.get("value", "")).lower() in str(value).lower()


TESTS: dict[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "greater": lambda value, options: number(value) > number(options.get("value")),
    "greaterOrEqual": lambda value, options: number(value) >= number(options.get("value")),
    "lower": lambda value, options: number(value) < number(options.get("value")),
    "lowerOrEqual": lambda value, options: number(value) <= number(options.get("value")),
    "between": lambda value, options: (
        number(options.get("from")) <= number(value) <= number(options.get("to"))
    ),
    "equal": same,
    "notEqual": lambda value, options: not same(value, options),
    "regex": lambda value, options: is_found(str(options.get("value", "")), str(value)),
    "substring": holding,
    "notSubstring": lambda value, options: not holding(value, options),
}


transformations.add(FilterByValue())
