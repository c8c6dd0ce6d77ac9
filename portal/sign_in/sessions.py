"""Sessions in PostgreSQL that know whose they are: Django's store, with our columns.

Django's SESSION_ENGINE. What the columns say stands in the session itself, under SIGN_IN.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from portal.sign_in.models import Session

SIGN_IN = "sign_in"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]  # ours
        about = data.get(SIGN_IN, {})
        row.user_id = int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        if "id" in about:
            row.public_id = UUID(about["id"])
        row.provider = about.get("provider", "")
        row.provider_session = about.get("provider_session", "")
        row.address = about.get("address", "")
        row.browser = about.get("browser", "")
        row.started_at = read_time(about.get("started_at"))
        row.seen_at = read_time(about.get("seen_at"))
        return row


def read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def about(session: SessionBase) -> dict[str, Any]:
    """Return what is known of a login's session; empty before the login."""
    found: dict[str, Any] = session.get(SIGN_IN, {})
    return found
