"""From an HTTP request to what is asked of the engine."""

from __future__ import annotations

import hmac
import re
import uuid
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from portal.store.server.coding import chosen_encoding, decoded
from portal.store.server.engine import SETTING_NAME, encoded
from portal.store.server.errors import AUTHENTICATION_FAILED, BAD_ARGUMENTS, TOO_LARGE, refusal
from portal.store.server.statement import split_insert
from portal.store.server.wire import Request

MAX_TEXT_BYTES = 256 << 20
INSERT_HEAD_BYTES = 64 << 10
# Parameters of the protocol, and settings that only a real server's HTTP side would read.
NOT_SETTINGS = {
    "query", "database", "default_format", "query_id", "user", "password", "quota_key", "role",
    "session_id", "session_timeout", "session_check", "close_session", "compress", "decompress",
    "wait_end_of_query", "buffer_size", "client_protocol_version", "stacktrace", "lane",
    "enable_http_compression", "http_zlib_compression_level", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close",
    "log_comment", "add_http_cors_header", "http_write_exception_in_output_format",
}  # fmt: skip
MULTIPART = re.compile(r"multipart/form-data\s*;.*boundary=\"?([^\";]+)", re.IGNORECASE)
SURROGATE = re.compile("[\udc80-\udcff]")
FIELD = re.compile(rb'name="([^"]*)"(?:;\s*filename="([^"]*)")?', re.IGNORECASE)


@dataclass(frozen=True)
class ExternalTable:
    """A table that came with the query and lives as long as it."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass
class Call:
    """One statement with everything that goes with it; `rows` is set for inserts with data."""

    sql: bytes
    params: dict[str, str]
    settings: dict[str, str]
    query_id: str
    database: str
    format: str
    lane: str
    encoding: str
    is_buffered: bool
    is_read_only: bool
    insert_format: str = ""
    rows: Iterator[bytes] | None = None
    tables: list[ExternalTable] = field(default_factory=list)


def check_password(request: Request, password: str) -> None:
    """Let in who knows the shared password. Raises EngineError 516."""
    if not password:
        return
    given = request.headers.get("x-clickhouse-key") or request.query.get("password") or ""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        given = _basic_password(credentials)
    if not hmac.compare_digest(encoded(given), encoded(password)):
        message = "default: Authentication failed: password is incorrect."
        raise refusal(AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", message)


def _basic_password(credentials: str) -> str:
    try:
        return b64decode(credentials).decode().partition(":")[2]
    except ValueError:
        return ""


def call_of(request: Request, body: Iterator[bytes]) -> Call:
    """Read a request's parameters and as much of its body as the statement takes."""
    pieces = decoded(body, request.headers.get("content-encoding", "").lower())
    form, tables = _form(request, pieces)
    query = request.query | form
    call = _parameters(request, query, tables)
    _read_statement(call, encoded(query.get("query", "")), pieces)
    return call


def _parameters(request: Request, query: Mapping[str, str], tables: list[ExternalTable]) -> Call:
    headers = request.headers
    wants_packed = query.get("enable_http_compression", "0") in ("1", "true")
    settings = _settings(query, {table.name for table in tables})
    # The engine's own readonly=2 cannot be undone on a handle; forbidding changes is the same.
    asks_read_only = settings.get("readonly") == "2" and settings.pop("readonly") == "2"
    return Call(
        sql=b"",
        params={n[6:]: _escaped(value) for n, value in query.items() if n.startswith("param_")},
        settings=settings,
        query_id=query.get("query_id") or headers.get("x-clickhouse-query-id") or str(uuid.uuid4()),
        database=query.get("database") or headers.get("x-clickhouse-database") or "default",
        format=query.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated",
        lane=query.get("lane") or headers.get("x-portal-lane") or "",
        encoding=chosen_encoding(headers.get("accept-encoding", "")) if wants_packed else "",
        is_buffered=query.get("wait_end_of_query", "0") in ("1", "true"),
        is_read_only=request.method == "GET" or asks_read_only,
        tables=tables,
    )


def _escaped(value: str) -> str:
    """Write bytes that are not UTF-8 as the engine's escapes."""
    return SURROGATE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02X}", value)


def _settings(query: Mapping[str, str], tables: set[str]) -> dict[str, str]:
    settings = {}
    for name, value in query.items():
        if name in NOT_SETTINGS or name.startswith("param_"):
            continue
        table, _, property_name = name.rpartition("_")
        if table in tables and property_name in ("format", "structure", "types"):
            continue
        if not SETTING_NAME.match(name):
            raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{name!r} is not a setting's name.")
        settings[name] = value
    return settings


def _read_statement(call: Call, query: bytes, pieces: Iterator[bytes]) -> None:
    """Find the statement in the URL, the body, or both, as ClickHouse joins them."""
    text = query + b"\n" if query else b""
    if (insert := split_insert(text)) is None:
        text += _collected(pieces, INSERT_HEAD_BYTES)
        insert = split_insert(text)
    if insert is not None:
        call.sql, call.insert_format = insert.head.encode(), insert.format
        call.rows = chain((insert.data,), pieces)
        call.lane = call.lane or "insert"
        return
    call.lane = call.lane or "short"
    call.sql = (text + _collected(pieces, MAX_TEXT_BYTES)).strip()
    if next(pieces, None) is not None:
        raise refusal(TOO_LARGE, "TOO_LARGE_STRING_SIZE", "The statement is larger than 256 MiB.")


def _collected(pieces: Iterator[bytes], enough: int) -> bytes:
    """Read until the body ends or there is enough of it."""
    kept: list[bytes] = []
    size = 0
    while size < enough and (piece := next(pieces, None)) is not None:
        kept.append(piece)
        size += len(piece)
    return b"".join(kept)


def _form(request: Request, pieces: Iterator[bytes]) -> tuple[dict[str, str], list[ExternalTable]]:
    """Read a multipart form: plain fields are parameters, files are external tables."""
    found = MULTIPART.match(request.headers.get("content-type", ""))
    if found is None:
        return {}, []
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    body = b"\r\n" + _collected(pieces, MAX_TEXT_BYTES)
    for part in body.split(b"\r\n--" + found[1].encode("latin-1"))[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = FIELD.search(head)
        if name is None:
            continue
        if name[2] is not None:
            files[name[1].decode()] = content
        else:
            fields[name[1].decode()] = content.decode("utf-8", "surrogateescape")
    return fields, [_table(name, data, request.query | fields) for name, data in files.items()]


def _table(name: str, data: bytes, query: Mapping[str, str]) -> ExternalTable:
    structure = query.get(f"{name}_structure", "")
    if not structure:
        types = query.get(f"{name}_types", "").split(",")
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types, 1))
    return ExternalTable(name, structure, query.get(f"{name}_format", "TabSeparated"), data)
