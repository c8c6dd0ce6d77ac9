"""What an answer looks like: named, typed columns of equal length, and where they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

ColumnType = Literal["time", "number", "string", "boolean", "json"]


@dataclass(frozen=True)
class Column:
    """One column's name and meaning. `unit` is a UCUM-like short name: s, bytes, percent, count."""

    name: str
    type: ColumnType
    label: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Meta:
    """How an answer came to be; goes into every API answer as `meta`."""

    as_of: datetime
    cached: bool = False
    elapsed_ms: float = 0.0
    rows_read: int = 0
    bytes_read: int = 0
    sql: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()  # sentences for "how is this counted?"
    forms: tuple[str, ...] = ()  # shorter ways that were taken to the same answer

    def plus(self, other: Meta) -> Meta:
        """Add up the cost of two answers that were asked as of the same moment."""
        return replace(
            self,
            cached=self.cached and other.cached,
            elapsed_ms=self.elapsed_ms + other.elapsed_ms,
            rows_read=self.rows_read + other.rows_read,
            bytes_read=self.bytes_read + other.bytes_read,
            sql=self.sql + other.sql,
            warnings=self.warnings + other.warnings,
            counted=self.counted + other.counted,
            forms=tuple(dict.fromkeys(self.forms + other.forms)),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the shape of CONTRACT `meta`, plus `counted`."""
        return {
            "as_of": self.as_of,
            "cached": self.cached,
            "elapsed_ms": round(self.elapsed_ms, 3),
            "rows_read": self.rows_read,
            "bytes_read": self.bytes_read,
            "sql": list(self.sql),
            "warnings": list(self.warnings),
            "counted": list(self.counted),
            "forms": list(self.forms),
        }


@dataclass(frozen=True)
class Frame:
    """Columns of equal length. `values[i]` holds the cells of `columns[i]`.

    `extra` carries what does not fit a table (an insight's JSON answer, for instance).
    """

    columns: tuple[Column, ...]
    values: tuple[Sequence[Any], ...]
    meta: Meta
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len({len(cells) for cells in self.values}) > 1 or len(self.columns) != len(self.values):
            raise ValueError("a frame needs columns of equal length")

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0

    def column(self, name: str) -> Sequence[Any]:
        """Return the cells of one column. Raises KeyError."""
        for column, cells in zip(self.columns, self.values, strict=True):
            if column.name == name:
                return cells
        raise KeyError(name)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.values, strict=True)

    def dicts(self) -> Iterator[dict[str, Any]]:
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows())
