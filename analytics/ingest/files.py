"""Files of events: NDJSON, CSV and Parquet, read line by line into the event shape of CONTRACT 4."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow.parquet as pq

from analytics.ingest.events import KNOWN, Unusable

MAX_LINE = 1 << 20
PARQUET_ROWS = 5_000
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?\Z")
BOOLEANS = {"true": True, "false": False}
PROPERTY = "properties."
Mapping = dict[str, tuple[str, str]]  # column: field, type ("": guess)


class UnknownFormat(ValueError):
    """A file that cannot be read as events; the text says what can."""


@dataclass(frozen=True)
class Line:
    """One line: its number in the file, and the event or why there is none."""

    number: int
    event: Any
    problem: Unusable | None = None


@dataclass
class Progress:
    """How much of a file is read."""

    total_bytes: int
    position: Callable[[], int]

    def share(self) -> float:
        return min(1.0, self.position() / max(self.total_bytes, 1))


@contextmanager
def opened(file: Path, mapping: Mapping) -> Iterator[tuple[Iterator[Line], Progress]]:
    """Open a file of events by its name's ending. Raises UnknownFormat, OSError."""
    with file.open("rb") as raw:
        progress = Progress(file.stat().st_size, raw.tell)
        yield lines_of(file, raw, mapping), progress


def lines_of(file: Path, raw: IO[bytes], mapping: Mapping) -> Iterator[Line]:
    name = file.name.lower()
    if name.endswith(".parquet"):
        return parquet_lines(raw, mapping)
    plain: IO[bytes] | gzip.GzipFile = raw
    if name.endswith(".gz"):
        plain, name = gzip.GzipFile(fileobj=raw), name.removesuffix(".gz")
    if name.endswith(".csv"):
        return csv_lines(plain, mapping)
    if name.endswith((".ndjson", ".jsonl", ".json")):
        return json_lines(plain)
    raise UnknownFormat(
        f"{file.name}: use .ndjson, .jsonl, .json or .csv (each also .gz), .parquet."
    )


def json_lines(stream: IO[bytes] | gzip.GzipFile) -> Iterator[Line]:
    number = 0
    while text := stream.readline(MAX_LINE + 1):
        number += 1
        if len(text) > MAX_LINE:
            while text and not text.endswith(b"\n"):
                text = stream.readline(MAX_LINE)
            yield Line(number, None, Unusable("event", "The line is longer than 1 MiB."))
        elif text.strip():
            yield json_line(number, text)


def json_line(number: int, text: bytes) -> Line:
    try:
        return Line(number, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        shown = text[:2_000].decode("utf-8", "replace").rstrip("\n")
        return Line(number, shown, Unusable("event", f"The line is not JSON: {error}."))


def csv_lines(stream: IO[bytes] | gzip.GzipFile, mapping: Mapping) -> Iterator[Line]:
    """Read a header and rows; quoted fields may span lines, so numbers are those of rows."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    try:
        for number, row in enumerate(csv.DictReader(text, strict=True), 2):
            cells = {name: value for name, value in row.items() if name and value not in (None, "")}
            yield mapped(number, cells, mapping)
    except csv.Error as error:
        raise UnknownFormat(f"The file is no CSV: {error}.") from error
    finally:
        text.detach()  # or it would close the stream, whose position is still asked for


def parquet_lines(raw: IO[bytes], mapping: Mapping) -> Iterator[Line]:
    number = 0
    for batch in pq.ParquetFile(raw).iter_batches(PARQUET_ROWS):
        for row in batch.to_pylist():
            number += 1
            cells = {name: value for name, value in row.items() if value is not None}
            yield mapped(number, cells, mapping)


def mapped(number: int, cells: dict[str, Any], mapping: Mapping) -> Line:
    """Make an event of a row: known column names are fields, all others are properties."""
    event: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    try:
        for column, value in cells.items():
            field, kind = mapping.get(column) or (column if column in KNOWN else f".{column}", "")
            if field == "properties":
                properties |= as_object(value)
            elif field == "timestamp":
                event[field] = as_time(value)
            elif field in KNOWN:
                event[field] = value if isinstance(value, str) else str(as_json(value))
            else:
                name = field.removeprefix(PROPERTY).removeprefix(".")
                properties[name] = converted(value, kind, name)
    except Unusable as problem:
        return Line(number, {name: str(value) for name, value in cells.items()}, problem)
    if properties:
        event["properties"] = properties
    return Line(number, event)


def converted(value: Any, kind: str, name: str) -> Any:
    """Give a cell the wanted type; without one, text that looks like a number becomes one."""
    if kind == "string":
        return str(value)
    if not isinstance(value, str):
        return as_json(value)
    if value.lower() in BOOLEANS and kind in ("", "boolean"):
        return BOOLEANS[value.lower()]
    if NUMBER.match(value) and kind in ("", "number"):
        return orjson.loads(value)
    if kind:
        raise Unusable(f"{PROPERTY}{name}", f"{value[:40]!r} is no {kind}.")
    return value


def as_json(value: Any) -> Any:
    """Turn what Parquet has and JSON has not into what JSON has."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return as_time(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def as_object(value: Any) -> dict[str, Any]:
    found = value
    if isinstance(value, str):
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            found = None
    if not isinstance(found, dict):
        raise Unusable("properties", "The column holds no JSON object.")
    return found


def as_time(value: Any) -> str:
    """Write a time as RFC 3339; one without zone is UTC, a number is seconds or milliseconds."""
    if isinstance(value, str) and not NUMBER.match(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)  # the event's own check words the reason
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00+00:00"
    return from_epoch(float(value)).isoformat()


def from_epoch(number: float) -> datetime:
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) > 1e11 else number, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unusable("timestamp", f"{number} is no time.") from error
