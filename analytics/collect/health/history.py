"""How quickly the checks were answered over the last day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.collect.health.checking import RESPONSE_TIME
from analytics.collect.sql import samples
from analytics.collect.sql.samples import Selection
from portal.store import client
from portal.store.query import TimeRange

Json = dict[str, Any]
BACK = timedelta(hours=24)


def drawn(now: datetime, zone: ZoneInfo) -> Json:
    """Return the figure: one line a check; where it did not answer the line is broken.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    window = TimeRange(now - BACK, now)
    step = timedelta(seconds=samples.step_of(window))
    lines: dict[str, tuple[list[str], list[float | None]]] = {}
    last: dict[str, datetime] = {}
    for t, check, value, _ in client.run(
        samples.gauge(Selection(RESPONSE_TIME, by="check"), window)
    ).rows():
        xs, ys = lines.setdefault(check, ([], []))
        if check in last and t - last[check] > 2 * step:
            xs.append(wall(last[check] + step, zone))
            ys.append(None)
        xs.append(wall(t, zone))
        ys.append(value)
        last[check] = t
    data = [
        {
            "type": "scatter", "mode": "lines" if len(xs) > 2 else "lines+markers", "name": check,
            "x": xs, "y": ys, "connectgaps": False,
        }
        for check, (xs, ys) in lines.items()
    ]  # fmt: skip
    layout = {
        "meta": {"unit": "s"}, "xaxis": {"type": "date", "range": [wall(now - BACK, zone), wall(now, zone)]}, "yaxis": {"rangemode": "tozero"},
        "showlegend": False,
    }  # fmt: skip
    return {"data": data, "layout": layout}


def wall(at: datetime, zone: ZoneInfo) -> str:
    """Return a zone's wall clock, as the axis wants it."""
    aware = at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))
    return aware.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
