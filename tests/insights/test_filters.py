"""What each filter lets through, asked of a real engine and of the definition in Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from analytics.insights.definitions.filters import OPS, WITHOUT_VALUE
from portal.store import client
from tests.insights.conftest import Ask, at
from tests.insights.events import Event, load, person_of, person_property

ABSENT = object()
HELD: list[Any] = [
    ABSENT, None, "", "5", "pro", "Pro", "prod", "a\nb", "it's \\ \"x\"\t{p1:String}", "ünï 🙂",
    0, 5, -5, 5.5, 1e300, True, False, [1, "pro"], {"a": 1}, [],
]  # fmt: skip
COMPARED: list[Any] = [
    "", "5", "pro", "o", "a.b", "it's \\ \"x\"\t{p1:String}", "🙂", 0, 5, 5.5, -5, True, False,
]  # fmt: skip
LISTED: list[list[Any]] = [["pro"], ["pro", 5], [True, "5", 5.5], ["nothing"], [0, False, ""]]
NOON = at("2026-03-01T12:00")


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "other"


def holds(held: Any, op: str, value: Any) -> bool:
    """Decide as SEMANTICS 2: only what is set and of the value's type can compare as true."""
    is_set = held is not ABSENT and held is not None
    if op in WITHOUT_VALUE:
        return is_set == (op == "is_set")
    if op in {"in", "not_in"}:
        same = [one for one in value if is_set and kind_of(one) == kind_of(held)]
        return bool(same) and ((held in same) == (op == "in"))
    if not is_set or kind_of(held) != kind_of(value):
        return False
    return COMPARISONS[op](held, value)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
    "<": operator.lt, "<=": operator.le,
    "contains": lambda held, value: value in held,
    "not_contains": lambda held, value: value not in held,
    "regex": lambda held, value: re.search(value, held) is not None,
}  # fmt: skip


def offered(op: str) -> list[Any]:
    """Values that the API takes with an operation."""
    if op in {"in", "not_in"}:
        return list(LISTED)
    if op in WITHOUT_VALUE:
        return [None]
    if op == "regex":
        return ["pro", "^p", "a.b", "\\d$", ""]
    if op in {"contains", "not_contains"}:
        return [value for value in COMPARED if isinstance(value, str)]
    ordered = op in {">", ">=", "<", "<="}
    return [value for value in COMPARED if not (ordered and isinstance(value, bool))]


def asked(trend: Ask, filters: list[dict[str, Any]]) -> list[set[str]]:
    """Return for each filter the users whose event it lets through, 26 filters at a time."""
    found: list[set[str]] = []
    for start in range(0, len(filters), 26):
        part = filters[start : start + 26]
        series = [
            {"event": "visit", "where": [one], "label": f"{start + n}"}
            for n, one in enumerate(part)
        ]
        answer = trend(
            **{"from": "2026-03-01", "to": "2026-03-02"}, interval="day", series=series,
            breakdown={"property": "$user_id", "limit": 100},
        ).extra["series"]  # fmt: skip
        for n in range(len(part)):
            lines = [line for line in answer if line["label"] == f"{start + n}" and line["total"]]
            found.append({line["breakdown_value"] for line in lines})
    return found


def as_filter(op: str, value: Any, of: str = "event") -> dict[str, Any]:
    given = {"property": "p", "op": op, "of": of}
    return given if op in WITHOUT_VALUE else given | {"value": value}


CASES = [(op, value) for op in OPS for value in offered(op)]


def expected(op: str, value: Any) -> set[str]:
    return {f"u{n}" for n, held in enumerate(HELD) if holds(held, op, value)}


def test_event_properties_are_compared_by_type(trend: Ask) -> None:
    load(
        Event("visit", NOON, f"u{n}", properties={} if held is ABSENT else {"p": held})
        for n, held in enumerate(HELD)
    )

    found = asked(trend, [as_filter(op, value) for op, value in CASES])

    wrong = [
        (case, users ^ expected(*case))
        for case, users in zip(CASES, found, strict=True)
        if users != expected(*case)
    ]
    assert wrong == []


def test_person_properties_are_compared_by_type_as_they_are_today(trend: Ask) -> None:
    load([Event("visit", NOON, f"u{n}") for n, _ in enumerate(HELD)])
    for n, held in enumerate(HELD):
        if held is not ABSENT:
            person_property(f"u{n}", "p", "old", at("2026-01-01"))
            person_property(f"u{n}", "p", held, at("2026-01-02"))

    found = asked(trend, [as_filter(op, value, "person") for op, value in CASES])

    wrong = [
        (case, users ^ expected(*case))
        for case, users in zip(CASES, found, strict=True)
        if users != expected(*case)
    ]
    assert wrong == []


