"""How SQL reads a property: typed, so that a comparison across types is false. Pure.

An event's scalar properties stand in three maps by type, arrays and objects in the JSON only;
built-ins are columns, where the empty text means "not set".
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.insights.definitions.filters import Property
from analytics.insights.sql.params import Params

NOT_SCALAR = "JSONType(properties, {name}) IN ('Array', 'Object')"
LATEST = """(
    SELECT {person} AS owner, argMax((type, string, number, boolean), (ts, type)) AS latest
    FROM person_properties WHERE key = {name} AND person != 0 GROUP BY owner
)"""
RFC3339 = "formatDateTime(ts, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')"
NEVER = "0"


@dataclass(frozen=True)
class Operand:
    """SQL for a property read as each type, and for whether it has that type.

    A type that the property cannot have is None.
    """

    text: tuple[str, str] | None
    number: tuple[str, str] | None
    boolean: tuple[str, str] | None
    time: tuple[str, str] | None
    is_set: str
    key: str = ""  # the typed key, where a column holds it


def of_event(found: Property, params: Params) -> Operand:
    """Read an event's property or built-in."""
    if found.is_time:
        return Operand(None, None, None, ("ts", "1"), "1")
    if found.column:
        is_set = f"{found.column} != ''"
        return Operand((found.column, is_set), None, None, None, is_set)
    name = params.text(found.name)
    typed = [
        (f"{m}[{name}]", f"mapContains({m}, {name})") for m in ("strings", "numbers", "booleans")
    ]
    is_set = " OR ".join([*(has for _, has in typed), NOT_SCALAR.format(name=name)])
    text, number, boolean = typed
    if key := found.key_column:
        text = (f"substring({key}, 2)", f"startsWith({key}, 's')")
        boolean = (f"({key} = 'btrue')", f"startsWith({key}, 'b')")
    if found.number_column:
        number = number_of(found.number_column)
    return Operand(text, number, boolean, None, f"({is_set})", found.key_column)


def number_of(column: str) -> tuple[str, str]:
    """Return the value of a nullable column, and whether there is one."""
    return f"assumeNotNull({column})", f"isNotNull({column})"


def of_person() -> Operand:
    """Read the columns that `latest` answers."""
    return Operand(
        ("latest.2", "latest.1 = 'string'"),
        ("latest.3", "latest.1 = 'number'"),
        ("latest.4", "latest.1 = 'boolean'"),
        None,
        "latest.1 NOT IN ('', 'null')",
    )


def latest(found: Property, person: str, params: Params) -> str:
    """Return a subquery of (owner, latest): each person's newest value by event time."""
    return LATEST.format(person=person, name=params.text(found.name))


@dataclass(frozen=True)
class Key:
    """A property's value as text that keeps its type: '' when not set, else s, n or b and the text.

    Events are grouped by `raw`, which for a built-in is the bare column; `typed` makes the key of
    it once a group. What is no scalar counts as not set.
    """

    raw: str
    is_plain: bool

    def typed(self, raw: str) -> str:
        return f"if({raw} = '', '', concat('s', {raw}))" if self.is_plain else raw

    def raw_of(self, key: str) -> str:
        """Return the raw value of a key."""
        return key[1:] if self.is_plain else key


def key_of(operand: Operand) -> Key:
    """Return how to group by a property."""
    if operand.key:
        return Key(operand.key, is_plain=False)
    if operand.time:
        return Key(f"concat('s', {RFC3339})", is_plain=False)
    if operand.text and not operand.number and not operand.boolean:
        return Key(operand.text[0], is_plain=True)
    branches = []
    if operand.text:
        branches.append(f"{operand.text[1]}, concat('s', {operand.text[0]})")
    if operand.number:
        branches.append(f"{operand.number[1]}, concat('n', toString({operand.number[0]}))")
    if operand.boolean:
        branches.append(f"{operand.boolean[1]}, if({operand.boolean[0]}, 'btrue', 'bfalse')")
    return Key(f"multiIf({', '.join(branches)}, '')", is_plain=False)


def value_of(key: str) -> str | float | bool:
    """Read back a typed key; not set is "$none"."""
    if not key:
        return "$none"
    kind, text = key[0], key[1:]
    if kind == "n":
        number = float(text)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return text == "true" if kind == "b" else text


def key_of_value(value: str | float | bool) -> str:
    """Return the typed key of a value that an answer gave; "$none" is not set."""
    if isinstance(value, bool):
        return "btrue" if value else "bfalse"
    if isinstance(value, int | float):
        is_whole = isinstance(value, int) or value.is_integer()
        return f"n{int(value) if is_whole else repr(value)}"
    return "" if value == "$none" else f"s{value}"


def is_value(key: str, value: str | float | bool, params: Params) -> str:
    """Return the condition that a typed key is of this value, as `value_of` reads it."""
    if isinstance(value, bool | str):
        return f"{key} = {params.text(key_of_value(value))}"
    # Two texts may be one number: 1e21 is written differently here and there.
    number = f"toFloat64OrNull(substring({key}, 2))"
    return f"startsWith({key}, 'n') AND {number} = {params.number(value)}"
