"""Freeze a dashboard: all that its boxes show, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.utils.safestring import mark_safe

from analytics.insights.data_rights import row_rights
from dashboards.evaluate import evaluate_all
from dashboards.looking import Look
from dashboards.models import Dashboard, Snapshot, Widget
from dashboards.open.shown import open_answer, open_board
from dashboards.standing import folded, on_tab, tab_shown
from portal.accounts.models import User
from portal.lib.api import JSONRenderer

OTHER_ROWS = (
    "This snapshot was made of rows that are not all shared with you. Whoever made it, or an admin,"
    " can share the data set with you."
)


@dataclass(frozen=True)
class Frozen:
    """What a snapshot keeps, as plain JSON."""

    board: dict[str, Any]
    answers: dict[str, Any]
    rows_read: str
    size_bytes: int


def freeze(dashboard: Dashboard, look: Look, now: datetime) -> Frozen:
    """Evaluate every widget as of a moment."""
    widgets = look.boxes(list(dashboard.widgets.all()), now)
    chosen = look.range_at(now)
    board = open_board(dashboard, [look.named(widget, now) for widget in widgets]) | {
        "description": dashboard.description,
        "range": {"from": chosen.start, "to": chosen.end, "tz": chosen.zone},
    }
    found = evaluate_all(widgets, look, now)
    answers = {key: open_answer(answer) for key, answer in found.items()}
    text = plain({"board": board, "answers": answers})
    return Frozen(**orjson.loads(text), rows_read=look.rights.events, size_bytes=len(text))


def plain(value: Any) -> bytes:
    """Return a value as JSON that PostgreSQL takes: it knows no null characters."""
    return JSONRenderer().render(value).replace(b"\\u0000", b"")


def require_rows(user: User, snapshot: Snapshot) -> None:
    """Raise PermissionDenied (403) unless somebody may read the rows that a snapshot was made of."""
    rights = row_rights(user)
    if not rights.is_all and rights.events != snapshot.rows_read:
        raise PermissionDenied(OTHER_ROWS)


def boxes_in(snapshot: Snapshot, tab: str) -> dict[str, Any]:
    """Return a snapshot's boxes as the board's template shows them, of one tab, and its tabs."""
    tabs = snapshot.board.get("tabs", [])
    tab = tab_shown(tabs, tab)
    kept = [widget_in(one) for one in snapshot.board["widgets"] if one["id"] in snapshot.answers]
    widgets = on_tab(kept, tabs, tab)
    places = folded(widgets)
    boxes = [
        {"widget": one, "shown": places[one.key], **shown(snapshot.answers[one.key])}
        for one in widgets
    ]
    return {"boxes": boxes, "tabs": tabs, "tab": tab}


def shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    # Drawn and escaped by our own templates when it was frozen.
    return {**answer, "html": mark_safe(answer.get("html", ""))}  # noqa: S308


def widget_in(one: Mapping[str, Any]) -> Widget:
    """Return a widget of a snapshot: its title and place; it is in no database."""
    kind, config = one["config"]["kind"], one["config"]
    return Widget(key=one["id"], title=one["title"], kind=kind, config=config, **one["position"])