def test_the_latest_value_by_event_time_wins_not_the_last_to_arrive(trend: Ask) -> None:
    load([Event("visit", NOON, "ada")])
    person_property("ada", "plan", "pro", at("2026-02-01"))
    person_property("ada", "plan", "free", at("2026-01-01"))

    answer = trend(
        **{"from": "2026-03-01", "to": "2026-03-02"}, series=[{"event": "visit"}],
        breakdown={"property": "plan", "of": "person"},
    ).extra["series"]  # fmt: skip

    assert [(line["breakdown_value"], line["total"]) for line in answer] == [("pro", 1)]


def test_events_of_nobody_have_no_person_properties(trend: Ask) -> None:
    load([Event("visit", NOON)])
    client.insert(
        "person_properties",
        {"person": [0], "key": ["plan"], "type": ["string"], "string": ["pro"], "ts": [NOON]},
        token=f"nobody-{person_of('x')}",
    )

    is_pro, is_not_set = (
        trend(
            **{"from": "2026-03-01", "to": "2026-03-02"},
            series=[{"event": "visit", "where": [{"property": "plan", "of": "person", **op}]}],
        ).extra["series"][0]["total"]
        for op in ({"op": "=", "value": "pro"}, {"op": "is_not_set"})
    )  # fmt: skip

    assert (is_pro, is_not_set) == (0, 1)


BUILT_IN_CASES = [
    ("$name", "=", "visit", 2), ("$name", "!=", "visit", 1), ("$name", "in", ["buy", "x"], 1),
    ("$user_id", "=", "ada", 1), ("$user_id", "is_not_set", None, 1), ("$user_id", "!=", "ada", 1),
    ("$session_id", "is_set", None, 1), ("$platform", "contains", "we", 1),
    ("$platform", "is_not_set", None, 2), ("$version", ">", "1.0", 1), ("$version", "=", 1, 0),
    ("$service", "regex", "^sh", 1), ("$environment", "=", "prod", 1),
    ("$environment", "not_in", ["test"], 1),
    ("$timestamp", ">=", "2026-03-01T12:00:00Z", 2), ("$timestamp", ">", "2026-03-01T12:00:00Z", 1),
    ("$timestamp", "<", "2026-03-01T13:00:00+01:00", 1), ("$timestamp", "is_set", None, 3),
    ("$timestamp", "in", ["2026-03-01T12:00:00.000000Z"], 1), ("$timestamp", "is_not_set", None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "op", "value", "count"), BUILT_IN_CASES)
def test_built_in_properties(trend: Ask, name: str, op: str, value: Any, count: int) -> None:
    load(
        [
            Event("visit", at("2026-03-01T11:00"), "ada", "s1", platform="web", service="shop"),
            Event("visit", NOON, "bob", version="1.1", environment="prod"),
            Event("buy", at("2026-03-01T12:00:00.000001")),
        ]
    )
    condition = {"property": name, "op": op} | ({} if value is None else {"value": value})

    answer = trend(
        **{"from": "2026-03-01", "to": "2026-03-02"},
        series=[{"event": None}], where=[condition],
    ).extra["series"]  # fmt: skip

    assert answer[0]["total"] == count


@pytest.mark.parametrize("name", ["$platform", "$user_id", "$name", "$session_id", "$timestamp"])
def test_trends_break_down_by_built_ins(trend: Ask, name: str) -> None:
    load([Event("visit", NOON, "ada", "s1", platform="web"), Event("visit", NOON)])
    named = {"$platform": "web", "$user_id": "ada", "$session_id": "s1"}

    answer = trend(
        **{"from": "2026-03-01", "to": "2026-03-02"},
        series=[{"event": "visit"}], breakdown={"property": name},
    ).extra["series"]  # fmt: skip

    found = {line["breakdown_value"]: line["total"] for line in answer}
    if name in named:
        assert found == {"$none": 1, named[name]: 1}
    else:
        assert found == {"visit" if name == "$name" else "2026-03-01T12:00:00.000000Z": 2}


def test_filters_of_the_question_and_of_a_series_must_all_hold(trend: Ask) -> None:
    load(
        Event("visit", NOON, f"{a}{b}", properties={"a": a, "b": b})
        for a, b in product(range(3), range(3))
    )

    answer = trend(
        **{"from": "2026-03-01", "to": "2026-03-02"},
        where=[{"property": "a", "op": ">", "value": 0}],
        series=[
            {"event": "visit", "where": [{"property": "b", "op": "=", "value": 0}]},
            {"event": "visit"},
        ],
    ).extra["series"]

    assert [line["total"] for line in answer] == [2, 6]
