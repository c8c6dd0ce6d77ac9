"""Run SQL that people typed: checked, read-only, bounded.

Each statement is written anew by the engine (one statement, no comments), its syntax tree and then
its resolved tree are checked, and what runs is the text that was checked. It runs in a lane of its
own, so that somebody's experiment never makes a widget wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from portal.lib.field_error import FieldError
from portal.store import client, nodes
from portal.store.guard import Refused
from portal.store.guard.data_sets import DATA_SETS, composed
from portal.store.guard.functions import Catalogue, Function, catalogue
from portal.store.guard.parameters import bound
from portal.store.guard.rules import Allowed, check, check_resolved
from portal.store.guard.shape import parse_tree
from portal.store.guard.words import named_queries, placeholders, words_of
from portal.store.query import NOTHING, Query
from portal.store.restricting import FILTER_FIRST, Limits, restricted

MAX_ROWS = 10_000
MAX_TEXT = 100_000
LIMITS: Mapping[str, str | int | float] = {
    "readonly": 1,
    "limit": MAX_ROWS + 1,  # one more tells that there are more
    "max_execution_time": 30,
    "max_rows_to_read": 5_000_000_000,
    "max_result_bytes": 64 << 20,
    "max_ast_depth": 500,
    "max_ast_elements": 20_000,
    "max_expanded_ast_elements": 100_000,
    "max_subquery_depth": 50,
    "max_parser_depth": 300,
    "max_analyze_depth": 2_000,
    "allow_introspection_functions": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_validate_utf8": 1,
    "date_time_output_format": "iso",
    # On a cluster an IN (SELECT …) is answered once for all shards: right wherever rows lie.
    "distributed_product_mode": "global",
}
CODE_NAME = re.compile(r" \([A-Z_]+\)$")
FORMATTED = "SELECT formatQuerySingleLine({query:String}) AS text"
TIMEOUT, TOO_MUCH_MEMORY, TOO_MANY_ROWS, TOO_MUCH_RESULT = 159, 241, 158, 396
TOO_MANY_QUERIES, STOPPING = 202, 236
IN_WORDS = {
    TIMEOUT: f"This took longer than {LIMITS['max_execution_time']} s: read fewer events.",
    TOO_MUCH_MEMORY: "This needs too much memory: read fewer events, or group by less.",
    TOO_MANY_ROWS: "This reads too many rows: read fewer events.",
    TOO_MUCH_RESULT: "The result is larger than 64 MiB: select fewer columns, or shorter texts.",
}


@dataclass(frozen=True)
class Statement:
    """What a person typed, with values for its {name:Type}."""

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A statement that may run, as it will run."""

    sql: str
    values: Mapping[str, Any]
    data_sets: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """Columns as (name, engine type), rows of JSON values, and what it cost."""

    columns: tuple[tuple[str, str], ...]
    rows: list[list[Any]]
    rows_read: int
    bytes_read: int
    elapsed_ms: float


def prepare(statement: Statement, person: str, offered: Mapping[str, Any]) -> Checked:
    """Check a statement and put its data sets before it.

    `offered` are values for parameters that the statement may use without being given them.
    Raises FieldError, client.QueryFailed (of the engine itself), client.EngineUnavailable.
    """
    text = formatted(statement.text)
    try:
        words = words_of(text)
        types = placeholders(words)
        offers = {name: value for name, value in offered.items() if name in types}
        values = bound(types, {**offers, **statement.parameters})
        root = parse_tree(lines("EXPLAIN AST", text, values))
        ctes = named_queries(words)
        used = check(root, ctes, allowed())
        sql = composed(text, used, database=database(), person=person)
        resolved = lines("EXPLAIN QUERY TREE", sql, values)
        check_resolved(resolved, ctes, frozenset(DATA_SETS))
    except Refused as problem:
        raise FieldError("query", str(problem)) from problem
    return Checked(sql, values, used)


