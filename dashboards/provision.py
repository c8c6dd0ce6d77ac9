"""The dashboards that ship with the portal, brought up to date at every start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from dashboards.models import Dashboard, Widget
from dashboards.shapes import TYPES, size_of
from portal.audit.trail import Change, record

TREND = {"kind": "trend"}
USD = {"property": "currency", "op": "=", "value": "USD"}


@dataclass(frozen=True)
class Box:
    """A widget as shipped; `at` is x, y, width, height on 24 columns."""

    key: str
    kind: str
    title: str
    at: tuple[int, int, int, int]
    source: str
    query: str
    description: str = ""
    refresh_s: int = 5
    config: dict[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        x, y, w, h = self.at
        return {
            "type": TYPES[self.kind],
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "query": self.query,
            "refresh_interval_ms": self.refresh_s * 1000,
            "size": size_of(w),
            "x": x, "y": y, "w": w, "h": h,
            "config": self.config,
        }  # fmt: skip


@dataclass(frozen=True)
class Shipped:
    uid: str
    name: str
    description: str
    tags: list[str]
    starts: str
    boxes: tuple[Box, ...]


def series(event: str, math: str = "total", **more: Any) -> dict[str, Any]:
    return {"event": event, "math": math, **more}


def trend(*asked: dict[str, Any], **more: Any) -> str:
    return json.dumps({**TREND, "series": list(asked), **more})


def insight(kind: str, **definition: Any) -> str:
    return json.dumps({"kind": kind, "definition": definition})


def by(name: str, limit: int = 8) -> dict[str, Any]:
    return {"property": name, "limit": limit}


COMPARE = {"compare": "previous_period"}
REVENUE = {"property": "revenue"}
COUNTED = {"unit": "count"}  # an axis of whole numbers

BUSINESS = Shipped(
    uid="business",
    name="Business",
    description="Who comes, who stays, who buys, and what breaks on the way.",
    tags=["business", "revenue"],
    starts="-24h",
    boxes=(
        Box(
            "active-people", "stat", "Active people", (0, 0, 5, 3), "insight",
            trend(series("page_view", "unique_users", label="People"), **COMPARE),
            "Persons with at least one page view in the range.",
        ),
        Box(
            "page-views", "stat", "Page views", (5, 0, 5, 3), "insight",
            trend(series("page_view", label="Page views"), **COMPARE),
        ),
        Box(
            "sign-ups", "stat", "Sign-ups", (10, 0, 4, 3), "insight",
            trend(series("signup", label="Sign-ups"), **COMPARE),
        ),
        Box(
            "purchases", "stat", "Purchases", (14, 0, 5, 3), "insight",
            trend(series("purchase", label="Purchases"), **COMPARE),
        ),
        Box(
            "errors", "stat", "Errors", (19, 0, 5, 3), "insight",
            trend(series("error_occurred", label="Errors"), **COMPARE),
            config={"good": "down"},
        ),
        Box(
            "views-by-platform", "area", "Page views by platform", (0, 3, 16, 6), "insight",
            trend(series("page_view"), breakdown=by("$platform")),
            config=COUNTED,
        ),
        Box(
            "revenue", "stat", "Revenue by currency", (16, 3, 8, 6), "insight",
            trend(
                series("purchase", "sum", **REVENUE), breakdown=by("currency", 20), **COMPARE
            ),
            "Each currency by itself: amounts of different currencies are never added up.",
            config={"unit": "currency"},
        ),
        Box(
            "errors-by-version", "line", "Errors by version", (0, 9, 12, 6), "insight",
            trend(series("error_occurred"), breakdown=by("$version", 6)),
            "A bad release stands out here; choose 90 days to find the last one.",
            config=COUNTED, refresh_s=10,
        ),
        Box(
            "purchases-by-platform", "bar", "Purchases by platform", (12, 9, 12, 6), "insight",
            trend(series("purchase"), breakdown=by("$platform")),
            config={**COUNTED, "stacked": True}, refresh_s=10,
        ),
        Box(
            "top-products", "table", "Top products, USD", (0, 15, 8, 7), "insight",
            trend(
                series("purchase", "sum", **REVENUE, where=[USD]), breakdown=by("product", 10)
            ),
            config={"name": "Product", "value": "Revenue", "unit": "USD"}, refresh_s=30,
        ),
        Box(
            "errors-by-component", "table", "Errors by component", (8, 15, 8, 7), "insight",
            trend(series("error_occurred"), breakdown=by("component", 10)),
            config={"name": "Component", "value": "Errors"}, refresh_s=10,
        ),
        Box(
            "conversion", "line", "Visitors who buy", (16, 15, 8, 7), "insight",
            trend(
                series("purchase", "unique_users", label="Buyers"),
                series("page_view", "unique_users", label="Visitors"),
                formula="A/B",
            ),
            "Persons with a purchase, divided by persons with a page view, per bucket.",
            config={"unit": "ratio"}, refresh_s=30,
        ),
        Box(
            "to-purchase", "funnel", "From visit to purchase", (0, 22, 12, 7), "insight",
            insight(
                "funnel",
                steps=[{"event": name} for name in ("page_view", "add_to_cart", "purchase")],
                window={"value": 1, "unit": "day"},
            ),
            "Persons who took each step within a day of their visit, in this order.", 30,
        ),
        Box(
            "ways", "paths", "What people do within a visit", (12, 22, 12, 7), "insight",
            insight("paths", steps=3), refresh_s=60, config={"drawn": 15},
        ),
    ),
)  # fmt: skip

DATA_FLOW = Shipped(
    uid="data-flow",
    name="Data flow",
    description="The portal watching itself: what comes in, how far behind it is, what it costs.",
    tags=["operations"],
    starts="-1h",
    boxes=(
        Box(
            "accepted", "line", "Events accepted", (0, 0, 12, 6), "dataset", "events_accepted",
            "Per second, by source, once they are on disk.", 10,
        ),
        Box(
            "lag", "line", "Writer lag", (12, 0, 12, 6), "dataset", "writer_lag",
            "Age of the oldest accepted batch that is not in the engine yet.", 10,
        ),
        Box(
            "spool", "area", "Spool size", (0, 6, 8, 6), "dataset", "spool_size",
            "Bytes that wait for the engine.", 10,
        ),
        Box(
            "query-times", "line", "Query times", (8, 6, 8, 6), "dataset", "query_times", "", 10,
        ),
        Box(
            "answer-times", "line", "Answer times", (16, 6, 8, 6), "dataset", "request_times",
            "", 10,
        ),
        Box(
            "memory", "area", "Memory by process", (0, 12, 12, 6), "dataset", "process_memory",
            "", 10,
        ),
        Box(
            "processor", "area", "Processor by process", (12, 12, 12, 6), "dataset",
            "process_cpu", "1 is one core.", 10,
        ),
        Box(
            "about", "text", "About these figures", (0, 18, 24, 3), "text",
            "Every ten seconds the portal reads its own `/metrics` and keeps the samples. While"
            " the worker or Valkey is away that collection pauses and the lines have a gap;"
            " intake, pages and alerts do not depend on it. `manage.py doctor` says in one line"
            " each what is wrong.",
            refresh_s=3600,
        ),
    ),
)  # fmt: skip

SHIPPED = (BUSINESS, DATA_FLOW)


def provision() -> list[str]:
    """Make or update what ships; returns the uids that changed. Safe to repeat."""
    return [shipped.uid for shipped in SHIPPED if _bring_up_to_date(shipped)]


@transaction.atomic
def _bring_up_to_date(shipped: Shipped) -> bool:
    wanted = asdict(shipped)
    found = Dashboard.objects.select_for_update().filter(uid=shipped.uid).first()
    before = _as_shipped(found) if found else None
    if before == wanted:
        return False
    dashboard = found or Dashboard(uid=shipped.uid, is_public=True, is_provisioned=True)
    dashboard.name, dashboard.description = shipped.name, shipped.description
    dashboard.tags, dashboard.time = shipped.tags, {"from": shipped.starts, "to": ""}
    dashboard.version += 1 if found else 0
    dashboard.save()
    dashboard.widgets.all().delete()
    Widget.objects.bulk_create(
        Widget(dashboard=dashboard, key=box.key, **box.values()) for box in shipped.boxes
    )
    record(None, "dashboard.provision", dashboard, Change(before=before, after=wanted))
    return True


def _as_shipped(dashboard: Dashboard) -> dict[str, Any]:
    """Read a stored dashboard back in the form of `Shipped`."""
    boxes = [
        Box(
            widget.key, widget.kind, widget.title, (widget.x, widget.y, widget.w, widget.h),
            widget.source, widget.query, widget.description, widget.refresh_interval_ms // 1000,
            widget.config,
        )
        for widget in dashboard.widgets.order_by("id")
    ]  # fmt: skip
    return asdict(
        Shipped(
            uid=dashboard.uid,
            name=dashboard.name,
            description=dashboard.description,
            tags=dashboard.tags,
            starts=dashboard.time.get("from", ""),
            boxes=tuple(boxes),
        )
    )
