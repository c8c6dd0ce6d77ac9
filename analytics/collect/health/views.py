"""The page of health: what is checked and how it is, and what the portal's processes use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analytics.collect import processes
from analytics.collect.health import history, standing
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.client import EngineUnavailable, QueryFailed

Json = dict[str, Any]
EXPLORE = "insights.explore"


@require_safe
@never_cache
@staff_page(EXPLORE)
def health(request: StaffRequest) -> HttpResponse:
    """Show every check and every process as they are now."""
    now = clock.now()
    found = standing.read()
    is_current = any(one.is_current(now) for one in found)
    context = {
        "checks": found,
        "failing": sum(not one.is_up for one in found if is_current),
        "is_current": is_current,
        "checked_at": max((one.at for one in found), default=None),
        "processes": [told(one, now) for one in processes.usage(settings.DATA_DIR)],
        **drawn(now),
    }
    return render(request, "collect/health.html", context)


def drawn(now: datetime) -> Json:
    try:
        return {"figure": history.drawn(now, ZoneInfo(settings.PORTAL_TIME_ZONE))}
    except (QueryFailed, EngineUnavailable) as problem:
        return {"figure": {}, "trouble": str(problem)}


def told(one: processes.Usage, now: datetime) -> Json:
    age = now - datetime.fromtimestamp(one.started_at, tz=UTC)
    share = one.cpu_seconds / max(age.total_seconds(), 1.0)
    return {
        "name": one.name,
        "memory": one.proportional_bytes,
        "cpu": share if age > timedelta(seconds=5) else None,
        "files": one.open_files,
        "started_at": datetime.fromtimestamp(one.started_at, tz=UTC),
        "restarts": one.restarts,
    }
