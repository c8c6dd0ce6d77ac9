"""A table as a file to keep."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from analytics.insights.actions import Exported, record_export
from analytics.insights.spreadsheet import Table, as_csv, as_xlsx
from portal.accounts.models import User
from portal.store.frame import Frame

FileKind = Literal["csv", "xlsx"]
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(
    user: User, table: Table, kind: FileKind, at: datetime, zone: ZoneInfo
) -> HttpResponse:
    """Answer the table as a file named after it and the moment of its figures, and note that."""
    record_export(user, Exported(table.name, kind, len(table.rows), at))
    if kind == "xlsx":
        response = HttpResponse(as_xlsx(table, zone), content_type=XLSX)
    else:
        response = HttpResponse(as_csv(table), content_type=CSV)
    name = f"{table.name}-{at:%Y%m%d-%H%M%S}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def frame_table(name: str, frame: Frame) -> Table:
    """Return an answer's own columns as a table."""
    return Table(name, [column.label for column in frame.columns], list(frame.rows()))
