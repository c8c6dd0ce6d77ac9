"""POST /api/v1/insights/why: who contributed what to a change, against a count by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
WHY = "/api/v1/insights/why"
NOW, BEFORE = at("2026-03-10"), at("2026-03-09")
DAY = timedelta(days=1)
RANGE: dict[str, Any] = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-15T00:00:00Z"}
POINT: dict[str, Any] = {**RANGE, "interval": "day", "t": "2026-03-10T00:00:00Z"}


def why(as_of: datetime | None = None, **body: Any) -> dict[str, Any]:
    """Ask as the API does, as of a given moment; returns the contract's JSON."""
    return asked(as_of, **body).extra


def asked(as_of: datetime | None = None, **body: Any) -> Frame:
    moment = as_of or datetime(2030, 1, 1, tzinfo=UTC)
    found = parse_asked(body, moment, "UTC")
    return ask("why", Question(found.params, found.window, moment), refresh=True)


def test_it_names_who_made_a_number_fall() -> None:
    """Web on version 2 stopped paying; everything else stayed as it was."""
    load(
        Event("pay", day + timedelta(minutes=n), f"u{n}", platform=platform,
              properties={"country": ("de", "fr")[n % 2], "browser": browser})
        for day in (BEFORE, NOW)
        for platform in ("web", "ios")
        for browser in ("firefox", "chrome", "safari", "edge")
        for n in range(10)
        if not (day == NOW and browser == "edge")
    )  # fmt: skip

    found = why(series={"event": "pay"}, **POINT)

    assert (found["now"], found["before"], found["change"]) == (60, 80, -20)
    assert found["periods"]["before"]["from"] == "2026-03-09T00:00:00Z"
    best = found["properties"][0]
    assert (best["property"], best["of"], best["explained"]) == ("browser", 4, 0.75)
    assert best["values"][0] == {
        "value": "edge", "now": 0, "before": 20, "change": -20, "share_of_change": 1.0,
        "expected": -5.0,
    }  # fmt: skip
    others = {one["property"]: one["explained"] for one in found["properties"][1:]}
    assert others == {"country": 0, "$platform": 0}  # they only followed


def test_not_set_is_a_value_and_a_property_nobody_has_is_none() -> None:
    load([
        Event("pay", BEFORE, properties={"plan": "pro"}), Event("pay", NOW), Event("pay", NOW),
        Event("pay", NOW, properties={"plan": ""}), Event("pay", NOW, properties={"plan": 7}),
        Event("pay", NOW, properties={"plan": True}),
    ])  # fmt: skip

    found = why(series={"event": "pay"}, **POINT)

    (plan,) = found["properties"]
    assert {str(v["value"]): v["change"] for v in plan["values"]} == {
        "$none": 2, "": 1, "7": 1, "True": 1, "pro": -1
    }  # fmt: skip


# Oracle: written from the words of the answer, in plain Python.


def oracle(
    events: Sequence[Event], math_: str, key: Callable[[Event], Any]
) -> dict[Any, tuple[float, float]]:
    """Count each value of a property on the day and on the day before."""
    values: dict[Any, tuple[list[Event], list[Event]]] = {}
    for event in events:
        sides = values.setdefault(key(event), ([], []))
        sides[0 if event.at >= NOW else 1].append(event)
    return {
        value: (counted(sides[0], math_), counted(sides[1], math_))
        for value, sides in values.items()
    }


def counted(events: Iterable[Event], math_: str) -> float:
    if math_ == "total":
        return len(list(events))
    if math_ == "unique_users":
        return len({event.user for event in events if event.user})
    return float(sum(event.properties["n"] for event in events))


def plan_of(event: Event) -> Any:
    return event.properties.get("plan", "$none")


def platform_of(event: Event) -> Any:
    return event.platform or "$none"


