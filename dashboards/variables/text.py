"""Put variables into what people read: titles, Markdown, addresses. Pure."""

from __future__ import annotations

import re

from dashboards.variables.builtins import BuiltIns
from dashboards.variables.formats import encoded, formatted
from dashboards.variables.references import Reference, replaced
from dashboards.variables.selection import Selected, Values

CODE_OR_TARGET = re.compile(r"(?P<code>`+[^`]*`+)|(?P<target>(?<=\]\()[^)\s]*(?=[)\s]))")
MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+!|<>~]")
OF_ALL = {"__all_variables", "__url_time_range"}


def in_text(text: str, values: Values, built_in: BuiltIns) -> str:
    """Return a title, a description, a legend: what people call the chosen values."""
    return replaced(text, lambda one: word(one, values, built_in))


def word(one: Reference, values: Values, built_in: BuiltIns) -> str | None:
    selected = values.get(one.name)
    if selected is None:
        return built_in.value(one)
    return formatted(selected, one.format or "text")


def in_markdown(text: str, values: Values, built_in: BuiltIns) -> str:
    """Return a text in Markdown: values are words in it, neither markup nor links of their own."""
    parts, done = [], 0
    for found in CODE_OR_TARGET.finditer(text):
        parts.append(of_prose(text[done : found.start()], values, built_in))
        fill = in_text if found["code"] else in_address
        parts.append(fill(found[0], values, built_in))
        done = found.end()
    return "".join([*parts, of_prose(text[done:], values, built_in)])


def of_prose(text: str, values: Values, built_in: BuiltIns) -> str:
    def put(one: Reference) -> str | None:
        found = word(one, values, built_in)
        return None if found is None else MARKDOWN.sub(r"\\\g<0>", found)

    return replaced(text, put)


def in_address(text: str, values: Values, built_in: BuiltIns) -> str:
    """Return a link's target, each value encoded for an address.

    $__all_variables and $__url_time_range hand on what is chosen here.
    """

    def put(one: Reference) -> str | None:
        if one.name == "__all_variables":
            return "&".join(formatted(each, "queryparam") for each in values.values())
        if one.name == "__url_time_range":
            return f"from={encoded(iso(built_in.start))}&to={encoded(iso(built_in.end))}"
        selected = values.get(one.name)
        if selected is None:
            found = built_in.value(one)
            return None if found is None else encoded(found)
        return of_address(one, selected)

    return replaced(text, put)


def of_address(one: Reference, selected: Selected) -> str:
    if one.format == "queryparam":
        return formatted(selected, one.format)
    if one.format == "percentencode" or not one.format:
        return encoded(",".join(selected.values)) if selected.values else ""
    return encoded(formatted(selected, one.format))


def iso(at: object) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")  # type: ignore[attr-defined]  # a datetime
