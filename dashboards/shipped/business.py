from __future__ import annotations

import json
from typing import Any

from dashboards.shipped import Box, Shipped

TREND = {"kind": "trend"}
USD = {"property": "currency", "op": "=", "value": "USD"}


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
