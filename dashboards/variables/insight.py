"""Put variables into an insight's definition: filters take lists, or fall away for All. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.variables.builtins import BuiltIns
from dashboards.variables.formats import formatted, in_regex
from dashboards.variables.references import Reference, references, replaced
from dashboards.variables.selection import CannotFill, Selected, Values, only

NUMBER = re.compile(r"-?\d{1,18}(?:\.\d+)?")
LISTS = {"=": "in", "!=": "not_in", "in": "in", "not_in": "not_in"}
COMPARISONS = (">", ">=", "<", "<=")
# Where a text is a name: $platform is the built-in property there, ${platform} the variable.
NAMES = ("property",)
TEXTS = ("property", "event", "label", "name", "title", "description", "text")
Json = dict[str, Any]


@dataclass(frozen=True)
class Filler:
    values: Values
    built_in: BuiltIns

    def whole(self, given: Any, key: str = "") -> Selected | None:
        """Return the variable that a text consists of."""
        if not isinstance(given, str):
            return None
        found = next(references(given), None)
        if found is None or found.written != given or found.format:
            return None
        return None if key in NAMES and found.is_plain else self.values.get(found.name)

    def text(self, given: str, key: str) -> str:
        def put(one: Reference) -> str | None:
            if one.name not in self.values:
                return self.built_in.value(one)
            if key in NAMES and one.is_plain:
                return None
            selected = self.values[one.name]
            if one.format:
                return formatted(selected, one.format)
            return " + ".join(selected.words) if key == "label" else only(selected, f"“{key}”")

        return replaced(given, put)


def in_insight(definition: Mapping[str, Any], values: Values, built_in: BuiltIns) -> Json:
    """Return the definition with its variables' values. Raises CannotFill."""
    return of_object(definition, Filler(values, built_in))


def of_object(given: Mapping[str, Any], filler: Filler) -> Json:
    if "op" in given and "property" in given:
        return of_filter(given, filler)
    return {key: of_value(value, key, filler) for key, value in given.items()}


def of_value(given: Any, key: str, filler: Filler) -> Any:
    if isinstance(given, Mapping):
        return of_object(given, filler)
    if isinstance(given, list):
        return list(of_list(given, key, filler))
    if not isinstance(given, str):
        return given
    selected = filler.whole(given, key)
    if selected is None:
        return filler.text(given, key)
    if key == "event" and selected.is_all and not selected.is_wildcard:
        return None  # any event
    value = only(selected, f"“{key}”") if key != "label" else " + ".join(selected.words)
    return value if key in TEXTS else number_or_text(value)


def of_list(given: Sequence[Any], key: str, filler: Filler) -> Iterator[Any]:
    """Give a list's items; a filter for All is none, a variable is as many items as it has values."""
    for item in given:
        if isinstance(item, Mapping) and filters_nothing(item, filler):
            continue
        selected = filler.whole(item, key)
        if selected is not None and not selected.is_wildcard:
            yield from selected.values
        else:
            yield of_value(item, key, filler)


def filters_nothing(item: Mapping[str, Any], filler: Filler) -> bool:
    given = item.get("value", item.get("cohort"))
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    selected = filler.whole(given)
    if selected is None or not selected.is_all:
        return False
    return selected.is_wildcard or selected.is_unbounded or not selected.values


def of_filter(given: Mapping[str, Any], filler: Filler) -> Json:
    op, value = given["op"], given.get("value")
    rest = {
        key: of_value(one, key, filler) for key, one in given.items() if key not in ("op", "value")
    }
    listed = value if isinstance(value, list) else [value]
    selected = [filler.whole(one) for one in listed]
    if not any(selected):
        filled = of_value(value, "value", filler) if "value" in given else None
        return {**rest, "op": op, **({"value": filled} if "value" in given else {})}
    texts = [
        text
        for one, found in zip(listed, selected, strict=True)
        for text in (found.values if found else [one])
    ]
    return {**rest, **compared(op, texts, next(one for one in selected if one))}


def compared(op: str, texts: list[Any], selected: Selected) -> Json:
    """Return an operator and a value for the texts that are chosen."""
    if op in LISTS:
        values = [value for text in texts for value in meanings(text)]
        if len(values) == 1 and op in ("=", "!="):
            return {"op": op, "value": values[0]}
        return {"op": LISTS[op], "value": values}
    if op in COMPARISONS:
        if len(texts) != 1:
            raise CannotFill(f"“{selected.name}” has {len(texts)} values, but {op} takes one.")
        return {"op": op, "value": number_or_text(texts[0])}
    if op == "regex":
        return {"op": op, "value": regex_of(texts, selected)}
    if len(texts) == 1:
        return {"op": op, "value": texts[0]}
    if op == "contains":
        return {"op": "regex", "value": in_regex(selected, texts)}
    raise CannotFill(f"“{selected.name}” has {len(texts)} values, but {op} takes one.")


def regex_of(texts: list[Any], selected: Selected) -> str:
    if selected.is_exact:
        return in_regex(selected, texts)
    return str(texts[0]) if len(texts) == 1 else f"({'|'.join(map(str, texts))})"


def meanings(text: Any) -> list[Any]:
    """Return what a chosen text may be as a property's value: properties have types, texts none."""
    if not isinstance(text, str):
        return [text]
    if text in ("true", "false"):
        return [text, text == "true"]
    number = number_or_text(text)
    return [text] if number == text else [text, number]


def number_or_text(text: Any) -> Any:
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
