from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboards.standing import folded, on_tab, tab_shown

TABS = [{"id": "a", "title": "First"}, {"id": "b", "title": "Second"}]


@dataclass
class Box:
    key: str
    y: int
    h: int
    kind: str = "line"
    tab: str = ""
    config: dict[str, Any] = field(default_factory=dict)


def row(key: str, y: int, *, collapsed: bool) -> Box:
    return Box(key, y, 1, "row", config={"collapsed": collapsed})


def test_the_first_tab_is_shown_where_the_wanted_one_is_not_there() -> None:
    assert tab_shown(TABS, "b") == "b"
    assert tab_shown(TABS, "gone") == "a"
    assert tab_shown([], "b") == ""


def test_a_widget_without_a_tab_stands_on_the_first() -> None:
    boxes = [Box("loose", 0, 2), Box("own", 0, 2, tab="b")]

    assert [one.key for one in on_tab(boxes, TABS, "a")] == ["loose"]
    assert [one.key for one in on_tab(boxes, TABS, "b")] == ["own"]
    assert len(on_tab(boxes, [], "")) == 2


def test_a_folded_row_hides_its_own_and_what_is_below_moves_up() -> None:
    boxes = [
        Box("top", 0, 2),
        row("one", 2, collapsed=True), Box("a", 3, 4), Box("b", 3, 6),
        row("two", 9, collapsed=False), Box("c", 10, 3),
        row("three", 13, collapsed=True), Box("d", 14, 3),
    ]  # fmt: skip

    shown = folded(boxes)

    assert {key for key, place in shown.items() if place.is_hidden} == {"a", "b", "d"}
    assert [shown[key].y for key in ("top", "one", "two", "c", "three")] == [0, 2, 3, 4, 7]


def test_without_rows_everything_stands_where_it_is() -> None:
    assert folded([Box("a", 5, 1)])["a"].y == 5
    assert folded([]) == {}
