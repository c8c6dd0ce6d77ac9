"""How a metric's figures went: the largest of its series over the last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from analytics.collect.business.shaping import Figure
from analytics.series.identity import Series
from portal.store import client
from portal.store.query import Query

Json = dict[str, Any]
Points = list[tuple[datetime, float]]
SHOWN = 8
BACK = timedelta(hours=24)
STEP_S = 300


def drawn(name: str, figures: Sequence[Figure], now: datetime, zone: ZoneInfo) -> Json:
    """Return the figure of a metric's largest series, with gaps where nothing was collected.

    Raises client.QueryFailed, client.EngineUnavailable.
    """
    largest = sorted(figures, key=lambda one: -one.value)[:SHOWN]
    lines = {Series.of(name, one.labels).id: title(one) for one in largest}
    found = points_of(lines, now) if lines else {}
    data = [line(lines[one], found[one], zone) for one in lines if found.get(one)]
    layout = {
        "meta": {"unit": ""}, "xaxis": {"type": "date", "range": [wall(now - BACK, zone), wall(now, zone)]}, "yaxis": {"rangemode": "tozero"},
        "showlegend": False,
    }  # fmt: skip
    return {"data": data, "layout": layout}


def title(figure: Figure) -> str:
    return ", ".join(value for _, value in figure.key) or "value"


def points_of(ids: Iterable[int], now: datetime) -> Mapping[int, Points]:
    query = Query(
        f"""
        SELECT series, toStartOfInterval(ts, INTERVAL {STEP_S} SECOND) AS t, argMax(value, ts) AS last
        FROM samples FINAL
        WHERE series IN {{ids:Array(UInt64)}} AND ts > {{start:DateTime64(3)}}
            AND ts <= {{end:DateTime64(3)}} AND NOT isNaN(value)
        GROUP BY series, t ORDER BY series, t
        """,
        {"ids": list(ids), "start": now - BACK, "end": now},
    )
    found: dict[int, Points] = {}
    for series, at, value in client.run(query).rows():
        found.setdefault(series, []).append((at.replace(tzinfo=UTC), value))
    return found


def line(name: str, points: Points, zone: ZoneInfo) -> Json:
    """Draw one series; where it was away for more than two steps the line is broken."""
    xs, ys = [wall(points[0][0], zone)], [float(points[0][1]) if points else None]
    for (before, _), (at, value) in pairwise(points):
        if (at - before).total_seconds() > 2 * STEP_S:
            xs.append(wall(before + timedelta(seconds=STEP_S), zone))
            ys.append(None)
        xs.append(wall(at, zone))
        ys.append(value)
    mode = "lines+markers" if len(points) < 3 else "lines"
    return {"type": "scatter", "mode": mode, "name": name, "x": xs, "y": ys, "connectgaps": False}


def wall(at: datetime, zone: ZoneInfo) -> str:
    """Return a zone's wall clock, as the axis wants it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")
