"""The named datasets that dashboards ask for: recent errors, top products, the funnel to a second purchase."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask, dataset
from tests.insights.conftest import at
from tests.insights.events import Event, load

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = at("2026-03-10")


def asked(name: str) -> Frame:
    window = TimeRange(NOW - timedelta(days=30), NOW)
    return ask(dataset(name), Question({}, window, NOW), refresh=True)


def rows(name: str) -> list[dict[str, Any]]:
    return list(asked(name).dicts())


def test_an_error_that_comes_again_is_one_row_the_latest_first() -> None:
    broken = {"type": "TypeError", "message": "No price", "component": "cart", "severity": "error"}
    slow = {"type": "Timeout", "message": "Too slow", "component": "search", "severity": "warning"}
    load([
        Event("error_occurred", at("2026-03-01"), "ada", properties=broken),
        Event("error_occurred", at("2026-03-02"), "bob", properties=broken),
        Event("error_occurred", at("2026-03-05"), "bob", properties=slow),
        Event("error_occurred", at("2026-01-01"), "bob", properties=slow),
    ])  # fmt: skip

    found = rows("recent_errors")

    assert [(one["timestamp"], one["error_type"], one["component"], one["count"]) for one in found] == [
        (at("2026-03-05"), "Timeout", "search", 1), (at("2026-03-02"), "TypeError", "cart", 2),
    ]  # fmt: skip


def test_products_are_ranked_within_their_currency() -> None:
    bought = [
        ("Lamp", "USD", 10.5),
        ("Lamp", "USD", 10.0),
        ("Rug", "USD", 50.0),
        ("Lamp", "JPY", 900.0),
    ]
    load([
        Event("purchase", at("2026-03-01"), f"u{n}", properties={"product": name, "currency": currency, "revenue": revenue})
        for n, (name, currency, revenue) in enumerate(bought)
    ])  # fmt: skip

    found = [tuple(one.values()) for one in rows("top_products_by_revenue")]

    assert found == [("Rug", "USD", 50, 1), ("Lamp", "USD", 20.5, 2), ("Lamp", "JPY", 900, 1)]


def test_the_funnel_goes_on_to_the_second_purchase() -> None:
    def did(user: str, *names: str) -> list[Event]:
        return [Event(name, at(f"2026-03-0{day}"), user) for day, name in enumerate(names, 1)]

    load([
        *did("ada", "page_view", "signup", "purchase", "purchase"),
        *did("bob", "page_view", "signup", "purchase"), *did("eve", "page_view"),
    ])  # fmt: skip

    steps = asked("funnel_analysis").extra["steps"]

    assert [(one["label"], one["users"]) for one in steps] == [
        ("Page view", 3), ("Sign-up", 2), ("First purchase", 2), ("Repeat purchase", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["recent_errors", "top_products_by_revenue"])
def test_nothing_is_no_rows(name: str) -> None:
    load([])

    assert rows(name) == []
