"""What a dashboard's own page says of one's day: whether it is starred, and one's home."""

from __future__ import annotations

from typing import Any

from dashboards.daily.actions import note_visit
from dashboards.models import Dashboard, Favorite, HomeDashboard
from portal.accounts.models import User
from portal.lib import clock


def opened(user: User, dashboard: Dashboard) -> dict[str, Any]:
    """Note that somebody opened a dashboard; returns what its page shows of that."""
    note_visit(user, dashboard, clock.now())
    mine = {"user": user, "dashboard": dashboard}
    return {
        "is_starred": Favorite.objects.filter(**mine).exists(),
        "is_home": HomeDashboard.objects.filter(**mine).exists(),
    }