one_event = st.builds(
    lambda user, day, second, platform, plan, n: Event(
        "pay", (NOW if day else BEFORE) + timedelta(seconds=second), user, platform=platform,
        properties={**plan, **n},
    ),
    user=st.sampled_from(["", "a", "b", "c"]),
    day=st.booleans(),
    second=st.integers(0, 86_399),
    platform=st.sampled_from(["", "web", "ios"]),
    plan=st.sampled_from([{}, {"plan": "free"}, {"plan": "pro"}, {"plan": 1}, {"plan": False}]),
    n=st.sampled_from([{}, {"n": 1}, {"n": -2}, {"n": 5}]),
)  # fmt: skip
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("math_", ["total", "unique_users", "sum"])
@many
@given(events=st.lists(one_event, max_size=14))
def test_contributions_add_up_to_the_change(math_: str, events: list[Event]) -> None:
    load(events)
    series = {"event": "pay", "math": math_, **({"property": "n"} if math_ == "sum" else {})}

    found = why(series=series, properties=["plan", "$platform"], limit=2, **POINT)

    ours = [e for e in events if math_ != "sum" or "n" in e.properties]
    ours = [e for e in ours if math_ != "unique_users" or e.user]
    now, before = (oracle(ours, math_, lambda _: "all")).get("all", (0, 0))
    assert (found["now"], found["before"], found["change"]) == (now, before, now - before)
    for one in found["properties"]:
        by_hand = oracle(ours, math_, plan_of if one["property"] == "plan" else platform_of)
        assert one["of"] == len(by_hand)
        for value in one["values"]:
            assert by_hand[value["value"]] == (value["now"], value["before"])
            assert value["change"] == value["now"] - value["before"]
        shown = sum(value["change"] for value in one["values"])
        rest = one["rest"]["change"] if one["rest"] else 0
        overlap = one.get("overlap", {"change": 0})["change"]
        assert shown + rest + overlap == found["change"]
        sizes = [abs(value["change"]) for value in one["values"]]
        assert sizes == sorted(sizes, reverse=True)
        assert 0 <= one["explained"] <= 1


@many
@given(events=st.lists(one_event, max_size=14))
def test_mix_and_rate_add_up_to_the_change_of_an_average(events: list[Event]) -> None:
    load(events)

    found = why(series={"event": "pay", "math": "avg", "property": "n"},
                properties=["plan"], limit=2, **POINT)  # fmt: skip

    ours = [event for event in events if "n" in event.properties]
    sides = [
        [e.properties["n"] for e in ours if (e.at >= NOW) == is_now] for is_now in (True, False)
    ]
    now, before = (sum(side) / len(side) if side else None for side in sides)
    assert (found["now"], found["before"]) == (now, before)
    if not ours or now is None or before is None:
        return
    for one in found["properties"]:
        parts = [*one["values"], *([one["rest"]] if one["rest"] else [])]
        assert math.isclose(sum(p["change"] for p in parts), now - before, abs_tol=1e-9)
        for part in parts:
            assert math.isclose(part["mix"] + part["rate"], part["change"], abs_tol=1e-9)
        assert sum(part["events_now"] for part in parts) == len(sides[0])


@pytest.mark.parametrize(
    ("against", "interval", "t", "start", "end"),
    [
        ("previous_bucket", "day", "2026-03-10T00:00:00Z", "2026-03-09T00", "2026-03-10T00"),
        ("previous_bucket", "month", "2026-03-01T00:00:00Z", "2026-02-01T00", "2026-02-15T00"),
        ("previous_bucket", "hour", "2026-03-10T05:30:00Z", "2026-03-10T04", "2026-03-10T05"),
        ("same_bucket_last_week", "day", "2026-03-10T00:00:00Z", "2026-03-03T00", "2026-03-04T00"),
        ("same_bucket_last_week", "hour", "2026-03-10T05:00:00Z", "2026-03-03T05", "2026-03-03T06"),
        ("previous_period", "day", "2026-03-10T00:00:00Z", "2026-02-24T00", "2026-02-25T00"),
        ("previous_period", "day", None, "2026-02-15T00", "2026-03-01T00"),
        ("2026-01-07", "day", "2026-03-10T00:00:00Z", "2026-01-07T00", "2026-01-08T00"),
        ("2026-01-07", "week", "2026-03-10T00:00:00Z", "2026-01-05T00", "2026-01-11T00"),
        ("2026-03-12T07:30", "hour", "2026-03-10T05:00:00Z", "2026-03-12T07", "2026-03-12T08"),
    ],
)
def test_what_it_is_compared_with(
    against: str, interval: str, t: str | None, start: str, end: str
) -> None:
    body: dict[str, Any] = {
        **RANGE,
        "interval": interval,
        "against": against,
        **({"t": t} if t else {}),
    }

    found = why(series={"event": "pay"}, **body)["periods"]["before"]

    assert (found["from"][:13], found["to"][:13]) == (start, end)


def test_a_bucket_that_still_runs_is_compared_with_as_much_of_the_reference() -> None:
    load([Event("pay", BEFORE + timedelta(hours=1)), Event("pay", BEFORE + timedelta(hours=20)),
          Event("pay", NOW + timedelta(hours=1))])  # fmt: skip

    frame = asked(NOW + timedelta(hours=10), series={"event": "pay"}, **POINT)

    assert (frame.extra["now"], frame.extra["before"]) == (1, 1)
    assert frame.extra["periods"]["before"]["to"] == "2026-03-09T10:00:00Z"
    assert "still runs" in frame.meta.warnings[0]


