"""How dashboards look as JSON: the API's shape, the socket's as well (CONTRACT 7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dashboards.models import Dashboard, Widget


def document_of(dashboard: Dashboard, widgets: list[Widget] | None = None) -> dict[str, Any]:
    """Return a stored dashboard as the document that `dashboards.document.checked` returns."""
    shown = list(dashboard.widgets.all()) if widgets is None else widgets
    return {
        "name": dashboard.name,
        "description": dashboard.description,
        "tags": dashboard.tags,
        "time": {"from": "", "to": "", **dashboard.time},
        "variables": dashboard.variables,
        "tabs": dashboard.tabs,
        "annotations": dashboard.annotations,
        "links": dashboard.links,
        "widgets": [widget_as_json(widget) for widget in shown],
    }


def as_json(
    dashboard: Dashboard,
    widgets: list[Widget] | None = None,
    paths: Mapping[int, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the API's shape; `paths` are those of the folders that the asker may see."""
    return {
        "id": dashboard.pk,
        "uid": dashboard.uid,
        "folder": paths.get(dashboard.folder_id or 0),
        "is_public": dashboard.is_public,
        "created_by": dashboard.created_by.email if dashboard.created_by else "system",
        "created_at": dashboard.created_at,
        "updated_at": dashboard.updated_at,
        "version": dashboard.version,
        **document_of(dashboard, widgets),
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
        "position": {
            "x": widget.x, "y": widget.y, "w": widget.w, "h": widget.h,
            **({"tab": widget.tab} if widget.tab else {}),
        },
        "config": {**widget.config, "kind": widget.kind},
    }  # fmt: skip


def values_of(widget: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that a widget of a document is stored in."""
    position = widget["position"]
    config = {name: value for name, value in widget["config"].items() if name != "kind"}
    return {
        "key": widget["id"],
        "type": widget["type"],
        "kind": widget["config"]["kind"],
        "title": widget["title"],
        "description": widget["description"],
        "source": widget["source"],
        "query": widget["query"],
        "refresh_interval_ms": widget["refresh_interval"],
        "size": widget["size"],
        "x": position["x"],
        "y": position["y"],
        "w": position["w"],
        "h": position["h"],
        "tab": position.get("tab", ""),
        "config": config,
    }
