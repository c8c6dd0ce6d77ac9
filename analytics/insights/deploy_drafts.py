"""Read what somebody tells of a deploy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from analytics.insights.annotation_drafts import written
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.window import NEWEST, OLDEST
from analytics.insights.models import Deploy
from portal.lib.field_error import FieldError

Json = dict[str, Any]
LONGEST, LONGEST_URL = 100, 500


@dataclass(frozen=True)
class Draft:
    """A deploy to note; one of version and deployment id says which."""

    service: str
    at: datetime
    version: str = ""
    deployment_id: str = ""
    environment: str = ""
    url: str = ""

    def columns(self) -> Json:
        return asdict(self)


def parse_draft(body: Any, now: datetime) -> Draft:
    """Read a deploy; without a time it was now. Raises FieldError."""
    reader = Reader(body)
    draft = Draft(
        service=short(reader, "service", LONGEST),
        at=moment(reader, now),
        version=short(reader, "version", LONGEST, default=""),
        deployment_id=short(reader, "deploymentId", LONGEST, default=""),
        environment=short(reader, "environment", LONGEST, default=""),
        url=address(reader),
    )
    reader.finish()
    if not draft.version and not draft.deployment_id:
        raise FieldError("version", "Say which: a `version`, a `deploymentId` or both.")
    return draft


def short(reader: Reader, name: str, most: int, default: str | None = None) -> str:
    found = reader.text(name, default).strip()
    if len(found) > most or (default is None and not found):
        raise FieldError(reader.at(name), f"A text of 1 to {most} characters.")
    return found


def address(reader: Reader) -> str:
    found = short(reader, "url", LONGEST_URL, default="")
    if found and urlsplit(found).scheme not in ("http", "https"):
        raise FieldError("url", "This must begin with https:// or http://.")
    return found


def moment(reader: Reader, now: datetime) -> datetime:
    given = reader.text("at", "")
    if not given:
        return now
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not OLDEST <= at <= NEWEST:
        message = "This must be a time with its offset, such as 2026-03-01T14:30:00Z."
        raise FieldError("at", message)
    return at


def as_json(row: Deploy) -> Json:
    """Return the API's shape of a deploy."""
    return {
        "id": row.pk,
        "service": row.service,
        "version": row.version or None,
        "deploymentId": row.deployment_id or None,
        "environment": row.environment or None,
        "url": row.url or None,
        "at": written(row.at),
        "created_by": row.created_by.email if row.created_by else "system",
        "created_at": written(row.created_at),
    }