def test_a_day_may_be_compared_with_a_later_one() -> None:
    load([Event("pay", BEFORE), Event("pay", NOW), Event("pay", NOW)])

    found = why(series={"event": "pay"}, **{**POINT, "t": "2026-03-09", "against": "2026-03-10"})

    assert (found["now"], found["before"], found["change"]) == (1, 2, -1)


def test_days_of_a_zone_with_summer_time() -> None:
    found = why(series={"event": "pay"}, **{**RANGE, "to": "2026-04-01T00:00:00Z"},
                time_zone="Europe/Berlin", interval="day", t="2026-03-30")  # fmt: skip

    assert found["periods"] == {
        "now": {"from": "2026-03-29T22:00:00Z", "to": "2026-03-30T22:00:00Z"},
        "before": {"from": "2026-03-28T23:00:00Z", "to": "2026-03-29T22:00:00Z"},
    }


def test_a_property_with_very_many_values_is_left_out_and_named() -> None:
    load(Event("pay", NOW, properties={"order": f"o{n}", "plan": "pro"}) for n in range(1_200))

    found = why(series={"event": "pay"}, **POINT)
    forced = why(series={"event": "pay"}, properties=["order"], **POINT)

    assert [one["property"] for one in found["properties"]] == ["plan"]
    assert found["left_out"] == [{"property": "order", "reason": "more than 1,000 values"}]
    (order,) = forced["properties"]
    assert (order["of"], order["rest"]["values"], order["rest"]["change"]) == (1_200, 1_190, 1_190)


def test_any_event_is_explained_by_the_events_names() -> None:
    load([Event("pay", BEFORE), Event("visit", BEFORE), Event("visit", NOW), Event("visit", NOW)])

    found = why(series={"event": None}, **POINT)

    assert {v["value"]: v["change"] for v in found["properties"][0]["values"]} == {
        "pay": -1, "visit": 1
    }  # fmt: skip


def test_filters_of_the_series_and_of_the_question_hold() -> None:
    load(Event("pay", day, platform=p, properties={"plan": plan})
         for day in (BEFORE, NOW) for p in ("web", "ios") for plan in ("a", "b"))  # fmt: skip

    where = [{"property": "plan", "op": "=", "value": "a"}]
    own = [{"property": "$platform", "op": "=", "value": "web"}]
    found = why(series={"event": "pay", "where": own}, where=where, **POINT)

    assert (found["now"], found["before"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "series"), ({"series": []}, "series"), ({"series": {}}, "series.event"),
        ({"series": {"event": "a", "math": "p99", "property": "n"}}, "series.math"),
        ({"series": {"event": "a", "math": "per_user_average"}}, "series.math"),
        ({"series": {"event": "a"}, "t": "noon"}, "t"),
        ({"series": {"event": "a"}, "t": "2031-01-01"}, "t"),
        ({"series": {"event": "a"}, "against": "yesterday"}, "against"),
        ({"series": {"event": "a"}, "against": "previous_bucket"}, "t"),
        ({"series": {"event": "a"}, "t": "2026-03-10", "interval": "month",
          "against": "same_bucket_last_week"}, "against"),
        ({"series": {"event": "a"}, "against": "2026-01-07"}, "t"),
        ({"series": {"event": "a"}, "t": "2026-03-10", "against": "2026-03-10T12:00"}, "against"),
        ({"series": {"event": "a"}, "t": "2026-03-10", "against": "2031-01-01"}, "against"),
        ({"series": {"event": "a"}, "properties": "plan"}, "properties"),
        ({"series": {"event": "a"}, "properties": ["$nope"]}, "properties[0].property"),
        ({"series": {"event": "a"}, "properties": [{"property": "p", "of": "person"}]},
         "properties[0]"),
        ({"series": {"event": "a"}, "limit": 0}, "limit"),
        ({"series": {"event": "a"}, "breakdown": {"property": "p"}}, "breakdown"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        why(**RANGE, **body)

    assert raised.value.field == field


def test_the_api_answers_with_the_arithmetic(people: People, call: TokenClient) -> None:
    load([Event("pay", NOW, platform="web")])

    answer = call(people.viewer, ["read"]).post(
        WHY, {**POINT, "series": {"event": "pay"}}, format="json"
    )

    assert answer.status_code == 200
    assert answer.json()["properties"][0]["property"] == "$platform"
    assert any("add up to the change" in line for line in answer.json()["meta"]["counted"])
