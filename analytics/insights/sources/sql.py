"""The source `sql`: a SELECT that somebody typed, over the data sets that they may see.

Asked with `query` and `parameters`. Columns are the statement's own; `extra` holds the contract's
`columns`, `rows` and `truncated`. A statement may use {from:DateTime64(6)}, {to:DateTime64(6)} and
{time_zone:String} without being given them: they are the question's range.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analytics.insights.definitions.sql import Sql, parse_sql
from portal.store import guarded
from portal.store.frame import Column, ColumnType, Frame, Meta
from portal.store.guarded import MAX_ROWS, Answer, Checked, Statement
from portal.store.query import Query
from portal.store.sources import Question, readable, sources

AROUND = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)")
TYPES: tuple[tuple[str, ColumnType], ...] = (
    ("Date", "time"), ("Bool", "boolean"), ("UInt", "number"), ("Int", "number"),
    ("Float", "number"), ("Decimal", "number"), ("BFloat", "number"), ("Array", "json"),
    ("Map", "json"), ("Tuple", "json"), ("JSON", "json"), ("Dynamic", "json"), ("Variant", "json"),
)  # fmt: skip


@dataclass(frozen=True)
class SqlSource:
    kind: str = "sql"
    label: str = "SQL"

    def run(self, question: Question) -> Frame:
        """Check the statement and run it. Raises FieldError."""
        checked = prepared(parse_sql(question.params), question)
        answer = guarded.run(checked, question.limits)
        return framed(answer, meta_of(checked, answer, question))

    def check(self, question: Question) -> Sql:
        """Return the statement if it may run. Raises FieldError."""
        asked = parse_sql(question.params)
        prepared(asked, question)
        return asked


def prepared(asked: Sql, question: Question) -> Checked:
    statement = Statement(asked.query, asked.parameters)
    return guarded.prepare(statement, question.person, offered(question))


def offered(question: Question) -> dict[str, Any]:
    """Return what a statement may use of the question's range."""
    if question.window is None:
        return {}
    return {
        "from": question.window.start.isoformat(),
        "to": question.window.end.isoformat(),
        "time_zone": question.window.zone,
    }


def framed(answer: Answer, meta: Meta) -> Frame:
    """Lay the answer out by columns, and as the contract's JSON."""
    rows = answer.rows[:MAX_ROWS]
    columns = tuple(Column(name, type_of(kind), name) for name, kind in answer.columns)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    values = tuple(
        [read_time(cell) for cell in found] if column.type == "time" else list(found)
        for column, found in zip(columns, cells, strict=True)
    )
    extra = {
        "columns": [{"name": name, "type": kind} for name, kind in answer.columns],
        "rows": rows,
        "truncated": len(answer.rows) > MAX_ROWS,
    }
    return Frame(columns, values, meta, extra)


def type_of(kind: str) -> ColumnType:
    """Return what a column of the engine's type is to a widget."""
    while (found := AROUND.fullmatch(kind)) is not None:
        kind = found[1]
    return next((meaning for start, meaning in TYPES if kind.startswith(start)), "string")


def read_time(cell: Any) -> datetime | None:
    """Read a time or a day as the engine writes them; what Python cannot hold is nothing."""
    try:
        at = datetime.fromisoformat(str(cell))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def meta_of(checked: Checked, answer: Answer, question: Question) -> Meta:
    warnings = []
    if len(answer.rows) > MAX_ROWS:
        warnings.append(f"There are more than {MAX_ROWS:,} rows; these are the first.")
    tells = question.rights.is_all
    return Meta(
        as_of=question.as_of,
        elapsed_ms=answer.elapsed_ms,
        rows_read=answer.rows_read if tells else 0,
        bytes_read=answer.bytes_read if tells else 0,
        sql=(readable(Query(checked.sql, checked.values)),),
        warnings=tuple(warnings),
        counted=tuple(sentences(sorted(checked.data_sets))),
    )


def sentences(used: Sequence[str]) -> list[str]:
    """Explain what the rows are made of."""
    if not used:
        return ["The SQL as it was written; it reads no data."]
    return [
        f"The SQL as it was written, over the data sets: {', '.join(used)}.",
        "`person` is the person after all merges; 0 is nobody. Times are in UTC unless the SQL"
        " says otherwise.",
    ]


sources.add(SqlSource())
