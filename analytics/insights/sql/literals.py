"""Values inside the text, for conditions that travel without parameters. Pure.

A value never stands there as it came: texts are hexadecimal digits, numbers what Python writes of a
number. So nothing in a value can be read as SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NoReturn

from analytics.insights.sql.params import Params
from portal.store.query import Table


class Literals(Params):
    """Write each value into the text instead of a placeholder."""

    def add(self, value: object, kind: str) -> str:
        if kind.startswith("Array("):
            one = WRITERS[kind.removeprefix("Array(").removesuffix(")")]
            assert isinstance(value, list)  # noqa: S101  # Params gives lists
            return f"[{', '.join(one(each) for each in value)}]"
        return WRITERS[kind](value)

    def numbers(self, values: tuple[int, ...]) -> NoReturn:
        raise TypeError("a table cannot stand in the text")

    def table(self, table: Table) -> NoReturn:
        raise TypeError("a table cannot stand in the text")


def text(value: Any) -> str:
    return f"unhex('{str(value).encode('utf-8', 'surrogatepass').hex()}')"


WRITERS: dict[str, Callable[[Any], str]] = {
    "String": text,
    "Float64": lambda value: f"toFloat64('{float(value)!r}')",
    "UInt8": lambda value: f"toUInt8({int(value)})",
    "UInt64": lambda value: f"toUInt64({int(value)})",
    "Int64": lambda value: f"toInt64({int(value)})",
    "Date32": lambda value: f"toDate32('{date.fromisoformat(value).isoformat()}')",
}


def whole_numbers(values: Sequence[int]) -> str:
    return f"({', '.join(str(int(value)) for value in values)})"
