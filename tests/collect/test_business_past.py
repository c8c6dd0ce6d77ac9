"""The past of the provided metrics, told from the events."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from analytics.collect.business import collecting, past, provided
from analytics.collect.business.models import BusinessMetric
from analytics.series.deleting import delete_samples
from tests.collect.test_business import FIVE, SLOT, collect_at, kept
from tests.factories import make_business_metric
from tests.insights.events import Event, load

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = SLOT + timedelta(minutes=2)
HOUR = timedelta(hours=1)
REVENUE = next(one for one in provided.PROVIDED if one.name == "revenue_total")
ACTIVE = next(one for one in provided.PROVIDED if one.name == "active_users_total")


@pytest.fixture(autouse=True)
def only_mine() -> None:
    BusinessMetric.objects.all().delete()
    collecting._held.minute = None
    delete_samples("name LIKE 'tanqory_%'", {})


def sold(ago: timedelta, revenue: float) -> Event:
    told = {"revenue": revenue, "currency": "EUR", "payment_method": "card"}
    return Event("purchase", NOW - ago, "u1", platform="web", properties=told)


def made(one: provided.Provided, **more: Any) -> BusinessMetric:
    usual: dict[str, Any] = {"name": one.name, "type": one.type, "query": one.query}
    return make_business_metric(**(usual | {"due_at": SLOT, "reads_all": True} | more))


def test_a_counter_rises_when_things_were_sold_and_goes_on_from_there() -> None:
    load([sold(timedelta(days=9), 100), sold(30 * HOUR, 20), sold(HOUR, 3)])
    made(REVENUE)

    past.rewrite(NOW)

    points: list[Any] = next(iter(kept("revenue_total").values()))
    values = dict(points)
    assert points[0][1] == 100
    assert values[SLOT - 24 * HOUR] == 120
    assert points[-1] == (NOW, 123)
    assert {later - one for (one, _), (later, _) in pairwise(points[:-1])} == {FIVE}
    load([sold(-timedelta(minutes=1), 7)])
    collect_at(SLOT + FIVE)
    assert kept("revenue_total").popitem()[1][-1] == (SLOT + FIVE, 130)


def test_a_gauge_is_asked_as_of_the_slots_before() -> None:
    load(
        [
            Event("visit", NOW - HOUR, "u1", platform="web"),
            Event("visit", NOW - FIVE, "u2", platform="web"),
        ]
    )
    made(ACTIVE)

    past.rewrite(NOW)

    (points,) = kept("active_users_total").values()
    assert [value for _, value in points] == [1] * 11 + [2]
    assert points[-1][0] == SLOT


def test_what_was_collected_before_is_forgotten_and_what_asks_otherwise_is_left_alone() -> None:
    load([sold(HOUR, 3)])
    made(REVENUE)
    mine = made(ACTIVE, query="SELECT 1 AS value")
    collect_at(SLOT)
    load([])

    past.rewrite(NOW)

    assert "web" not in str(kept("revenue_total"))
    assert kept("active_users_total") == {(): [(SLOT, 1)]}
    mine.refresh_from_db()
    assert mine.collected_at == SLOT
