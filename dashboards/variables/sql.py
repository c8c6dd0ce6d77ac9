"""Put variables into SQL: as typed parameters, never as text. Pure.

$name is a parameter of the type String, several values one of the type Array(String); where the
statement itself says {name:Type} the values are read as that type. Inside quotes a text is put
together by the engine. ${name:raw} takes names and numbers only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dashboards.variables.builtins import BuiltIns
from dashboards.variables.formats import formatted
from dashboards.variables.references import Reference, references
from dashboards.variables.selection import CannotFill, Selected, Values, only

PIECE = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?P<string>'(?:\\.|''|[^'\\])*')"
    r"|(?P<name>`(?:\\.|``|[^`\\])*`|\"(?:\\.|\"\"|[^\"\\])*\")"
    r"|(?P<placeholder>\{\s*(?P<key>\w+)\s*:\s*(?P<type>[^{}]*?)\s*\})"
    r"|(?P<variable>\$\{[A-Za-z_]\w*(?:\.[^:{}]*)?(?::[^{}]*)?\}|\$[A-Za-z_]\w*"
    r"|\[\[[A-Za-z_]\w*(?::\w+)?\]\])"
    r"|(?P<other>.)",
    re.DOTALL,
)
RAW = re.compile(r"-?\d+(?:\.\d+)?|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
TEXT_FORMATS = ("sqlstring", "singlequote", "doublequote")
RAW_FORMATS = ("raw", "csv")


class Statement:
    """A statement that is being put together, with values for its parameters."""

    def __init__(self, values: Values, built_in: BuiltIns, given: Mapping[str, Any]) -> None:
        self.values, self.built_in = values, built_in
        self.parameters: dict[str, Any] = dict(given)
        self.text = ""

    def bound(self, name: str, value: Any, kind: str) -> str:
        """Name a parameter for a value and return its place in the text."""
        free = (
            f"{name}_{number}" if number else name for number in range(len(self.parameters) + 1)
        )
        key = next(one for one in free if self.parameters.get(one, value) == value)
        self.parameters[key] = value
        return f"{{{key}:{kind}}}"

    def put_list(self, selected: Selected) -> None:
        """Add several values: = becomes IN; brackets that stand around them already hold them."""
        place = self.bound(f"var_{selected.name}", list(selected.values), "Array(String)")
        before = self.text.rstrip()
        if before.endswith(("!=", "<>")):
            self.text = f"{before[:-2].rstrip()} NOT IN "
        elif before.endswith("=") and not before.endswith((">=", "<=")):
            self.text = f"{before.rstrip('=').rstrip()} IN "
        self.text += place

    def put_value(self, one: Reference, selected: Selected) -> None:
        if one.format in RAW_FORMATS:
            self.text += raw(selected)
        elif one.format and one.format not in TEXT_FORMATS:
            self.text += self.bound(f"var_{selected.name}", formatted(selected, one.format), STRING)
        elif len(selected.values) > 1 and not selected.is_wildcard:
            self.put_list(selected)
        else:
            value = only(selected, "this place")
            is_number = NUMBER.fullmatch(value) and not one.format
            place = f"var_{selected.name}"
            self.text += value if is_number else self.bound(place, value, STRING)

    def put_string(self, literal: str) -> None:
        """Fill a quoted text; what is no variable in it stays as it is written."""
        body = literal[1:-1]
        found = [one for one in references(body) if self.is_known(one)]
        if not found:
            self.text += literal
            return
        if len(found) == 1 and found[0].written == body and not found[0].is_built_in:
            self.put_quoted(found[0])
            return
        parts, done = [], 0
        for one in found:
            parts += [body[done : one.start], self.text_of(one)]
            done = one.end
        parts.append(body[done:])
        shown = [
            f"'{part}'" if place % 2 == 0 else self.bound("var_text", part, STRING)
            for place, part in enumerate(parts)
            if part or place % 2
        ]
        self.text += shown[0] if len(shown) == 1 else f"concat({', '.join(shown)})"

    def put_quoted(self, one: Reference) -> None:
        selected = self.values[one.name]
        if len(selected.values) > 1 and not selected.is_wildcard and not one.format:
            self.put_list(selected)
        else:
            self.text += self.bound(f"var_{one.name}", self.text_of(one), STRING)

    def text_of(self, one: Reference) -> str:
        if one.is_built_in:
            return self.built_in.value(one) or ""
        selected = self.values[one.name]
        return formatted(selected, one.format) if one.format else only(selected, "a quoted text")

    def is_known(self, one: Reference) -> bool:
        return one.name in self.values or self.built_in.value(one) is not None


STRING = "String"


def in_sql(
    query: str, values: Values, built_in: BuiltIns, given: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the statement with parameters in its variables' places, and all parameters' values.

    `given` are values of parameters that the statement has of its own. Raises CannotFill.
    """
    made = Statement(values, built_in, given)
    for piece in PIECE.finditer(query):
        if piece["string"]:
            made.put_string(piece["string"])
        elif piece["placeholder"]:
            made.text += piece["placeholder"]
            selected = values.get(piece["key"])
            if selected is not None and piece["key"] not in given:
                made.parameters[piece["key"]] = typed(selected, piece["type"])
        elif piece["variable"]:
            put(made, next(references(piece["variable"])))
        else:
            made.text += piece[0]
    return made.text, made.parameters


def put(made: Statement, one: Reference) -> None:
    if one.name in made.values:
        made.put_value(one, made.values[one.name])
        return
    built_in = made.built_in.value(one)
    if built_in is None:
        if not one.written.startswith("$"):
            made.text += one.written  # [[…]] may be arrays
            return
        known = ", ".join(f"${name}" for name in sorted(made.values)) or "none"
        raise CannotFill(f"The statement names {one.written}; this dashboard's variables: {known}.")
    is_number = NUMBER.fullmatch(built_in)
    made.text += built_in if is_number else made.bound(f"var{one.name}", built_in, STRING)


def raw(selected: Selected) -> str:
    """Return values that cannot be more than a name or a number. Raises CannotFill."""
    for value in selected.values:
        if not RAW.fullmatch(value):
            raise CannotFill(
                f"“{value}” of “{selected.name}” is no name and no number; leave out the format,"
                " and it is a value."
            )
    return ", ".join(selected.values)


def typed(selected: Selected, kind: str) -> Any:
    """Read what is chosen as a parameter's type; what does not fit is refused where it runs."""
    found = re.fullmatch(r"Array\((.*)\)", kind, re.DOTALL)
    if found:
        return [cell(value, found[1]) for value in selected.values]
    return cell(only(selected, f"the type {kind}"), kind)


def cell(value: str, kind: str) -> Any:
    if re.fullmatch(r"U?Int\d+", kind) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind.startswith("Float") and NUMBER.fullmatch(value):
        return float(value)
    if kind == "Bool" and value in ("true", "false"):
        return value == "true"
    return value
