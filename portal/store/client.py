"""The one client of the engine: clickhouse-connect over HTTP, embedded and cluster alike."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import numpy as np
import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError
from clickhouse_connect.driver.external import ExternalData
from clickhouse_connect.driver.httputil import get_pool_manager
from clickhouse_connect.driver.transform import NativeTransform
from django.conf import settings
from urllib3.exceptions import HTTPError

from portal.lib import instruments
from portal.lib.asker import current
from portal.store import native
from portal.store.query import Numbers, Query, Table

log = logging.getLogger(__name__)
CANCELLED = 394
TIME_LIMIT = timedelta(seconds=30)
PIECE_BYTES = 1 << 20
UNREACHABLE = (OperationalError, HTTPError, OSError)


class EngineUnavailable(Exception):
    """The engine does not answer now; the question may be asked again."""


class QueryFailed(Exception):
    """The engine refused or stopped a query; `code` is ClickHouse's error number (0: unknown)."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Result:
    """Columns of an answer and what it cost."""

    names: tuple[str, ...]
    columns: tuple[Sequence[Any], ...]
    rows_read: int
    bytes_read: int
    elapsed_ms: float

    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.columns, strict=True))

    def value(self) -> Any:
        """Return the single cell of a one-row, one-column answer."""
        return self.columns[0][0]


@lru_cache(maxsize=1)
def _pool() -> Any:
    return get_pool_manager(maxsize=32, num_pools=4)


_local = threading.local()


def connection() -> Client:
    """Return this thread's client; all threads share one pool of HTTP connections."""
    found: Client | None = getattr(_local, "client", None)
    if found is None or _local.url != settings.CLICKHOUSE_URL:
        _local.client, _local.url = found, _ = (
            connect(settings.CLICKHOUSE_URL),
            settings.CLICKHOUSE_URL,
        )
    return found


def connect(url: str) -> Client:
    """Open a client for a CLICKHOUSE_URL. Raises EngineUnavailable."""
    if not url:
        raise EngineUnavailable("The engine is not running; start the portal: manage.py up")
    parts = urlsplit(url)
    try:
        return clickhouse_connect.get_client(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=parts.path.strip("/") or "default",
            secure=parts.scheme == "https",
            pool_mgr=_pool(),
            autogenerate_session_id=False,  # a session would make queries wait for each other
            query_limit=0,
            connect_timeout=5,
            send_receive_timeout=300,
            tz_mode="aware",
        )
    except UNREACHABLE as error:
        raise EngineUnavailable(
            f"The engine does not answer at {parts.hostname}:{parts.port}."
        ) from error


def run(query: Query, *, time_limit: timedelta = TIME_LIMIT) -> Result:
    """Run one SELECT. Raises QueryFailed, EngineUnavailable."""
    try:
        with instruments.store_query("query"), _limits(query, time_limit) as limits:
            answer = connection().query(
                query.sql,
                parameters=_plain(query),
                settings=limits,
                external_data=_tables(query),
                transport_settings=_lane(query),
                column_oriented=True,
            )
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error
    summary = answer.summary
    return Result(
        names=tuple(answer.column_names),
        columns=tuple(answer.result_columns),
        rows_read=int(summary.get("read_rows", 0)),
        bytes_read=int(summary.get("read_bytes", 0)),
        elapsed_ms=int(summary.get("elapsed_ns", 0)) / 1e6,
    )


def read(query: Query, *, lane: str, fmt: str) -> bytes:
    """Run one SELECT or EXPLAIN in a lane and return the answer as the engine writes it.

    Without settings of ours: the query brings its own limits. Raises QueryFailed,
    EngineUnavailable.
    """
    try:
        with instruments.store_query("read"), _named() as name:
            return connection().raw_query(
                query.sql,
                parameters=dict(query.params),
                # Waits for the end, so that an error is an error and never half an answer.
                settings={**query.settings, "wait_end_of_query": 1, **name},
                # Not at the statement's end: there an EXPLAIN would take it for the explained's.
                transport_settings={"X-Portal-Lane": lane, "X-ClickHouse-Format": fmt},
            )
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error


