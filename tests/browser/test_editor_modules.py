"""What the editor does to a document; its modules run in Chromium, without a portal."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.modules import load

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Area = dict[str, Any]


def area(id: str, x: int, y: int, w: int, h: int) -> Area:
    return {"id": id, "x": x, "y": y, "w": w, "h": h}


def places(areas: list[Area]) -> dict[str, tuple[int, int, int, int]]:
    return {one["id"]: (one["x"], one["y"], one["w"], one["h"]) for one in areas}


TOWER = [area("a", 0, 0, 24, 4), area("b", 0, 4, 24, 4), area("c", 0, 8, 24, 4)]
PAIR = [area("left", 0, 0, 12, 4), area("right", 12, 0, 12, 4), area("wide", 0, 4, 24, 3)]


def test_a_box_that_is_dragged_over_the_middle_of_another_changes_places_with_it(
    tab: Page,
) -> None:
    load(tab, "portal/editor/layout.js")
    ask = "([areas, id, dx, dy]) => it.moved(areas, new Set([id]), dx, dy)"

    assert places(tab.evaluate(ask, [TOWER, "a", 0, 1])) == places(TOWER)
    down = places(tab.evaluate(ask, [TOWER, "a", 0, 3]))
    assert [down[name][1] for name in ("b", "a", "c")] == [0, 4, 8]
    up = places(tab.evaluate(ask, [TOWER, "c", 0, -8]))
    assert [up[name][1] for name in ("c", "a", "b")] == [0, 4, 8]


def test_others_give_way_downwards_and_close_up_again(tab: Page) -> None:
    load(tab, "portal/editor/layout.js")

    wider = places(
        tab.evaluate("areas => it.resized(areas, 'left', {x: 0, y: 0, w: 16, h: 5})", PAIR)
    )
    assert wider == {
        "left": (0, 0, 16, 5), "right": (12, 5, 12, 4), "wide": (0, 9, 24, 3),
    }  # fmt: skip
    away = places(tab.evaluate("areas => it.moved(areas, new Set(['left']), 0, 20)", PAIR))
    assert away == {"right": (12, 0, 12, 4), "wide": (0, 4, 24, 3), "left": (0, 7, 12, 4)}


def test_a_group_keeps_its_shape_and_stays_on_the_grid(tab: Page) -> None:
    load(tab, "portal/editor/layout.js")

    found = tab.evaluate("areas => it.moved(areas, new Set(['left', 'right']), 7, 6)", PAIR)

    assert places(found) == {
        "wide": (0, 0, 24, 3), "left": (0, 3, 12, 4), "right": (12, 3, 12, 4),
    }  # fmt: skip


def test_a_step_with_the_keys_always_changes_something_where_there_is_room(tab: Page) -> None:
    load(tab, "portal/editor/layout.js")
    ask = "([areas, id, dx, dy]) => it.stepped(areas, new Set([id]), dx, dy)"

    down = places(tab.evaluate(ask, [TOWER, "a", 0, 1]))
    assert [down[name][1] for name in ("b", "a", "c")] == [0, 4, 8]
    assert places(tab.evaluate(ask, [TOWER, "c", 0, 1])) == places(TOWER)
    assert places(tab.evaluate(ask, [PAIR, "left", 1, 0]))["left"] == (1, 0, 12, 4)


@pytest.mark.parametrize("seed", range(5))
def test_no_move_or_resize_makes_boxes_overlap_or_leave_the_grid(tab: Page, seed: int) -> None:
    load(tab, "portal/editor/layout.js")

    faults = tab.evaluate(
        """seed => {
          let state = seed * 7919 + 1;
          const random = (below) => { state = (state * 48271) % 2147483647; return state % below; };
          let areas = [];
          for (let n = 0; n < 25; n += 1) areas.push({id: `w${n}`, ...it.freePlace(areas, 1 + random(24), 1 + random(8))});
          const faults = [];
          for (let n = 0; n < 300; n += 1) {
            const id = `w${random(25)}`;
            const turn = random(4);
            if (turn === 0) areas = it.moved(areas, new Set([id, `w${random(25)}`]), random(48) - 24, random(40) - 20);
            if (turn === 1) areas = it.resized(areas, id, {x: random(30) - 3, w: random(30), h: random(12)});
            if (turn === 2) areas = it.stepped(areas, new Set([id]), 0, random(2) ? 1 : -1);
            if (turn === 3) areas = it.reordered(areas, id, random(2) ? 1 : -1);
            for (const one of areas) {
              if (one.x < 0 || one.y < 0 || one.x + one.w > 24 || one.w < 1 || one.h < 1) faults.push([n, turn, one]);
              for (const other of areas) if (one.id < other.id && it.overlaps(one, other)) faults.push([n, turn, one, other]);
            }
            if (areas.length !== 25 || faults.length) break;
          }
          return faults;
        }""",
        seed,
    )

    assert faults == []


def widget(id: str, x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    position = {"x": x, "y": y, "w": w, "h": h} | more.pop("position", {})
    return {"id": id, "title": id, "position": position, "config": {"kind": "line"}} | more


ROW = {"config": {"kind": "row", "collapsed": False}}
ROWS = {
    "tabs": [],
    "widgets": [
        widget("top", 0, 0, 24, 2), widget("row-1", 0, 2, 24, 1, **ROW),
        widget("a", 0, 3, 12, 4), widget("b", 12, 3, 12, 6),
        widget("row-2", 0, 9, 24, 1, **ROW), widget("c", 0, 10, 24, 3),
    ],
}  # fmt: skip


def tops(document: dict[str, Any]) -> dict[str, int]:
    return {one["id"]: one["position"]["y"] for one in document["widgets"]}


@pytest.mark.parametrize(
    "ask", ["it.movedStep(given, new Set(['row-2']), 0, -1)", "it.movedBy(given, new Set(['row-2']), 0, -7)"]
)  # fmt: skip
def test_a_row_takes_along_what_belongs_to_it(tab: Page, ask: str) -> None:
    load(tab, "portal/editor/document.js")

    found = tab.evaluate(f"given => {ask}", ROWS)

    assert tops(found) == {"top": 0, "row-2": 2, "c": 3, "row-1": 6, "a": 7, "b": 7}


def test_a_folded_row_hides_its_own_and_what_is_below_moves_up(tab: Page) -> None:
    load(tab, "portal/lib/rows.js")
    standing = [
        {**one["position"], "id": one["id"], "isRow": one["config"]["kind"] == "row"}
        for one in ROWS["widgets"]
    ]

    found = tab.evaluate(
        """rows => {
          const { hidden, tops } = it.shownAt(rows, new Set(['row-1']));
          return { hidden: [...hidden], tops: Object.fromEntries(tops), back: it.openedAt(rows, new Set(['row-1']), 4) };
        }""",
        standing,
    )

    assert sorted(found["hidden"]) == ["a", "b"]
    assert (found["tops"]["top"], found["tops"]["row-2"], found["tops"]["c"]) == (0, 3, 4)
    assert found["back"] == 10


def test_what_is_added_copied_and_duplicated_has_a_key_and_a_place_of_its_own(tab: Page) -> None:
    load(tab, "portal/editor/document.js")

    found = tab.evaluate(
        """given => {
          const one = it.added(given, {title: 'Top', config: {kind: 'stat'}}, '', {w: 6, h: 3});
          const two = it.duplicated(one.document, new Set([one.id]));
          const three = it.withCopies(two.document, [it.widgetOf(given, 'a'), it.widgetOf(given, 'b')], '');
          return {document: three.document, ids: [one.id, ...two.ids, ...three.ids]};
        }""",
        ROWS,
    )

    assert found["ids"] == ["top-2", "top-3", "a-2", "b-2"]
    by = {one["id"]: one["position"] for one in found["document"]["widgets"]}
    assert (by["top-2"]["x"], by["top-2"]["y"]) == (0, 13)
    assert (by["top-3"]["x"], by["top-3"]["y"]) == (6, 13)
    assert (by["a-2"]["x"], by["b-2"]["x"]) == (0, 12)


def test_the_first_tab_that_is_added_gets_a_companion_for_what_stood_there(tab: Page) -> None:
    load(tab, "portal/editor/tabs.js")

    found = tab.evaluate(
        """given => {
          const { document, tab } = it.tabAdded(given, 'Details of it');
          const there = it.movedToTab(document, new Set(['c']), tab);
          return {there, back: it.tabRemoved(there, 'overview')};
        }""",
        ROWS,
    )

    assert [one["id"] for one in found["there"]["tabs"]] == ["overview", "details-of-it"]
    moved = next(one for one in found["there"]["widgets"] if one["id"] == "c")
    assert moved["position"] == {"x": 0, "y": 0, "w": 24, "h": 3, "tab": "details-of-it"}
    assert [one["id"] for one in found["back"]["widgets"]] == ["c"]
    assert found["back"]["tabs"] == []
    assert "tab" not in found["back"]["widgets"][0]["position"]


def test_steps_are_undone_and_done_again_and_typing_is_one_step(tab: Page) -> None:
    load(tab, "portal/editor/history.js")

    found = tab.evaluate(
        """() => {
          const history = new it.History('0');
          history.push('1', 'Added A', '', 0);
          history.push('2', 'Renamed A', 'title a', 10);
          history.push('3', 'Renamed A', 'title a', 20);
          const words = [history.undo(), history.document, history.undo(), history.document, history.undo(), history.redo(), history.document];
          history.push('4', 'Added B');
          return [...words, history.redo(), history.undoes];
        }"""
    )

    assert found == ["Renamed A", "1", "Added A", "0", "", "Added A", "1", "", "Added B"]


def test_only_widgets_are_read_from_the_clipboard(tab: Page) -> None:
    load(tab, "portal/editor/clipboard.js")

    found = tab.evaluate(
        """widgets => [it.read(it.written(widgets)).length, it.read('hello'), it.read('{"form": "portal/widgets", "widgets": [{"config": {}}, null]}')]""",
        ROWS["widgets"],
    )

    assert found == [6, None, None]
