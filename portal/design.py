"""The page of the design system: every component once, as other pages write it."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import assets, clock

SQL = """SELECT toStartOfDay(ts, {zone:String}) AS bucket, uniqExact(person) AS people
FROM events
WHERE name = {event:String} AND ts >= {start:DateTime64(6)} AND ts < {end:DateTime64(6)}
GROUP BY bucket ORDER BY bucket -- one row a day"""

PLATFORMS = ("Web", "iOS", "Android", "Windows")
ROWS = (
    ("page_viewed", 1_204_331, 48_211, 0.62),
    ("item_purchased", 8_412, 6_120, 0.11),
    ("user_identified", 12_040, 12_040, 0.09),
    ("error_shown", 412, 371, 0.004),
)


@require_safe
@staff_page()
def page(request: StaffRequest) -> HttpResponse:
    now = clock.now()
    return render(request, "design.html", {
        "now": now,
        "earlier": now - timedelta(minutes=3),
        "hours_ago": now - timedelta(hours=5),
        "sql": SQL,
        "rows": [{"name": n, "events": e, "people": p, "share": s} for n, e, p, s in ROWS],
        "meta": {"sql": [SQL], "rows_read": 1_204_331, "elapsed_ms": 38, "warnings": []},
        "lines": lines(),
        "bars": bars(),
        "pie": pie(),
        "heatmap": heatmap(),
        "funnel": funnel(),
        "area": area(),
        "icons": icons(),
    })  # fmt: skip


def icons() -> list[str]:
    """Return the names of all icons of the sprite."""
    return re.findall(r'<symbol id="([^"]+)"', assets.locate("img/icons.svg").read_text())


def days(count: int) -> list[str]:
    return [f"2026-{3 + at // 30:02d}-{1 + at % 30:02d}" for at in range(count)]


def wave(level: float, phase: float, count: int = 28) -> list[float]:
    """Return a weekday rhythm that grows a little."""
    return [
        round(level * (1 + 0.012 * at) * (1 + 0.18 * math.sin(at * math.tau / 7 + phase)))
        for at in range(count)
    ]


def lines() -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    for index, name in enumerate(PLATFORMS):
        values = wave(12_400 / (index + 1), index * 0.4)
        data.append({"type": "scatter", "mode": "lines", "name": name,
                     "x": days(28)[:-1], "y": values[:-1]})  # fmt: skip
        data.append({"type": "scatter", "mode": "lines", "name": name, "showlegend": False,
                     "meta": {"role": "incomplete"}, "x": days(28)[-2:],
                     "y": [values[-2], values[-1] * 0.6]})  # fmt: skip
    return {"data": data, "layout": {"meta": {"unit": "count"}}}


def area() -> dict[str, Any]:
    data = [
        {"type": "scatter", "mode": "lines", "stackgroup": "one", "name": name, "x": days(28),
         "y": wave(3.2e9 / (index + 1), index * 0.6)}
        for index, name in enumerate(("Events", "Spool", "Cache"))
    ]  # fmt: skip
    return {"data": data, "layout": {"meta": {"unit": "bytes"}}}


def bars() -> dict[str, Any]:
    before = [0.22 + 0.05 * math.sin(at) for at in range(14)]
    now = [0.25 + 0.08 * math.sin(at / 2) for at in range(14)]
    return {
        "data": [
            {"type": "bar", "name": "Query time", "x": days(14), "y": now},
            {"type": "scatter", "mode": "lines", "name": "Query time", "x": days(14), "y": before,
             "meta": {"role": "compare"}, "showlegend": False},
        ],
        "layout": {"meta": {"unit": "s"}},
    }  # fmt: skip


def pie() -> dict[str, Any]:
    return {"data": [{"type": "pie", "labels": [*PLATFORMS, "$other"],
                      "values": [48, 24, 16, 8, 4]}], "layout": {}}  # fmt: skip


def heatmap() -> dict[str, Any]:
    cells = [[max(0.02, 0.9 ** (7 * week)) * (1 - 0.09 * row) if week < 8 - row else None
              for week in range(8)] for row in range(8)]  # fmt: skip
    return {"data": [{"type": "heatmap", "z": cells, "hoverongaps": False}],
            "layout": {"yaxis": {"autorange": "reversed", "showgrid": False}}}  # fmt: skip


def funnel() -> dict[str, Any]:
    steps = ["Visited", "Signed up", "Added to cart", "Purchased"]
    return {"data": [{"type": "funnel", "name": "Everyone", "y": steps,
                      "x": [12_400, 5_210, 2_030, 871]}], "layout": {}}  # fmt: skip
