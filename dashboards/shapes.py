"""How dashboards look as JSON: the API's shape, the socket's as well (CONTRACT 7)."""

from __future__ import annotations

from typing import Any

from dashboards.models import Dashboard, Widget

# The API's coarse word for a kind of widget; a chart where nothing is said.
TYPES = {"stat": "metric", "table": "table", "text": "custom"} | dict.fromkeys(
    (
        "line",
        "area",
        "bar",
        "funnel",
        "retention",
        "lifecycle",
        "stickiness",
        "paths",
        "sessions",
        "picture",
    ),
    "chart",
)


def size_of(width: int) -> str:
    """Return the API's coarse word for a width in columns."""
    for limit, name in ((6, "small"), (12, "medium"), (23, "large")):
        if width <= limit:
            return name
    return "full-width"


def as_json(dashboard: Dashboard, widgets: list[Widget] | None = None) -> dict[str, Any]:
    shown = list(dashboard.widgets.all()) if widgets is None else widgets
    return {
        "id": dashboard.pk,
        "uid": dashboard.uid,
        "name": dashboard.name,
        "description": dashboard.description,
        "folder": None,
        "tags": dashboard.tags,
        "is_public": dashboard.is_public,
        "created_by": dashboard.created_by.email if dashboard.created_by else "system",
        "created_at": dashboard.created_at,
        "updated_at": dashboard.updated_at,
        "version": dashboard.version,
        "variables": dashboard.variables,
        "time": dashboard.time,
        "widgets": [widget_as_json(widget) for widget in shown],
    }


def widget_as_json(widget: Widget) -> dict[str, Any]:
    return {
        "id": widget.key,
        "type": widget.type,
        "title": widget.title,
        "description": widget.description,
        "source": widget.source,
        "query": widget.query,
        "refresh_interval": widget.refresh_interval_ms,
        "size": widget.size,
        "position": {"x": widget.x, "y": widget.y, "w": widget.w, "h": widget.h},
        "config": {**widget.config, "kind": widget.kind},
    }
