"""Comparisons of one property as SQL conditions. Pure.

A comparison holds only where the property is set and has the type of the value compared with:
across types every operator, the negative ones too, is false, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from analytics.insights.definitions.filters import Op, PropertyFilter, Value
from analytics.insights.sql.params import Params, microseconds
from analytics.insights.sql.values import NEVER, Operand, latest, of_event, of_person

COMPARISON: dict[Op, str] = {"=": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
# `.` matches no line break, as in most other tools; re2 in the engine has it the other way round.
PATTERN_FLAGS = "(?-s)"


def compared(found: PropertyFilter, params: Params, person: str) -> str:
    """Return the SQL of one comparison over the events table."""
    if found.property.of == "person":
        return _of_person(found, params, person)
    return _compared(found, of_event(found.property, params), params)


def _of_person(found: PropertyFilter, params: Params, person: str) -> str:
    """Persons are looked up by today's value; events of nobody have no person properties."""
    people = f"SELECT owner FROM {latest(found.property, person, params)}"
    operand = of_person()
    if found.op == "is_not_set":
        return f"{person} NOT IN ({people} WHERE {operand.is_set})"
    return f"{person} IN ({people} WHERE {_compared(found, operand, params)})"


def _compared(found: PropertyFilter, operand: Operand, params: Params) -> str:
    if found.op == "is_set":
        return operand.is_set
    if found.op == "is_not_set":
        return f"NOT ({operand.is_set})"
    if found.op in {"in", "not_in"}:
        return _listed(found, operand, params)
    return _single(found.op, found.values[0], operand, params)


def _single(op: Op, value: Value, operand: Operand, params: Params) -> str:
    typed = _typed(value, operand)
    if typed is None:
        return NEVER
    expression, has_type = typed
    if op in {"contains", "not_contains"}:
        sign = ">" if op == "contains" else "="
        return f"({has_type} AND position({expression}, {_placed(value, params)}) {sign} 0)"
    if op == "regex":
        pattern = params.text(f"{PATTERN_FLAGS}{value}")
        return f"({has_type} AND match({expression}, {pattern}))"
    return f"({has_type} AND {expression} {COMPARISON[op]} {_placed(value, params)})"


def _listed(found: PropertyFilter, operand: Operand, params: Params) -> str:
    """Compare with each value of the property's own type; a list may mix types."""
    sign = "IN" if found.op == "in" else "NOT IN"
    parts = []
    for is_kind in KINDS:
        values = [value for value in found.values if is_kind(value)]
        typed = _typed(values[0], operand) if values else None
        if typed is not None:
            expression, places = _many(typed[0], values, params)
            parts.append(f"({typed[1]} AND {expression} {sign} {places})")
    return f"({' OR '.join(parts)})" if parts else NEVER


def _many(expression: str, values: Sequence[Value], params: Params) -> tuple[str, str]:
    """Return an expression and one placeholder for many values: a thousand would fill the text."""
    first = values[0]
    if isinstance(first, datetime):
        numbers = [microseconds(value) for value in values if isinstance(value, datetime)]
        return f"toUnixTimestamp64Micro({expression})", params.add(numbers, "Array(Int64)")
    if isinstance(first, bool):
        return expression, params.add([int(bool(value)) for value in values], "Array(UInt8)")
    if isinstance(first, float):
        return expression, params.add(list(values), "Array(Float64)")
    return expression, params.texts([str(value) for value in values])


def _typed(value: Value, operand: Operand) -> tuple[str, str] | None:
    """Return the operand read as the value's type."""
    if isinstance(value, bool):
        return operand.boolean
    if isinstance(value, float):
        return operand.number
    return operand.time if isinstance(value, datetime) else operand.text


def _placed(value: Value, params: Params) -> str:
    if isinstance(value, bool):
        return params.add(int(value), "UInt8")
    if isinstance(value, float):
        return params.number(value)
    return params.instant(value) if isinstance(value, datetime) else params.text(value)


KINDS: tuple[Callable[[Value], bool], ...] = (
    lambda value: isinstance(value, bool),
    lambda value: isinstance(value, float),
    lambda value: isinstance(value, datetime),
    lambda value: isinstance(value, str),
)