def run(checked: Checked, limits: Limits) -> Answer:
    """Run a checked statement; it answers MAX_ROWS + 1 rows at most.

    `limits` say which rows it must not read. Raises as `prepare`, and MayNotRead.
    """
    answer = ask(checked.sql, checked.values, limits=limits)
    spent = answer["statistics"]
    return Answer(
        columns=tuple((column["name"], column["type"]) for column in answer["meta"]),
        rows=answer["data"],
        rows_read=int(spent["rows_read"]),
        bytes_read=int(spent["bytes_read"]),
        elapsed_ms=float(spent["elapsed"]) * 1_000,
    )


def formatted(text: str) -> str:
    """Let the engine write a statement anew. Raises FieldError with the place of a mistake."""
    if not text.strip():
        raise FieldError("query", "Write a SELECT.")
    if len(text) > MAX_TEXT:
        raise FieldError("query", f"A query has {MAX_TEXT:,} characters at most.")
    if "\0" in text:
        raise FieldError("query", "A query has no NUL characters.")
    found: str = ask(FORMATTED, {"query": text})["data"][0][0]
    return found


def lines(explain: str, sql: str, values: Mapping[str, Any]) -> list[str]:
    """Ask the engine to explain a statement."""
    return [row[0] for row in ask(f"{explain} {sql}", values, no_limit=True)["data"]]


def ask(
    sql: str, values: Mapping[str, Any], *, no_limit: bool = False, limits: Limits | None = None
) -> dict[str, Any]:
    """Run one statement in the readers' lane, with the engine's complaints as the author's.

    Without `limits` it must read no rows.
    """
    settings_ = {**LIMITS, "limit": 0} if no_limit else LIMITS
    query = Query(sql, values, settings_)
    if limits is not None:
        first = NOTHING if limits.rights.is_all else FILTER_FIRST
        query = restricted(
            replace(query, settings={**settings_, **first}), limits, database(), nodes.cluster()
        )
    try:
        body = client.read(query, lane="reader", fmt="JSONCompact")
    except client.QueryFailed as error:
        if error.code in (0, TOO_MANY_QUERIES, STOPPING):
            raise client.EngineUnavailable(
                "Too many queries run just now; try again in a moment."
            ) from error
        raise FieldError("query", IN_WORDS.get(error.code) or plain(str(error))) from error
    answer: dict[str, Any] = orjson.loads(body)
    return answer


def plain(message: str) -> str:
    """Cut an engine's message down to what its author can use: not our own part of the SQL."""
    message = message.rpartition("DB::Exception: ")[2]
    for mark in (": In scope ", " In scope ", ": while ", ": While ", " (version "):
        message = message.partition(mark)[0]
    return CODE_NAME.sub("", message.strip()).rstrip(":")[:1_000]


def database() -> str:
    return urlsplit(settings.CLICKHOUSE_URL).path.strip("/") or "default"


def allowed() -> Allowed:
    """Return what may be named; tables are read anew, for a migration may have made some."""
    found = client.run(
        Query(
            "SELECT name, 1 AS is_table FROM system.tables WHERE database = currentDatabase()"
            " UNION ALL SELECT lower(name), 0 FROM system.databases"
        )
    ).rows()
    return Allowed(
        catalogue=known_functions(settings.CLICKHOUSE_URL),
        data_sets=frozenset(DATA_SETS),
        hidden=frozenset(name for name, is_table in found if is_table),
        databases=frozenset(name for name, is_table in found if not is_table),
    )


@lru_cache(maxsize=4)
def known_functions(url: str) -> Catalogue:
    """Return which of this engine's functions may be called."""
    found = client.run(
        Query(
            "SELECT name, alias_to, is_aggregate = 1 AS sums, toString(categories) AS kind"
            " FROM system.functions"
        )
    ).rows()
    endings = client.run(Query("SELECT name FROM system.aggregate_function_combinators")).rows()
    functions = [Function(name, alias, bool(sums), kind) for name, alias, sums, kind in found]
    return catalogue(functions, [ending for (ending,) in endings])
