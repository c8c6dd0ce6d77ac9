"""Every kind of insight can be seen beside the period before."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.conftest import TokenClient
from tests.insights.events import Event, load
from tests.people import People

NOW = {"from": "2024-01-08", "to": "2024-01-15"}
BEFORE = {"from": "2024-01-01", "to": "2024-01-08"}
ACTIVITY = {"event": "A", "interval": "day"}
KINDS: dict[str, dict[str, Any]] = {
    "funnel": {"steps": [{"event": "A"}, {"event": "B"}], "window": {"value": 2, "unit": "day"}},
    "retention": {"start_event": "A", "return_event": "B", "interval": "day", "periods": 3},
    "lifecycle": ACTIVITY,
    "stickiness": ACTIVITY,
    "paths": {"steps": 3},
}


@pytest.fixture
def api(people: People, call: TokenClient, store_schema: None, empty_cache: None) -> APIClient:
    return call(people.viewer)


@pytest.mark.parametrize("kind", KINDS)
def test_the_earlier_answer_is_that_of_the_earlier_range(api: APIClient, kind: str) -> None:
    dice = random.Random(5)
    load(
        Event(
            dice.choice("AB"), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=dice.randrange(336)),
            dice.choice("abcdef"),
        )
        for _ in range(150)
    )  # fmt: skip
    url = f"/api/v1/insights/{kind}"

    compared = api.post(
        url, KINDS[kind] | NOW | {"compare": "previous_period"}, format="json"
    ).json()
    alone = api.post(url, KINDS[kind] | NOW, format="json").json()
    earlier = api.post(url, KINDS[kind] | BEFORE, format="json").json()

    before = compared.pop("compare")
    assert (before.pop("from"), before.pop("to")) == (
        "2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z",
    )  # fmt: skip
    assert before == {name: value for name, value in earlier.items() if name != "meta"}
    assert {**compared, "meta": None} == {**alone, "meta": None}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_period_before_can_be_compared_with(api: APIClient, kind: str) -> None:
    answer = api.post(
        f"/api/v1/insights/{kind}", KINDS[kind] | NOW | {"compare": "last_year"}, format="json"
    )

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "compare")
