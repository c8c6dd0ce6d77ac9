"""Read what somebody wants to note of a time, from JSON or a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.window import NEWEST, OLDEST
from analytics.insights.models import Annotation
from portal.lib.field_error import FieldError

Json = dict[str, Any]
LONGEST_TEXT = 200
# What an answer has, so that it can be sent back as it came; nobody sets it.
READ_ONLY = ("id", "created_by", "created_at", "updated_at")


@dataclass(frozen=True)
class Draft:
    """An annotation to make; `until` None is a moment, an empty event is all."""

    text: str
    at: datetime
    until: datetime | None = None
    event: str = ""

    def columns(self) -> Json:
        return asdict(self)


def parse_draft(body: Any, zone: ZoneInfo, before: Annotation | None = None) -> Draft:
    """Read an annotation; with `before`, what is left out stays. Times without an offset are the
    zone's. Raises FieldError.
    """
    given = as_json(before) | dict(body) if before and isinstance(body, Mapping) else body
    reader = Reader(given)
    draft = Draft(
        text=short(reader, "text").strip(),
        at=moment(reader, "at", zone),
        until=moment(reader, "end", zone) if reader.values.get("end") else None,
        event=short(reader, "event") if reader.values.get("event") else "",
    )
    for name in (*READ_ONLY, "end", "event"):
        reader.take(name)
    reader.finish()
    if not draft.text:
        raise FieldError("text", "Say what happened.")
    if draft.until is not None and draft.until <= draft.at:
        raise FieldError("end", "This must be later than `at`.")
    return draft


def short(reader: Reader, name: str) -> str:
    found = reader.text(name)
    if len(found) > LONGEST_TEXT:
        raise FieldError(reader.at(name), f"This has {LONGEST_TEXT} characters at most.")
    if "\0" in found:
        raise FieldError(reader.at(name), "This holds a character that cannot be stored.")
    return found


def moment(reader: Reader, name: str, zone: ZoneInfo) -> datetime:
    given = reader.text(name)
    try:
        at = datetime.fromisoformat(given)
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        if OLDEST <= at <= NEWEST:
            return at
    except (ValueError, OverflowError):
        pass
    message = "This must be a time from 1900 on, such as 2026-03-01T14:30:00Z."
    raise FieldError(reader.at(name), message)


def as_json(row: Annotation) -> Json:
    """Return the contract's shape of one annotation."""
    return {
        "id": row.pk,
        "text": row.text,
        "at": written(row.at),
        "end": written(row.until) if row.until else None,
        "event": row.event or None,
        "created_by": row.created_by.email if row.created_by else "system",
        "created_at": written(row.created_at),
        "updated_at": written(row.updated_at),
    }


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
