"""What is asked of the engine: SQL with typed parameters, and the window it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

NOTHING: Mapping[str, Any] = MappingProxyType({})


class EmptyWindow(ValueError):
    """A time range ends before it begins."""


@dataclass(frozen=True)
class TimeRange:
    """A half-open range [start, end) and the IANA zone in which buckets are cut."""

    start: datetime
    end: datetime
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a time range needs aware datetimes")
        if self.start >= self.end:
            raise EmptyWindow("`to` must be later than `from`")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@dataclass(frozen=True, repr=False)
class Numbers:
    """A parameter that is too long for one: a table with the parameter's name goes with the query.

    Its one column is `number` (UInt64).
    """

    values: tuple[int, ...]

    def __repr__(self) -> str:
        return f"a table of {len(self.values):,} numbers"


@dataclass(frozen=True, repr=False)
class Table:
    """A parameter that is a table: it goes with the query under the parameter's name.

    `structure` is what the engine reads ("who UInt64, at Int64"), `packed` its rows one after the
    other, little-endian and unpadded.
    """

    structure: str
    packed: bytes
    rows: int

    def __repr__(self) -> str:
        return f"a table of {self.rows:,} rows ({self.structure})"


@dataclass(frozen=True)
class Sharded:
    """How a cluster answers a query of what persons did, when each shard has all of some persons.

    `merge` makes one answer of those that each shard gave to `each` (left out: to the query as it
    stands); it reads them FROM shards.
    """

    merge: str
    each: str = ""


def added(*sums: str, by: Sequence[str] = (), then: str = "") -> Sharded:
    """Add up the shards' columns `sums`, row by row of equal columns `by`; `then` ends the SELECT."""
    columns = ", ".join([*by, *(f"sum(shards.{name}) AS {name}" for name in sums)])
    grouped = f" GROUP BY {', '.join(by)}" if by else ""
    return Sharded(f"SELECT {columns} FROM shards{grouped} {then}".strip())


# Every row of the answer is one person's.
UNITED = Sharded("SELECT * FROM shards")


@dataclass(frozen=True)
class Query:
    """One SELECT; values only as `{name:Type}` parameters, never inside the text.

    `heavy` queries wait in a lane of their own, so that widgets stay quick. `sharded` says how a
    cluster may answer it on the shards; without it the query reads all shards' rows.
    """

    sql: str
    params: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    settings: Mapping[str, str | int | float] = field(default_factory=lambda: NOTHING)
    heavy: bool = False
    sharded: Sharded | None = None
