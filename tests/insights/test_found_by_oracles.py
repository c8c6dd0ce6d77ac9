"""Wrong answers that the exact tests have found, each on as few events as show it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.store.sources import Question, sources
from tests.insights.events import Event, load

FAR = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def engine(db: None, store_schema: None, empty_cache: None) -> None: ...


def answer(kind: str, as_of: datetime = FAR, **body: Any) -> dict[str, Any]:
    found = parse_asked(body, as_of, "UTC")
    return sources.get(kind).run(Question(found.params, found.window, as_of)).extra


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> dict[str, Any]:
    return {"from": start, "to": end}


def drawn(found: dict[str, Any]) -> list[tuple[Any, bool, list[Any], Any]]:
    return [
        (line["breakdown_value"], line.get("compare", False),
         [point["value"] for point in line["points"]], line["total"])
        for line in found["series"]
    ]  # fmt: skip


def test_a_formula_over_an_empty_period_before_is_computed_and_has_no_other() -> None:
    load([Event("A", day("2024-01-03"), "a", properties={"plan": "pro"})])

    found = answer(
        "trend", **span("2024-01-03", "2024-01-04"), compare="previous_period", formula="A-B",
        series=[{"event": "A"}, {"event": "B"}], breakdown={"property": "plan"},
    )  # fmt: skip

    assert drawn(found) == [("pro", False, [1], 1), ("pro", True, [0], 0)]


def test_weekly_users_are_ranked_by_the_bucket_that_the_total_is_of() -> None:
    load(
        [
            Event("A", day("2024-01-01"), "a", properties={"plan": "early"}),
            Event("A", day("2024-01-20"), "b", properties={"plan": "late"}),
        ]
    )

    found = answer(
        "trend", day("2024-01-02"), **span("2024-01-01", "2024-01-29"), interval="week",
        series=[{"event": "A", "math": "wau"}], breakdown={"property": "plan", "limit": 1},
    )  # fmt: skip

    assert drawn(found) == [("early", False, [1, 0, 0, 0], 1), ("$other", False, [0, 0, 1, 0], 0)]


def test_weekly_users_keep_a_value_that_the_last_bucket_lacks() -> None:
    load([Event("A", day("2024-01-01"), "a", properties={"plan": "early"})])

    found = answer(
        "trend", **span("2024-01-01", "2024-01-15"), interval="week",
        series=[{"event": "A", "math": "wau"}], breakdown={"property": "plan"},
    )  # fmt: skip

    assert drawn(found) == [("early", False, [1, 0], 0)]


def test_an_average_per_user_over_nobody_ranks_last() -> None:
    load(
        [
            Event("A", day("2024-01-01"), "", properties={"plan": "nobody's"}),
            Event("A", day("2024-01-01"), "a", properties={"plan": "somebody's"}),
        ]
    )

    found = answer(
        "trend", **span("2024-01-01", "2024-01-02"),
        series=[{"event": "A", "math": "per_user_average"}], breakdown={"property": "plan"},
    )  # fmt: skip

    assert drawn(found) == [("somebody's", False, [1], 1), ("nobody's", False, [None], None)]


def test_a_lifecycle_bucket_that_the_range_cuts_is_incomplete() -> None:
    load([Event("A", day("2024-01-20"), "a")])

    found = answer("lifecycle", **span("2024-01-15", "2024-03-01"), event="A", interval="month")

    assert [p["complete"] for p in found["series"][0]["points"]] == [False, True]
