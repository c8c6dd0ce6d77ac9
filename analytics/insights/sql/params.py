"""Server-side parameters: a value never stands in the text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from portal.store.query import Numbers, Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Params:
    """Collect a query's values; each `add` returns the placeholder to write instead."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._tables: dict[tuple[int, ...], str] = {}

    def add(self, value: object, kind: str) -> str:
        key = (kind, repr(value))
        if key not in self._placeholders:
            name = f"p{len(self.values) + 1}"
            self.values[name] = value
            self._placeholders[key] = f"{{{name}:{kind}}}"
        return self._placeholders[key]

    def text(self, value: str) -> str:
        return self.add(value, "String")

    def texts(self, values: Sequence[str]) -> str:
        return self.add(list(values), "Array(String)")

    def number(self, value: float) -> str:
        return self.add(value, "Float64")

    def integer(self, value: int) -> str:
        return self.add(value, "Int64")

    def numbers(self, values: tuple[int, ...]) -> str:
        """Return a subquery of whole numbers, of which there may be very many."""
        if values not in self._tables:
            name = f"p{len(self.values) + 1}"
            self.values[name] = Numbers(values)
            self._tables[values] = f"(SELECT number FROM {name})"
        return self._tables[values]

    def table(self, table: Table) -> str:
        """Return the name of a table that goes with the query."""
        name = f"p{len(self.values) + 1}"
        self.values[name] = table
        return name

    def instant(self, at: datetime) -> str:
        """Return an expression of the events' time type."""
        return f"fromUnixTimestamp64Micro({self.integer(microseconds(at))}, 'UTC')"

    def day(self, at: datetime) -> str:
        return self.add(at.astimezone(UTC).date().isoformat(), "Date32")


def microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970, without going through a float."""
    return (at - EPOCH) // timedelta(microseconds=1)
