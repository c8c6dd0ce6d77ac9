"""What strangers are sent of a dashboard: what is drawn, and nothing of how it is asked or by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.template.loader import render_to_string

from dashboards.models import Dashboard, Widget

SHOWN = ("state", "html", "figure", "title", "note")
TOLD = ("as_of",)  # of an answer's meta, which also has the SQL that ran
WITHHELD = "It cannot be shown here at the moment."


def open_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a box's answer less what only staff may know: reasons of errors, SQL, rows read."""
    found = {name: answer[name] for name in SHOWN if name in answer}
    if answer["state"] == "error":
        html = render_to_string("dashboards/widgets/error.html", {"reason": WITHHELD})
        found = {"state": "error", "html": html}
    if "stale" in answer:
        found["stale"] = {"since": answer["stale"]["since"], "reason": WITHHELD}
    told = answer.get("meta") or {}
    return found | {"meta": {name: told[name] for name in TOLD if name in told}}


def open_board(dashboard: Dashboard, widgets: Iterable[Widget]) -> dict[str, Any]:
    """Return a dashboard's shape for the socket: names and places, no queries and no accounts."""
    return {
        "uid": dashboard.uid,
        "name": dashboard.name,
        "version": dashboard.version,
        "tabs": dashboard.tabs,
        "widgets": [
            {
                "id": widget.key,
                "title": widget.title,
                "position": {
                    "x": widget.x,
                    "y": widget.y,
                    "w": widget.w,
                    "h": widget.h,
                    "tab": widget.tab,
                },
                "config": {"kind": widget.kind},
            }
            for widget in widgets
        ],
    }
