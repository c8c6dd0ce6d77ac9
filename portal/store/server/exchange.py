"""One statement: run it on a handle of its lane and send its answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from portal.store.server.answer import (
    Streamed,
    content_type,
    error_body,
    send_error,
    send_whole,
    summary,
    view,
)
from portal.store.server.call import Call, ExternalTable
from portal.store.server.engine import Engine, Handle, Running, quoted
from portal.store.server.errors import (
    CANCELLED,
    OUTFILE_NOT_ALLOWED,
    SYNTAX_ERROR,
    TIMEOUT,
    EngineError,
    refusal,
)
from portal.store.server.native import Result
from portal.store.server.statement import (
    READS,
    SHOWS,
    Kill,
    first_word,
    kill_of,
    names_a_file,
    output_format,
)
from portal.store.server.wire import Connection

STATUS_NAMES = {CANCELLED: "cancelled", TIMEOUT: "timeout"}
SPOILING = {"SET", "USE"}  # what they change must not reach the handle's next client
KILLED_SQL = "SELECT 'waiting' AS kill_status, {} AS query_id, 'default' AS user, {} AS query"


class Exchange:
    """One call and its answer."""

    def __init__(
        self, engine: Engine, connection: Connection, call: Call, headers: dict[str, str]
    ) -> None:
        self.rows_written = 0
        self.is_open = True
        self._engine = engine
        self._connection = connection
        self._call = call
        self._text = call.sql.decode("utf-8", "surrogateescape")
        self._word = first_word(call.sql[:65536])
        self._format, streamable = output_format(self._text, call.format)
        self._streams = streamable and not call.is_buffered and self._word in READS
        self._headers = headers | {"X-ClickHouse-Query-Id": call.query_id}
        self._began_at = time.monotonic()

    def run(self, patience_s: float, version: str) -> str:
        """Answer the call; returns its status for the figures. Raises Gone."""
        running = Running(
            self._call.query_id,
            self._text,
            self._call.lane,
            self._connection.is_gone,
            is_read=self._word in READS,
        )
        with self._engine.tracked(running):
            return self._answer(running, patience_s, version)

    def _answer(self, running: Running, patience_s: float, version: str) -> str:
        try:
            kill = kill_of(self._text, self._call.params) if self._word == "KILL" else None
            if kill is not None:
                self._kill(kill)
            with self._engine.lend(running, patience_s) as handle:
                result = self._run(handle, version)
        except EngineError as error:
            self.is_open = self._connection.skip_body()
            send_error(self._connection, error, self._headers, version)
            return STATUS_NAMES.get(error.code, "error")
        if isinstance(result, str):
            return result
        self._send(result)
        return "ok"

    def _run(self, handle: Handle, version: str) -> Result | str | None:
        """Run the statement: its result, or how it ended when it was sent as a stream."""
        handle.prepare(self._call.database, self._call.settings)
        self._check(handle)
        with external_tables(handle, self._call.tables):
            return self._execute(handle, version)

    def _check(self, handle: Handle) -> None:
        if self._word in SPOILING or (self._word == "CREATE" and "TEMPORARY" in self._text.upper()):
            handle.is_spoilt = True
        if ";" in self._text.rstrip("; \n\t") and handle.statement_count(self._text) > 1:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
        if names_a_file(self._call.sql):
            message = "INTO OUTFILE and FROM INFILE are not allowed"
            raise refusal(OUTFILE_NOT_ALLOWED, "INTO_OUTFILE_NOT_ALLOWED", message)
        if self._call.is_read_only:
            handle.forbid_changes(self._text)

    def _execute(self, handle: Handle, version: str) -> Result | str | None:
        call = self._call
        if call.rows is not None:
            return handle.insert(self._text, call.insert_format, call.rows)
        if self._streams:
            return self._stream(handle, version)
        return handle.query(self._text, call.format, call.params)

    def _stream(self, handle: Handle, version: str) -> Result | str | None:
        """Send chunk by chunk; an answer of a single chunk is sent whole, later."""
        chunks = handle.stream(self._text, self._call.format, self._call.params)
        first = next(chunks, None)
        second = next(chunks, None) if first is not None else None
        if first is None or second is None:
            return first
        answer = Streamed(self._connection, self._full_headers(first), self._call.encoding)
        try:
            for chunk in chain((first, second), chunks):
                answer.write(view(chunk))
        except EngineError as error:
            self.is_open = False
            answer.fail(error_body(error, version))
            return STATUS_NAMES.get(error.code, "error")
        finally:
            chunks.close()
        answer.finish()
        return "ok"

    def _send(self, result: Result | None) -> None:
        if result is None:
            send_whole(self._connection, 200, self._full_headers(None), b"")
            return
        self.rows_written = result.rows_written()
        headers = self._full_headers(result)
        send_whole(self._connection, 200, headers, view(result), self._call.encoding)

    def _full_headers(self, result: Result | None) -> dict[str, str]:
        headers = dict(self._headers)
        if result is not None:
            headers["X-ClickHouse-Summary"] = summary(result, time.monotonic() - self._began_at)
        if self._word in SHOWS:
            headers["X-ClickHouse-Format"] = self._format
            headers["Content-Type"] = content_type(self._format)
        return headers

    def _kill(self, kill: Kill) -> None:
        """Cancel by the client's id, and answer with what ClickHouse's KILL answers."""
        targets = [one for one in self._engine.running() if one.query_id == kill.query_id]
        for target in () if kill.is_test else targets:
            self._engine.kill(target, "Query was cancelled by KILL QUERY.")
        for target in targets if kill.waits else ():
            target.ended.wait(30.0)
        text = targets[0].sql if targets else ""
        sql = KILLED_SQL.format(quoted(kill.query_id), quoted(text))
        self._text = sql if targets else sql + " WHERE 0"
        if kill.format:
            self._text += f" FORMAT {kill.format}"
        self._streams = False


@contextmanager
def external_tables(handle: Handle, tables: list[ExternalTable]) -> Iterator[None]:
    """Make the tables that came with a query; they go with the handle."""
    for table in tables:
        handle.is_spoilt = True
        name = f"`{table.name}`"
        handle.query(f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory", "Null")
        handle.insert(f"INSERT INTO {name}", table.format, iter((table.data,)))
    yield
