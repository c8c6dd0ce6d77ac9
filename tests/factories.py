"""Make one valid thing of each kind; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from analytics.insights import actions as insights
from analytics.insights.annotation_drafts import Draft as AnnotationDraft
from analytics.insights.cohort_drafts import Save, parse_draft
from analytics.insights.models import Annotation, Cohort
from dashboards.models import Dashboard, Widget
from portal.accounts import actions
from portal.accounts.models import SCOPES, ApiToken, User
from portal.lib import clock

_number = count(1)


def make_staff(*roles: str, name: str = "", password: str | None = None) -> User:
    """Make an account. Without a password it is logged in by the fixture, which is faster."""
    if not Group.objects.filter(name="admin").exists():
        actions.sync_roles()  # a transactional test before this one emptied the tables
    called = name or "-".join(roles) or "nobody"
    return actions.create_staff(
        None, email=f"{called}-{next(_number)}@example.com", roles=roles, password=password,
        name=called,
    )  # fmt: skip


def make_token(
    user: User, *, scopes: Sequence[str] = SCOPES, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Return a token of the user and its text."""
    return actions.create_token(user, user, name="test", scopes=scopes, expires_at=expires_at)


def make_cohort(actor: User | None = None, definition: Any = None, name: str = "") -> Cohort:
    """Make a cohort of those who did “buy”, or of others."""
    body = {
        "name": name or f"Cohort {next(_number)}",
        "definition": definition or {"did": "buy"},
    }
    return insights.create_cohort(actor, parse_draft(body), Save(clock.now(), None))


def make_annotation(actor: User | None = None, **values: Any) -> Annotation:
    """Note that something happened now."""
    now = clock.now()
    draft = AnnotationDraft(**{"text": "Release", "at": now, **values})
    return insights.create_annotation(actor, draft, now)


def make_dashboard(uid: str = "", **values: Any) -> Dashboard:
    """Make a dashboard with one text widget."""
    made = Dashboard.objects.create(
        **{"uid": uid or f"board-{next(_number)}", "name": "Board", **values}
    )
    make_widget(made, "note", kind="text", source="text", query="**Hello**")
    return made


def make_widget(dashboard: Dashboard, key: str, **values: Any) -> Widget:
    usual: dict[str, Any] = {
        "type": "custom", "kind": "text", "title": key.title(), "source": "text",
        "refresh_interval_ms": 1000,
    }  # fmt: skip
    return Widget.objects.create(dashboard=dashboard, key=key, **(usual | values))
