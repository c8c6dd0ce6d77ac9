"""Read what somebody asks for: a new link, a new snapshot; from JSON or from a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict

from dashboards.looking import PLAIN, VARIABLE_PREFIX
from dashboards.models import Dashboard, PublicLink, Snapshot
from dashboards.open.actions import NewLink
from dashboards.open.freezing import Frozen, freeze
from dashboards.open.looking import look_kept
from dashboards.open.models import LINK
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader
from portal.live.topics import BadRequest

MOST_HOURS = 366 * 24
LONGEST_LOOK = 2000


def link_in(body: Any, user: User, dashboard: Dashboard | None, now: datetime) -> NewLink:
    """Read a new link from the API's JSON. Raises FieldError."""
    reader = Reader(body)
    kind = reader.choice("kind", list(PublicLink.KINDS), LINK)
    look = reader.text("look", "")
    new = NewLink(
        name=reader.text("name"),
        kind=kind,
        expires_at=end_in(reader, now, needed=kind == LINK),
        look=look_in(look, user, dashboard, now),
        may_choose_range=reader.flag("may_choose_range"),
        may_download=reader.flag("may_download"),
        hosts=reader.each("hosts", host_in, most=20),
        snapshot=snapshot_in(reader, user),
    )
    reader.finish()
    return new


def end_in(reader: Reader, now: datetime, *, needed: bool) -> datetime | None:
    """Read `expires_in_hours`. Raises FieldError where it is needed and not there."""
    if reader.take("expires_in_hours") is None:
        if needed:
            raise FieldError("expires_in_hours", f"Say after how many hours, 1 to {MOST_HOURS}.")
        return None
    return now + timedelta(hours=reader.integer("expires_in_hours", 0, low=1, high=MOST_HOURS))


def host_in(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise FieldError(path, "This must be an origin such as https://wiki.example.com.")
    return value.strip().lower()


def snapshot_in(reader: Reader, user: User) -> Snapshot | None:
    if reader.take("snapshot") is None:
        return None
    wanted = reader.integer("snapshot", 0, low=1, high=2**63 - 1)
    found = visible(user, Snapshot).filter(pk=wanted).first()
    if found is None:
        raise FieldError("snapshot", "There is no snapshot with this id.")
    return found


def look_in(
    text: str, user: User, dashboard: Dashboard | None, now: datetime
) -> dict[str, list[str]]:
    """Read the query string of a dashboard's address: its range and its variables.

    Raises FieldError for a range that cannot be.
    """
    if len(text) > LONGEST_LOOK:
        raise FieldError("look", f"This has {LONGEST_LOOK} characters at most.")
    given = QueryDict(text.replace("%00", "").lstrip("?"))
    found = {
        name: [str(value) for value in values]
        for name, values in given.lists()
        if (name in PLAIN or name.startswith(VARIABLE_PREFIX)) and any(values)
    }
    if dashboard is not None:
        check_look(found, user, dashboard, now)
    return found


def check_look(
    look: Mapping[str, list[str]], user: User, dashboard: Dashboard, now: datetime
) -> None:
    try:
        look_kept(dashboard, user, look, now)
    except BadRequest as problem:
        raise FieldError("look", str(problem)) from problem


def frozen_now(user: User, dashboard: Dashboard, text: str, now: datetime) -> Frozen:
    """Freeze a dashboard as somebody looks at it. Raises FieldError."""
    chosen = look_in(text, user, dashboard, now)
    return freeze(dashboard, look_kept(dashboard, user, chosen, now), now)
