"""The state of the form for a cohort that is a list of user ids."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from analytics.insights.forms.shared import text
from portal.lib.field_error import FieldError

HEADERS = ("user_id", "userid", "user id", "id")
# typeshed makes the class generic, Django does not.
File: TypeAlias = "UploadedFile[Any]"
LARGEST_FILE = 30_000_000
LONGEST_SHOWN = 1_000_000  # characters; a form takes some 2 MB


@dataclass(frozen=True)
class ListForm:
    """A list as typed; `kept` are the ids of a list that is too long to be shown."""

    name: str = ""
    description: str = ""
    ids: str = ""
    version: str = ""
    kept: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: QueryDict, kept: tuple[str, ...] = ()) -> ListForm:
        return cls(
            text(query, "name"),
            text(query, "description"),
            text(query, "ids"),
            text(query, "version"),
            kept,
        )

    def definition(self, file: File | None) -> dict[str, Any]:
        """Return the list: what was typed, then what the file holds. Raises FieldError."""
        found = [*typed(self.ids), *(in_file(file) if file else ())]
        return {"kind": "static", "user_ids": list(dict.fromkeys(found or self.kept))}


def typed(ids: str) -> Iterator[str]:
    """Return the ids of a text: one a line, or several with commas or semicolons between."""
    for line in ids.replace(";", "\n").replace(",", "\n").splitlines():
        if found := line.strip().strip('"').strip():
            yield found


def in_file(file: File) -> Iterator[str]:
    """Return the ids of a CSV file: its column user_id or id, else the first. Raises FieldError."""
    if (file.size or 0) > LARGEST_FILE:
        raise FieldError("file", f"A file has {LARGEST_FILE // 1_000_000} MB at most.")
    try:
        lines = file.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise FieldError("file", "This file is no text in UTF-8.") from problem
    delimiter = max(";\t,", key=lines[0].count) if lines else ","
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as problem:
        raise FieldError("file", f"This file is no CSV: {problem}.") from problem
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((head.index(name) for name in HEADERS if name in head), None)
    for row in rows if column is None else rows[1:]:
        at = column or 0
        if at < len(row) and row[at].strip():
            yield row[at].strip()


def list_form(name: str, description: str, ids: list[str], version: int) -> ListForm:
    """Return the form of a saved list."""
    shown = "\n".join(ids)
    is_long = len(shown) > LONGEST_SHOWN or any("," in one or ";" in one for one in ids)
    kept = tuple(ids) if is_long else ()
    return ListForm(name, description, "" if is_long else shown, str(version), kept)