@dataclass(frozen=True)
class Columns:
    """An answer in the Native format, and what it cost."""

    body: memoryview
    rows_read: int
    bytes_read: int
    elapsed_ms: float

    @cached_property
    def columns(self) -> native.Columns:
        """Return whole columns as arrays. Raises native.UnreadableColumn."""
        return native.columns(self.body)


def read_columns(query: Query, *, time_limit: timedelta = TIME_LIMIT) -> Columns:
    """Run one SELECT of plain columns, to be read as arrays: for millions of rows.

    Raises QueryFailed, EngineUnavailable.
    """
    try:
        with instruments.store_query("columns"), _limits(query, time_limit) as limits:
            answer: Any = connection().raw_stream(
                query.sql,
                parameters=_plain(query),
                # Waits for the end, so that an error is an error and never half an answer.
                settings=limits | {"wait_end_of_query": 1},
                fmt="Native",
                external_data=_tables(query),
                transport_settings=_lane(query),
            )
            body = _body(answer)
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error
    summary = orjson.loads(answer.headers.get("X-ClickHouse-Summary", "{}"))
    return Columns(
        body,
        rows_read=int(summary.get("read_rows", 0)),
        bytes_read=int(summary.get("read_bytes", 0)),
        elapsed_ms=int(summary.get("elapsed_ns", 0)) / 1e6,
    )


def _body(answer: Any) -> memoryview:
    """Read an answer piece by piece into an array.

    The system hands arrays their memory in large pages; as one `bytes` 60 MB took twice as long.
    """
    size = int(answer.headers.get("Content-Length", 0))
    if not size or answer.headers.get("Content-Encoding"):
        return memoryview(answer.read())
    body: memoryview = np.empty(size, np.uint8).data
    at = 0
    while at < size:
        piece = answer.read(PIECE_BYTES)
        if not piece:
            raise HTTPError("The answer broke off.")
        body[at : at + len(piece)] = piece
        at += len(piece)
    return body


@contextmanager
def _named() -> Iterator[dict[str, Any]]:
    """Give a query of an asker its name, so that it can be cancelled. Raises QueryFailed."""
    asker = current()
    if asker is None:
        yield {}
        return
    with asker.query() as name:
        if asker.has_gone:
            raise QueryFailed("Nobody waits for the answer any more.", CANCELLED)
        yield {"query_id": name}


@contextmanager
def _limits(query: Query, time_limit: timedelta) -> Iterator[dict[str, Any]]:
    """Give a query's settings: how long it may take, by its asker's roles, and its name."""
    asker = current()
    limit = (asker.time_limit if asker else None) or time_limit
    with _named() as name:
        yield {
            "max_execution_time": limit.total_seconds(), "readonly": 2, **query.settings, **name
        }  # fmt: skip


def cancel(names: Iterable[str]) -> None:
    """End queries that nobody waits for any more; whatever cannot be ended ends by itself."""
    for name in names:
        try:
            command(f"KILL QUERY WHERE query_id = '{name}' ASYNC")
        except (QueryFailed, EngineUnavailable) as error:
            log.info("A query was not cancelled: %s", error)


def _plain(query: Query) -> dict[str, object]:
    return {name: one for name, one in query.params.items() if not isinstance(one, Numbers | Table)}


def _tables(query: Query) -> ExternalData | None:
    """Return what goes with a query as tables of their own."""
    given = {n: table for n, one in query.params.items() if (table := as_table(one))}
    if not given:
        return None
    tables = ExternalData()
    for name, one in given.items():
        tables.add_file(file_name=name, fmt="RowBinary", structure=one.structure, data=one.packed)
    return tables


def as_table(given: object) -> Table | None:
    """Return a parameter that goes as a table, None for one that goes as text."""
    if isinstance(given, Numbers):
        packed = np.array(given.values, "<u8").tobytes()
        return Table("number UInt64", packed, len(given.values))
    return given if isinstance(given, Table) else None


def _lane(query: Query) -> dict[str, str] | None:
    return {"X-Portal-Lane": "heavy"} if query.heavy else None


def command(sql: str, *, settings_: dict[str, Any] | None = None, **params: Any) -> None:
    """Run one statement that answers nothing (DDL, KILL, mutation)."""
    try:
        with instruments.store_query("command"):
            connection().command(sql, parameters=params, settings=settings_ or {})
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error


