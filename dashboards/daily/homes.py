"""What somebody finds at home: their own choice, else their team's, else their role's."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.models import Dashboard, HomeDashboard
from portal.accounts.access import visible
from portal.accounts.models import User
from portal.accounts.roles import ROLES

USUAL = "business"
# The mightiest role decides for who has several.
ORDER = {name: at for at, name in enumerate(("admin", "editor", "analyst", "responder", "viewer"))}


@dataclass(frozen=True)
class Home:
    """`why` says whose choice it is; nothing for what ships with the portal."""

    dashboard: Dashboard
    why: str = ""
    is_own: bool = False


def home_of(user: User) -> Home | None:
    """Return what somebody finds at home; a choice that they may not see is passed over."""
    seen = visible(user, Dashboard).prefetch_related("widgets")
    chosen = HomeDashboard.objects.filter(user=user) | HomeDashboard.objects.filter(
        group__user=user
    )
    rows = chosen.filter(dashboard__in=visible(user, Dashboard)).select_related("group").distinct()
    first = min(rows, key=precedence, default=None)
    if first is None:
        usual = seen.filter(uid=USUAL).first()
        return Home(usual) if usual else None
    found = seen.get(pk=first.dashboard_id)
    return Home(found, why_of(first), is_own=first.user_id is not None)


def precedence(row: HomeDashboard) -> tuple[int, int, str]:
    """Sort one's own choice first, then teams' by name, then roles' from the mightiest."""
    if row.group is None:
        return (0, 0, "")
    if row.group.name in ROLES:
        return (2, ORDER.get(row.group.name, len(ORDER)), "")
    return (1, 0, row.group.name)


def why_of(row: HomeDashboard) -> str:
    if row.group is None:
        return "you chose it"
    word = "role" if row.group.name in ROLES else "team"
    return f"the home of the {word} {row.group.name}"
