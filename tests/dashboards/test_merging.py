"""What two people made of one document (dashboards.merging), and how it is said (differences)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from dashboards.differences import differences, sentences
from dashboards.document import checked
from dashboards.merging import merge

BASE = checked(
    {
        "name": "Sales",
        "variables": [{"name": "env", "kind": "custom", "options": ["a"]}],
        "widgets": [
            {
                "id": key, "title": key.title(), "source": "promql", "query": f"sum({key})",
                "position": {"x": x, "y": 0, "w": 8, "h": 4}, "config": {"kind": "line", "unit": "s"},
            }
            for x, key in ((0, "first"), (8, "second"))
        ],
    }
)  # fmt: skip


def changed(**of_first: Any) -> dict[str, Any]:
    document = deepcopy(BASE)
    config = of_first.pop("config", {})
    document["widgets"][0] |= of_first
    document["widgets"][0]["config"] |= config
    return document


def removed() -> dict[str, Any]:
    return {**deepcopy(BASE), "widgets": deepcopy(BASE["widgets"][1:])}


def test_changes_of_different_fields_of_one_widget_are_both_taken() -> None:
    merged, conflicts = merge(BASE, changed(title="Mine"), changed(config={"unit": "ms"}))

    assert conflicts == []
    assert merged["widgets"][0]["title"] == "Mine"
    assert merged["widgets"][0]["config"] == {"kind": "line", "unit": "ms"}


def test_the_same_change_on_both_sides_is_none() -> None:
    merged, conflicts = merge(BASE, changed(title="New"), changed(title="New"))

    assert (merged, conflicts) == (changed(title="New"), [])


def test_two_values_for_one_field_are_a_conflict_and_ours_stands_meanwhile() -> None:
    merged, conflicts = merge(BASE, changed(title="Mine"), changed(title="Theirs"))

    assert [(one.key, one.field, one.theirs) for one in conflicts] == [("first", "title", "Theirs")]
    assert merged["widgets"][0]["title"] == "Mine"


def test_a_source_goes_with_its_query() -> None:
    yours, theirs = changed(query="sum(x)"), changed(source="sql", query="SELECT 1")

    merged, conflicts = merge(BASE, yours, theirs)

    assert [one.field for one in conflicts] == ["source and query"]
    assert (merged["widgets"][0]["source"], merged["widgets"][0]["query"]) == ("promql", "sum(x)")


def test_what_one_side_removed_and_the_other_changed_is_a_conflict() -> None:
    for yours, theirs, stays in (
        (removed(), changed(title="X"), False),
        (changed(title="X"), removed(), True),
    ):
        merged, conflicts = merge(BASE, yours, theirs)
        assert [(one.key, one.field) for one in conflicts] == [("first", "")]
        assert ("first" in {one["id"] for one in merged["widgets"]}) is stays


def test_what_only_one_side_removed_goes() -> None:
    merged, conflicts = merge(BASE, removed(), changed())

    assert conflicts == []
    assert [one["id"] for one in merged["widgets"]] == ["second"]


def test_what_both_sides_added_at_one_place_does_not_overlap() -> None:
    def with_one(key: str) -> dict[str, Any]:
        place = {"x": 0, "y": 4, "w": 8, "h": 4}
        widget = {"id": key, "title": key, "source": "text", "position": place}
        return checked({**deepcopy(BASE), "widgets": [*deepcopy(BASE["widgets"]), widget]})

    merged, conflicts = merge(BASE, with_one("mine"), with_one("theirs"))

    assert conflicts == []
    spots = {one["id"]: one["position"]["y"] for one in merged["widgets"]}
    assert {spots["mine"], spots["theirs"]} == {4, 8}
    assert checked(merged) == merged


def test_a_tab_that_went_leaves_its_widgets_on_the_first() -> None:
    tabs = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
    base = checked({**deepcopy(BASE), "tabs": tabs})
    yours = {**deepcopy(base), "tabs": tabs[:1]}
    theirs = deepcopy(base)
    theirs["widgets"][0]["position"]["tab"] = "b"

    merged, _ = merge(base, yours, theirs)

    assert checked(merged) == merged


def test_a_merge_with_oneself_is_oneself() -> None:
    assert merge(BASE, BASE, BASE) == (BASE, [])


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (changed(title="New"), "Changed the title of “New” from First to New."),
        (changed(query="sum(y)"), "Changed the query of “First” from sum(first) to sum(y)."),
        (changed(config={"unit": "ms"}), "Changed unit of “First” from s to ms."),
        (changed(config={"kind": "bar"}), "Drew “First” as bar instead of line."),
        (
            changed(position={"x": 0, "y": 4, "w": 8, "h": 4}),
            "Moved “First” to column 1, row 5.",
        ),
        (changed(position={"x": 0, "y": 0, "w": 6, "h": 4}), "Made “First” 6 by 4."),
        (removed(), "Removed “First”."),
        ({**BASE, "name": "X"}, "Renamed the dashboard from “Sales” to “X”."),
        ({**BASE, "tags": ["a"]}, "Changed the tags."),
        ({**BASE, "variables": []}, "Removed the variable env."),
    ],
)
def test_a_change_is_said_in_a_sentence(after: dict[str, Any], said: str) -> None:
    assert sentences(BASE, after) == [said]
    assert len(differences(BASE, after)) == 1
