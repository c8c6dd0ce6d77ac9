"""The dataset `recent_errors`: what failed lately, of the events `error_occurred`.

Columns: `timestamp` (when last), `error_type`, `message`, `component`, `severity`, `count`; an error
of the same type, message, component and severity is one row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analytics.insights.sql import datasets as sql
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.sources import Question, dataset, sources

COLUMNS = (
    Column("timestamp", "time", "Last seen"),
    Column("error_type", "string", "Type"),
    Column("message", "string", "Message"),
    Column("component", "string", "Component"),
    Column("severity", "string", "Severity"),
    Column("count", "number", "Count", "count"),
)
COUNTED = (
    "Events named error_occurred; those of one type, message, component and severity are one row,"
    " the latest first."
)


@dataclass(frozen=True)
class RecentErrors:
    kind: str = dataset("recent_errors")
    label: str = "Recent errors"
    counted: str = COUNTED

    def run(self, question: Question) -> Frame:
        if question.window is None:
            raise FieldError("from", "Recent errors need a time range.")
        result, cost = question.run(sql.recent_errors(question.window, question.person))
        rows = list(zip(*result.rows(), strict=True)) or [()] * len(COLUMNS)
        return Frame(
            COLUMNS, tuple(list(cells) for cells in rows), replace(cost, counted=(COUNTED,))
        )


sources.add(RecentErrors())
