"""Put variables into PromQL: inside a string as the matcher before it needs it. Pure.

One value in a matcher is that value, several are `=~"(a|b)"` with each escaped, also where the
query says `=`. Outside strings values stand as they are, several with commas between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.variables import builtins
from dashboards.variables.builtins import BuiltIns
from dashboards.variables.formats import escaped_for_regex, formatted, in_regex
from dashboards.variables.references import Reference, references, replaced
from dashboards.variables.selection import AUTO, CannotFill, Selected, Values

PIECE = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)"
    r"|(?P<plain>(?:[^\"'`\#])+|.)",
    re.DOTALL,
)
OPERATOR = re.compile(r"(?<![=<>!])(?P<operator>=~|!~|!=|=)(?P<space>\s*)$")
AS_REGEX = {"=": "=~", "!=": "!~"}
GROUP = re.compile(r"\(\?P?<(\w+)>")


@dataclass(frozen=True)
class Filler:
    """What a query is filled with. `groups` are names of its own regular expressions."""

    values: Values
    built_in: BuiltIns
    groups: frozenset[str] = frozenset()

    def known(self, one: Reference) -> Selected | None:
        """Return the variable that is meant; None where the text stays. Raises CannotFill."""
        if one.is_built_in or one.name in self.groups:
            return None
        found = self.values.get(one.name)
        if found is None and one.written.startswith("$"):
            raise CannotFill(unknown(one, self.values))
        return found

    def of_built_in(self, one: Reference) -> str | None:
        if one.name in builtins.OF_THE_GRID:
            return f"${one.name}"
        found = self.built_in.value(one)
        if found is None and one.is_built_in:
            raise CannotFill(unknown(one, self.values))
        return found


def unknown(one: Reference, values: Values) -> str:
    known = ", ".join(f"${name}" for name in sorted(values)) or "none"
    return (
        f"The query names {one.written}, but there is no such variable. Variables of this"
        f" dashboard: {known}."
    )


def in_promql(query: str, values: Values, built_in: BuiltIns) -> str:
    """Return the query with its variables' values; $__interval and the like stay for the source.

    Raises CannotFill for a name that nobody knows.
    """
    filler = Filler(values, built_in, frozenset(GROUP.findall(query)))
    return "".join(filled(query, filler))


def filled(query: str, filler: Filler) -> Iterator[str]:
    before = ""
    for piece in PIECE.finditer(query):
        if piece["string"]:
            before, text = in_string(before, piece["string"], filler)
            yield before
            before = ""
            yield text
        elif piece["comment"]:
            yield before + piece["comment"]
            before = ""
        else:
            before += replaced(piece["plain"], lambda one: outside(one, filler))
    yield before


def outside(one: Reference, filler: Filler) -> str | None:
    selected = filler.known(one)
    if selected is None:
        return filler.of_built_in(one)
    if one.format:
        return formatted(selected, one.format)
    if selected.is_wildcard:
        return selected.all_value
    return ",".join("$__interval" if value == AUTO else value for value in selected.values)


def in_string(before: str, literal: str, filler: Filler) -> tuple[str, str]:
    """Fill one string; return what stands before it, too, for its operator may change."""
    quote, body = literal[0], literal[1:-1]
    found = OPERATOR.search(before)
    operator = found["operator"] if found else ""
    is_exact = operator in AS_REGEX
    widened = is_exact and any(is_several(one, filler) for one in references(body))
    if widened and found:
        before = f"{before[: found.start()]}{AS_REGEX[operator]}{found['space']}"
    parts, done = [], 0
    for one in references(body):
        text = value_in(one, filler, quote, is_plain=is_exact and not widened, operator=operator)
        if text is not None:
            parts += [static(body[done : one.start], quote, widened=widened), text]
            done = one.end
    parts.append(static(body[done:], quote, widened=widened))
    return before, f"{quote}{''.join(parts)}{quote}"


def is_several(one: Reference, filler: Filler) -> bool:
    selected = filler.values.get(one.name)
    if selected is None or one.format:
        return False
    return selected.is_wildcard or len(selected.values) > 1


def static(text: str, quote: str, *, widened: bool) -> str:
    """Return what stands around the values: literally, also where it became part of a pattern."""
    if not widened:
        return text
    if "\\" in text:
        raise CannotFill("Write =~ instead of = where a variable has several values.")
    return literally(escaped_for_regex(text), quote)


def value_in(
    one: Reference, filler: Filler, quote: str, *, is_plain: bool, operator: str
) -> str | None:
    selected = filler.known(one)
    if selected is None:
        return filler.of_built_in(one)
    if one.format:
        text = formatted(selected, one.format)
        return text if one.format == "raw" else literally(text, quote)
    if selected.is_wildcard:
        return selected.all_value  # an expression, as its author wrote it
    if is_plain or (not operator and len(selected.values) < 2):
        return literally("".join(selected.values), quote)
    return literally(pattern_of(selected), quote)


def pattern_of(selected: Selected) -> str:
    """Return an expression that takes the values; what people typed may be one itself."""
    if selected.is_exact:
        return in_regex(selected, selected.values)
    single = len(selected.values) == 1
    return selected.values[0] if single else f"({'|'.join(selected.values)})"


def literally(text: str, quote: str) -> str:
    """Write a text so that a string of this quote holds it. Raises CannotFill."""
    if quote == "`":
        if "`" in text:
            raise CannotFill("A value with ` cannot stand between ` and `; use double quotes.")
        return text
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
