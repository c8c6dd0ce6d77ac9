"""The dashboards that ship with the portal: brought up to date at every start, unless changed here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from dashboards.actions import origins
from dashboards.document import checked
from dashboards.models import Dashboard, Origin
from dashboards.shapes import document_of
from dashboards.shipped import Shipped
from dashboards.shipped.business import BUSINESS
from dashboards.shipped.business_metrics import BUSINESS_METRICS
from dashboards.shipped.data_flow import DATA_FLOW
from dashboards.shipped.metrics import ERROR_TRACKING, PERFORMANCE, SYSTEM_OVERVIEW
from dashboards.sides import Standing, standing
from portal.lib import clock

SHIPPED = (BUSINESS, BUSINESS_METRICS, DATA_FLOW, SYSTEM_OVERVIEW, ERROR_TRACKING, PERFORMANCE)
KIND = "shipped"


def provision() -> list[str]:
    """Make or update what ships; returns the uids that changed. Safe to repeat.

    What somebody changed or removed here stays as they left it: its page offers the shipped one.
    """
    now = clock.now()
    return [shipped.uid for shipped in SHIPPED if bring_up_to_date(shipped, now)]


@transaction.atomic
def bring_up_to_date(shipped: Shipped, now: datetime) -> bool:
    there = document_shipped(shipped)
    held = Dashboard.objects.select_for_update().filter(uid=shipped.uid).first()
    origin = origins.origin_of(KIND, shipped.uid)
    here = document_of(held) if held else None
    if held is not None and origin.base is None:
        if not held.is_provisioned:
            return False  # somebody's own, which only has this address
        # Before there were origins every start overwrote it: what stands there is what shipped.
        origin.base = here
    found = standing(here, there, origin.base)
    if found is Standing.NEW:
        origins.make_from(None, origin, there, now, is_public=shipped.is_public)
    elif found is Standing.CHANGED_THERE:
        origins.take_from(None, origin, there, there, now)
    elif held is not None and found is Standing.IN_SYNC and is_stale(origin, there):
        origins.agree(origin, held, there, now)
    return found in (Standing.NEW, Standing.CHANGED_THERE)


def is_stale(origin: Origin, there: dict[str, Any]) -> bool:
    """Tell whether it has not been written down yet that both sides agree on this."""
    return origin.dashboard_id is None or origin.base != there


def document_shipped(shipped: Shipped) -> dict[str, Any]:
    """Return what ships as a document."""
    return checked({
        "name": shipped.name, "description": shipped.description, "tags": shipped.tags,
        "time": {"from": shipped.starts}, "widgets": [box.as_widget() for box in shipped.boxes],
    })  # fmt: skip


def shipped_document(uid: str) -> dict[str, Any] | None:
    """Return the document that ships under this address; None where nothing does."""
    found = next((one for one in SHIPPED if one.uid == uid), None)
    return document_shipped(found) if found is not None else None
