"""What a page shows in its first answer: what is known already, and what is quick above the fold.

The rest arrives by the socket, which begins with what was evaluated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait
from datetime import datetime
from typing import Any

from django.db import close_old_connections

from dashboards.evaluate import SIDE_BY_SIDE
from dashboards.live import Dashboards, DashboardTopic
from dashboards.models import Widget
from dashboards.standing import Shown, folded
from portal.live.memory import Encoded
from portal.live.values import evaluated, remembered

KIND = Dashboards.kind
FOLD_ROWS = 14  # of the grid: what a large screen shows before anybody scrolls
BUDGET_S = 0.35
SHAPES = {"stat": "stat", "gauge": "stat", "table": "table", "text": "text"}  # else a chart


def first_values(
    topic: DashboardTopic, shown: Sequence[Widget], now: datetime
) -> dict[str, dict[str, Any]]:
    """Return each widget's data with its `digest`; one that is not there in time is `pending`.

    A text is always there: nothing has to be asked for it.
    """
    found = remembered(KIND, topic)
    places = folded(list(shown))
    missing = [one for one in shown if one.key not in found and is_first(one, places[one.key])]
    asked = {one.key: SIDE_BY_SIDE.submit(in_thread, topic, one.key, now) for one in missing}
    wait(asked.values(), timeout=BUDGET_S)
    for key, future in asked.items():
        # One that has begun goes on, so that the socket finds its answer.
        if future.done() or not future.cancel():
            found |= {key: future.result()} if future.done() else {}
    return {one.key: data_of(found[one.key]) if one.key in found else pending(one) for one in shown}


def data_of(one: Encoded) -> dict[str, Any]:
    return {**one.value["data"], "digest": one.essence.hex()}


def pending(widget: Widget) -> dict[str, Any]:
    shape = SHAPES.get(widget.kind, "chart")
    return {"state": "pending", "html": "", "meta": {}, "skeleton": shape}


def is_first(widget: Widget, place: Shown) -> bool:
    is_above = place.y < FOLD_ROWS and not place.is_hidden
    return is_above or widget.source == "text"


def in_thread(topic: DashboardTopic, key: str, now: datetime) -> Encoded:
    try:
        return evaluated(KIND, topic, key, now)
    finally:
        close_old_connections()
