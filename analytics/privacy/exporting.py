"""Hand out all that is held of a person: one JSON file a store, in a zip."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from analytics.ingest.models import PersonRequest
from portal.audit.personal import Subject, holders

README = """All that this portal holds of a person.

manifest.json says when it was made and how many entries each file has. Every other file is one
store: a JSON array. Times are UTC, RFC 3339.
"""


def folder() -> Path:
    found: Path = settings.DATA_DIR / "exports"
    return found


def write(request: PersonRequest, subject: Subject, now: datetime) -> tuple[Path, dict[str, int]]:
    """Write the archive, readable by its owner only; returns its file and the entries by store.

    Raises QueryFailed, EngineUnavailable, OSError.
    """
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder() / f"person-{request.pk}-{secrets.token_hex(8)}.zip"
    draft = file.with_suffix(".part")
    draft.touch(mode=0o600)
    counts: dict[str, int] = {}
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("README.txt", README)
            for holder in holders:
                with packed.open(f"{holder.kind}.json", "w", force_zip64=True) as stream:
                    counts[holder.kind] = write_rows(stream, holder.rows(subject))
            packed.writestr("manifest.json", manifest(subject, counts, now))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file, counts


def write_rows(stream: IO[bytes], rows: Iterator[Mapping[str, Any]]) -> int:
    """Write a JSON array row by row; returns how many."""
    count = 0
    stream.write(b"[")
    for count, row in enumerate(rows, 1):
        stream.write(b"\n" if count == 1 else b",\n")
        stream.write(orjson.dumps(row, default=plain))
    stream.write(b"\n]\n")
    return count


def manifest(subject: Subject, counts: Mapping[str, int], now: datetime) -> bytes:
    stores = [
        {"file": f"{holder.kind}.json", "store": holder.label, "entries": counts[holder.kind]}
        for holder in holders
    ]
    about = {
        "made_at": now,
        "user_ids": subject.user_ids,
        "anonymous_ids": subject.anonymous_ids,
        "stores": stores,
    }
    return orjson.dumps(about, default=plain, option=orjson.OPT_INDENT_2)


def plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | set) else str(value)


def path_of(request: PersonRequest) -> Path | None:
    """Return a request's file while there is one."""
    file = folder() / request.file
    return file if request.file and file.is_file() else None


def forget_file(request: PersonRequest) -> None:
    """Delete a request's file, and say that it is gone."""
    if request.file:
        (folder() / request.file).unlink(missing_ok=True)
    PersonRequest.objects.filter(pk=request.pk).update(
        file="", state=PersonRequest.State.EXPIRED, subject=""
    )
