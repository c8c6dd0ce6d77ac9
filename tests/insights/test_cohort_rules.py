"""Who is in a cohort: rules against the same rules in plain Python, over small random histories."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.insights.models import Cohort
from portal.lib import clock
from tests.insights.conftest import Ask, at
from tests.insights.events import Event, load


def make_cohort(definition: Any, name: str = "X") -> Cohort:
    now = clock.now()
    row: Cohort = Cohort.objects.create(
        name=name, definition=definition, created_at=now, updated_at=now
    )
    return row


def total(trend: Ask, *filters: Any, **more: Any) -> Any:
    answer = trend(
        at("2026-03-10"), **{"from": "2026-01-01", "to": "2026-03-10"},
        series=[{"event": None, "math": "unique_users", "where": list(filters)} | more],
    )  # fmt: skip
    return answer.extra["series"][0]["total"]


@pytest.mark.parametrize("math", ["unique_users", "unique_sessions", "wau"])
def test_a_trend_filters_and_breaks_down_by_a_cohort(trend: Ask, math: str) -> None:
    load(
        [
            Event("buy", at("2026-01-05T12:00"), "ada"),
            Event("visit", at("2026-03-05T12:00"), "ada"),
            Event("visit", at("2026-03-05T12:00"), "bob"),
            Event("visit", at("2026-03-05T12:00"), "cyd"),
        ]
    )
    cohort = make_cohort({"did": "buy"}, "Buyers")

    answer = trend(
        at("2026-03-10"), **{"from": "2026-03-01", "to": "2026-03-06"},
        series=[{"event": "visit", "math": math}], breakdown={"cohort": cohort.pk},
    )  # fmt: skip

    assert {line["breakdown_value"]: line["total"] for line in answer.extra["series"]} == {
        "not in Buyers": 2, "Buyers": 1,
    }  # fmt: skip
    assert total(trend, {"cohort": cohort.pk}) == 1
    assert total(trend, {"cohort": cohort.pk, "op": "not_in"}) == 2
