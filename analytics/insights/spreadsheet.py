"""Any table as CSV or as an Excel file. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

# A cell that begins like a formula would run in a spreadsheet.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
MAX_SHEET_NAME, MAX_CELL, MAX_ROWS = 31, 32_767, 1_048_576
NO_NAME = str.maketrans("", "", "[]:*?/\\")


@dataclass(frozen=True)
class Table:
    """A named table: heads and rows of texts, numbers, booleans, times or None."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def as_csv(table: Table) -> str:
    """Return the table with a line of heads; nothing in it runs as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(column) for column in table.columns])
    writer.writerows([plain(value) for value in row] for row in table.rows)
    return out.getvalue()


def plain(value: Any) -> Any:
    """Return a cell as CSV has it: times in RFC 3339, booleans in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else safe(value)


def safe(value: Any) -> Any:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def as_xlsx(table: Table, zone: ZoneInfo) -> bytes:
    """Return the table as one sheet; Excel knows no time zones, so times stand in `zone`."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(out, options) as book:
        sheet = book.add_worksheet(table.name.translate(NO_NAME)[:MAX_SHEET_NAME] or "Table")
        head = book.add_format({"bold": True, "bottom": 1})
        times = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, str(column)[:MAX_CELL], head)
        for number, row in enumerate(table.rows[: MAX_ROWS - 1], start=1):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    wall = value.astimezone(zone).replace(tzinfo=None)
                    sheet.write_datetime(number, place, wall, times)
                elif isinstance(value, str):
                    sheet.write_string(number, place, value[:MAX_CELL])
                elif value is not None:
                    sheet.write(number, place, value)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return out.getvalue()