def insert(table: str, columns: Mapping[str, Sequence[Any]], *, token: str) -> None:
    """Insert columns as one block; the same token again changes nothing.

    Raises QueryFailed, EngineUnavailable; after the latter, repeat with the same token and rows.
    """
    try:
        context = connection().create_insert_context(
            table, list(columns), data=list(columns.values()), column_oriented=True
        )
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error
    context.compression = None
    _, _, block = b"".join(NativeTransform.build_insert(context)).partition(b"FORMAT Native\n")
    given = Given("incoming", structure_of(table, columns), block, context.row_count, "Native")
    insert_given(table, given, list(columns), token=token)


def insert_arrow(table: str, stream: bytes, names: Sequence[str], rows: int, *, token: str) -> None:
    """Insert one Arrow stream of so many rows, as `insert` does; three times as fast."""
    given = Given("incoming", structure_of(table, names), stream, rows)
    insert_given(table, given, names, token=token)


@dataclass(frozen=True)
class Given:
    """A table that goes with one query and lives as long as it."""

    name: str
    structure: str
    stream: bytes
    rows: int
    format: str = "ArrowStream"

    def external(self) -> ExternalData:
        return ExternalData(
            file_name=self.name, fmt=self.format, structure=self.structure, data=self.stream
        )


def insert_given(table: str, given: Given, names: Sequence[str], *, token: str) -> None:
    """Insert the rows of a table that is sent along; the same token again changes nothing.

    The rows go through a SELECT because chDB's streaming insert, behind the embedded engine,
    reports success when the table refuses them (measured with 26.9: a violated constraint, a full
    disk); and they are counted, because that of the temporary table is a streaming insert, too.
    Raises QueryFailed, EngineUnavailable; after the latter, repeat with the same token and rows.
    """
    columns = ", ".join(f"`{name}`" for name in names)
    sql = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {given.name}"
        f" WHERE throwIf((SELECT count() FROM {given.name}) != {{sent_rows:UInt64}},"
        " 'The rows did not arrive whole.') = 0"
    )
    settings_ = {
        "insert_deduplication_token": token,
        "max_partitions_per_insert_block": 0,  # an import may span decades
        "max_threads": 1,  # a repeated insert must make the same blocks in the same order
        "distributed_foreground_insert": 1,  # on a cluster: confirmed when it is on the shards
    }
    try:
        with instruments.store_query("insert"):
            connection().command(
                sql,
                parameters={"sent_rows": given.rows},
                settings=settings_,
                external_data=given.external(),
            )
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error


def structure_of(table: str, names: Collection[str]) -> str:
    """Describe columns of a table as a temporary table needs them."""
    types = types_of(table, settings.CLICKHOUSE_URL)
    if not types.keys() >= set(names):  # a migration has come meanwhile
        types_of.cache_clear()
        types = types_of(table, settings.CLICKHOUSE_URL)
    return ", ".join(f"`{name}` {types[name]}" for name in names)


@lru_cache(maxsize=64)
def types_of(table: str, url: str) -> dict[str, str]:
    """Return the columns of a table of this engine with their types.

    Raises EngineUnavailable while it has no such table, and what `run` raises.
    """
    sql = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {t:String}"
    found = dict(run(Query(sql, {"t": table})).rows())
    if not found:
        raise EngineUnavailable(
            f"The engine has no table {table} yet; run manage.py migrate_store."
        )
    return found


def look_up(sql: str, given: Given) -> Any:
    """Run one SELECT over a table that is sent along; returns an Arrow table.

    Raises QueryFailed, EngineUnavailable.
    """
    try:
        with instruments.store_query("look_up"):
            return connection().query_arrow(sql, external_data=given.external())
    except (ClickHouseError, *UNREACHABLE) as error:
        raise translated(error) from error


def translated(error: Exception) -> Exception:
    """Tell a refused query (in ClickHouse's own words) from an engine that is away."""
    code = int(getattr(error, "code", None) or 0)
    if code or (isinstance(error, DatabaseError) and not isinstance(error, OperationalError)):
        _, mark, words = str(error).partition("DB::Exception: ")
        return QueryFailed(words if mark else str(error), code)
    return EngineUnavailable("The engine does not answer; it restarts by itself, try again.")
