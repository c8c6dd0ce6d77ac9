"""Make one valid thing of each kind; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from itertools import count
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from analytics.collect.models import BusinessMetric
from analytics.insights import actions as insights
from analytics.insights.actions.deploys import note_deploy
from analytics.insights.annotation_drafts import Draft as AnnotationDraft
from analytics.insights.cohort_drafts import Save, parse_draft
from analytics.insights.deploy_drafts import Draft as DeployDraft
from analytics.insights.models import Annotation, Cohort, DataSet, Deploy
from dashboards.models import (
    Dashboard,
    LibraryWidget,
    Playlist,
    PlaylistEntry,
    PublicLink,
    Snapshot,
    Widget,
)
from portal.accounts import actions
from portal.accounts.models import SCOPES, ApiToken, User
from portal.lib import clock
from portal.lib.secrets import new_secret

_number = count(1)
first_data_set = import_module("analytics.insights.migrations.0011_data_sets")


def make_staff(*roles: str, name: str = "", password: str | None = None) -> User:
    """Make an account. Without a password it is logged in by the fixture, which is faster."""
    ensure_roles()
    called = name or "-".join(roles) or "nobody"
    return actions.create_staff(
        None, email=f"{called}-{next(_number)}@example.com", roles=roles, password=password,
        name=called,
    )  # fmt: skip


def make_cast(roles: Mapping[str, str]) -> dict[str, User]:
    """Make an account a name with that role, if any, in four statements: most tests want a cast."""
    ensure_roles()
    groups = {group.name: group for group in Group.objects.filter(name__in=roles.values())}
    made = User.objects.bulk_create(
        User(
            email=f"{name}-{next(_number)}@example.com", name=name,
            password=make_password(None), is_staff=role == "admin",
        )
        for name, role in roles.items()
    )  # fmt: skip
    cast = dict(zip(roles, made, strict=True))
    User.groups.through.objects.bulk_create(
        User.groups.through(user=cast[name], group=groups[role])
        for name, role in roles.items()
        if role
    )
    return cast


def ensure_roles() -> None:
    """Make the roles again if a transactional test before this one emptied the tables."""
    if not Group.objects.filter(name="admin").exists():
        actions.sync_roles()
    if not DataSet.objects.exists():
        first_data_set.share_all_data(apps, None)


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


def make_deploy(actor: User | None = None, **values: Any) -> Deploy:
    """Note that a version of a service went live now."""
    now = clock.now()
    draft = DeployDraft(**{"service": "shop", "version": "4.2", "at": now, **values})
    return note_deploy(actor, draft, now)[0]


def make_business_metric(actor: User | None = None, **values: Any) -> BusinessMetric:
    """Make a metric that counts events; nothing is asked of the engine for it."""
    now = clock.now()
    usual = {"name": f"metric_{next(_number)}", "query": "SELECT count() AS value FROM events"}
    return BusinessMetric.objects.create(
        **{"author": actor, "interval_s": 300, "due_at": now, "created_at": now, "updated_at": now}
        | usual
        | values
    )


def make_dashboard(uid: str = "", **values: Any) -> Dashboard:
    """Make a dashboard with one text widget."""
    made = Dashboard.objects.create(
        **{"uid": uid or f"board-{next(_number)}", "name": "Board", **values}
    )
    make_widget(made, "note", kind="text", source="text", query="**Hello**")
    return made


def make_library_widget(
    owner: User | None = None, uid: str = "", **definition: Any
) -> LibraryWidget:
    """Make a library widget: a text, unless something else is said of it."""
    usual: dict[str, Any] = {
        "description": "", "source": "text", "query": "**Hello**", "refresh_interval": 30_000,
        "config": {"kind": "text"},
    }  # fmt: skip
    now = clock.now()
    return LibraryWidget.objects.create(
        uid=uid or f"kept-{next(_number)}", name="Kept", definition=usual | definition,
        created_by=owner, created_at=now, updated_at=now,
    )  # fmt: skip


def make_playlist(*boards: Dashboard, **values: Any) -> Playlist:
    """Make a playlist of these dashboards."""
    now = clock.now()
    usual = {"name": "Wall", "created_at": now, "updated_at": now}
    made = Playlist.objects.create(**usual | values)
    for place, board in enumerate(boards):
        PlaylistEntry.objects.create(playlist=made, dashboard=board, place=place)
    return made


def make_public_link(
    target: Dashboard | Playlist, maker: User, **values: Any
) -> tuple[PublicLink, str]:
    """Return a link that lasts an hour, and its secret; whether links are on is not asked."""
    now, secret = clock.now(), new_secret("pub")
    usual = {
        "playlist" if isinstance(target, Playlist) else "dashboard": target,
        "name": "A customer", "created_at": now, "expires_at": now + timedelta(hours=1),
        "prefix": secret.prefix, "digest": secret.digest, "created_by": maker,
    }  # fmt: skip
    return PublicLink.objects.create(**usual | values), secret.text


def make_snapshot(dashboard: Dashboard, maker: User, **values: Any) -> Snapshot:
    """Make a snapshot of one box, which says Hello."""
    now = clock.now()
    place = {"x": 0, "y": 0, "w": 8, "h": 4}
    box = {"id": "note", "title": "Note", "position": place, "config": {"kind": "text"}}
    span = {"from": now.isoformat(), "to": now.isoformat(), "tz": "UTC"}
    usual = {
        "dashboard": dashboard, "name": "Then", "created_by": maker, "created_at": now,
        "expires_at": now + timedelta(days=1), "size_bytes": 100,
        "board": {"name": dashboard.name, "widgets": [box], "range": span},
        "answers": {"note": {"state": "ok", "html": "<p>Hello then</p>", "meta": {}}},
    }  # fmt: skip
    return Snapshot.objects.create(**usual | values)


def make_widget(dashboard: Dashboard, key: str, **values: Any) -> Widget:
    usual: dict[str, Any] = {
        "type": "custom", "kind": "text", "title": key.title(), "source": "text",
        "refresh_interval_ms": 1000,
    }  # fmt: skip
    return Widget.objects.create(dashboard=dashboard, key=key, **(usual | values))
