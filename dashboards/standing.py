"""What of a dashboard a page shows where: one tab of it, and rows that are folded. Pure.

Places in a document are those with all rows open; `static/js/lib/rows.js` says the same in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeVar


class Standing(Protocol):
    """A widget, as far as it stands somewhere."""

    key: str
    kind: str
    y: int
    h: int
    tab: str
    config: dict[str, Any]


W = TypeVar("W", bound=Standing)


@dataclass(frozen=True)
class Shown:
    """Where a box is shown while some rows are folded."""

    y: int
    is_hidden: bool


def tab_shown(tabs: Sequence[Mapping[str, Any]], wanted: str) -> str:
    """Return the id of the tab to show: the wanted one if there is such, else the first; "" for none."""
    ids = [str(one["id"]) for one in tabs]
    return wanted if wanted in ids else next(iter(ids), "")


def on_tab(widgets: Sequence[W], tabs: Sequence[Mapping[str, Any]], shown: str) -> list[W]:
    """Return the widgets of a tab; one without a tab stands on the first."""
    if not tabs:
        return list(widgets)
    first = tab_shown(tabs, "")
    return [one for one in widgets if (one.tab or first) == shown]


def folded(widgets: Sequence[Standing]) -> dict[str, Shown]:
    """Return where each widget of a page is shown, as its rows open: by key."""
    lowest = max((one.y + one.h for one in widgets), default=0)
    rows = sorted((one for one in widgets if one.kind == "row"), key=lambda one: one.y)
    ends = [after.y for _, after in pairwise(rows)] + [lowest]
    closed = [
        (row.y + row.h, end)
        for row, end in zip(rows, ends, strict=False)
        if row.config.get("collapsed")
    ]
    return {one.key: shown(one, closed) for one in widgets}


def shown(widget: Standing, closed: Sequence[tuple[int, int]]) -> Shown:
    gone = sum(end - begin for begin, end in closed if end <= widget.y)
    inside = widget.kind != "row" and any(begin <= widget.y < end for begin, end in closed)
    return Shown(widget.y - gone, inside)
