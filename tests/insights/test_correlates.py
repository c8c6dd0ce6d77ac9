"""What converters did more agrees with counting by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from analytics.insights import correlates
from analytics.insights.correlates import Did, Groups
from analytics.insights.definitions.window import parse_asked
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.insights.events import Event, load, person_of
from tests.people import People

Asked = Callable[..., Frame]
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = {"from": "2024-01-01", "to": "2024-01-08"}
FUNNEL = {
    "steps": [{"event": "visit"}, {"event": "cart"}, {"event": "buy"}],
    "window": {"value": 10, "unit": "hour"},
}


@pytest.fixture
def asked(db: None, store_schema: None, empty_cache: None) -> Asked:
    def ask_it(as_of: datetime = datetime(2030, 1, 1, tzinfo=UTC), **body: Any) -> Frame:
        found = parse_asked(SPAN | FUNNEL | body, as_of, "UTC")
        return ask("correlates", Question(found.params, found.window, as_of), refresh=True)

    return ask_it


def person(number: int, *, buys: bool, **more: Any) -> list[Event]:
    """Return somebody who visits, perhaps buys five hours later, and does `more`: hours by event."""
    user = f"u{number}"
    plan = {"plan": more.pop("plan")} if "plan" in more else {}
    found = [Event("visit", START, user, properties=plan)]
    if buys:
        found += [Event("cart", START + 4 * HOUR, user), Event("buy", START + 5 * HOUR, user)]
    return found + [Event(name, START + hours * HOUR, user) for name, hours in more.items()]


def by_name(frame: Frame) -> dict[str, Any]:
    return {one["event"]: one for one in frame.extra["events"]}


def test_an_event_is_counted_by_who_converted_with_its_odds(asked: Asked) -> None:
    load(
        event
        for n in range(100)
        for event in person(n, buys=n < 40, **({"search": 1} if n < 30 or n >= 80 else {}))
    )

    answer = asked()

    search = by_name(answer)["search"]
    assert (answer.extra["converters"], answer.extra["drop_offs"]) == (40, 60)
    assert (search["converters"], search["drop_offs"]) == (30, 20)
    assert search["odds_ratio"] == pytest.approx((30 * 40) / (10 * 20))
    half = 1.959964 * math.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 40)
    low, high = (6 * math.exp(-half), 6 * math.exp(half))
    assert search["interval"] == pytest.approx([low, high], rel=1e-5)
    assert search["is_significant"]
    assert list(by_name(answer)) == ["search"]  # the funnel's own steps are no explanation


def test_only_the_attempt_is_looked_at(asked: Asked) -> None:
    """A converter's ends before the last step, a drop-off's after as long."""
    load(
        event
        for n in range(60)
        for event in person(
            n,
            buys=n < 30,
            early=-1,
            late=11,
            then=6,
            soon=6 if n < 30 else 4,
            inside=0 if n % 2 else 20,
        )
    )

    found = by_name(asked())

    assert "early" not in found
    assert "late" not in found
    assert "then" not in found
    assert (found["soon"]["converters"], found["soon"]["drop_offs"]) == (0, 30)
    assert (found["inside"]["converters"], found["inside"]["drop_offs"]) == (15, 15)


def test_drop_offs_have_as_long_as_converters_to_do_anything(asked: Asked) -> None:
    """Everybody's phone rings once, at any time; drop-offs watched for longer would hear it more."""
    hours = [(takes, rings) for takes in range(1, 10) for rings in range(10)]
    converters = [
        event
        for n, (takes, rings) in enumerate(hours)
        for event in (
            Event("visit", START, f"c{n}"), Event("cart", START + takes * HOUR, f"c{n}"),
            Event("buy", START + takes * HOUR, f"c{n}"), Event("ring", START + rings * HOUR, f"c{n}"),
        )
    ]  # fmt: skip
    drop_offs = [
        event
        for n in range(900)
        for event in (
            Event("visit", START, f"d{n}"),
            Event("ring", START + (n % 10) * HOUR, f"d{n}"),
        )
    ]
    load([*converters, *drop_offs])

    ring = by_name(asked())["ring"]

    assert ring["converter_share"] == pytest.approx(0.5)
    assert ring["drop_off_share"] == pytest.approx(0.5, abs=0.05)
    assert not ring["is_significant"]


def test_converters_times_are_dealt_out_as_they_are_distributed() -> None:
    people = np.arange(1, 13, dtype=np.uint64) * np.uint64(2**40)

    found = correlates.dealt(np.array([9, 3, 5]), people)

    assert sorted(found.tolist()) == [3] * 4 + [5] * 4 + [9] * 4
    assert found.tolist() != sorted(found.tolist())
    assert correlates.dealt(np.array([9, 3, 5]), people[::-1]).tolist() == found.tolist()[::-1]


def test_values_of_properties_are_compared_too_also_those_of_the_first_step(asked: Asked) -> None:
    load(
        event
        for n in range(100)
        for event in person(n, buys=n < 40, plan="pro" if n < 30 or n >= 90 else "free")
    )

    values = {one["value"]: one for one in asked().extra["values"]}

    assert (values["pro"]["converters"], values["pro"]["drop_offs"]) == (30, 10)
    assert (values["free"]["converters"], values["free"]["drop_offs"]) == (10, 50)
    assert values["pro"]["odds_ratio"] == pytest.approx(15)
    assert values["free"]["odds_ratio"] == pytest.approx(1 / 15)
    assert values["pro"]["property"] == "plan"


def test_what_few_did_is_not_compared(asked: Asked) -> None:
    load(
        event
        for n in range(100)
        for event in person(n, buys=n < 40, **({"rare": 1} if n < 5 else {}))
    )

    answer = asked().extra

    assert answer["events"] == []
    assert answer["too_rare"] >= 1


def test_whoever_may_still_convert_is_left_out(asked: Asked) -> None:
    load(event for n in range(60) for event in person(n, buys=n < 30))

    early = asked(as_of=START + 6 * HOUR, to="2024-01-01T06:00:00Z").extra
    late = asked(as_of=START + 11 * HOUR, to="2024-01-01T11:00:00Z").extra

    assert (early["converters"], early["drop_offs"]) == (30, 0)
    assert (late["converters"], late["drop_offs"]) == (30, 30)


def test_where_nobody_converted_nothing_is_compared_which_is_said(asked: Asked) -> None:
    load(event for n in range(60) for event in person(n, buys=False))

    answer = asked()

    assert answer.extra["converters"] == 0
    assert answer.meta.warnings == ("Nobody converted: there is nothing to compare.",)


def test_a_property_with_a_value_for_everybody_is_left_out(asked: Asked) -> None:
    buyers = [event for n in range(400) for event in person(n, buys=n < 200)]
    looks = [
        Event("look", START + HOUR, f"u{n}", properties={"order": f"o{n}"}) for n in range(400)
    ]
    load([*buyers, *looks])

    assert {"property": "order", "reason": "more than 300 values"} in asked().extra["left_out"]


@pytest.mark.parametrize("seed", range(6))
def test_random_companies_agree_with_counting_by_hand(asked: Asked, seed: int) -> None:
    dice = random.Random(seed)
    events = load(
        Event(dice.choice(["visit", "visit", "buy", "x", "y"]), START + dice.randrange(100) * HOUR,
              f"u{dice.randrange(60)}", properties={"p": dice.choice([1, "1", True])})
        for _ in range(700)
    )  # fmt: skip
    steps = {"steps": [{"event": "visit"}, {"event": "buy"}]}

    answer = asked(**steps).extra

    groups, did = by_hand(events)
    assert (answer["converters"], answer["drop_offs"]) == groups
    expected = {what: pair for what, pair in did.items() if correlates.is_enough(Did(*pair), Groups(*groups))}  # fmt: skip
    found = {
        ("name", one["event"]): (one["converters"], one["drop_offs"]) for one in answer["events"]
    }
    found |= {
        ("p", repr(one["value"])): (one["converters"], one["drop_offs"])
        for one in answer["values"]
        if one["property"] == "p"
    }
    assert found == expected


def by_hand(
    events: list[Event],
) -> tuple[tuple[int, int], dict[tuple[str, str], tuple[int, int]]]:
    """Take each person's best attempt at visit, buy: the first to get there that began last, or
    the first visit of all; that one for as long as the converter took whose turn it is.
    """
    spans: dict[str, tuple[datetime, timedelta]] = {}
    dropped: dict[str, datetime] = {}
    for user in {one.user for one in events}:
        mine = [one for one in events if one.user == user]
        visits = sorted(one.at for one in mine if one.name == "visit")
        buys = sorted(one.at for one in mine if one.name == "buy")
        pairs = [(b, v) for v in visits for b in buys if v <= b <= v + 10 * HOUR]
        if pairs:
            bought = min(b for b, _ in pairs)
            since = max(v for b, v in pairs if b == bought)
            spans[user] = since, bought - timedelta(microseconds=1) - since
        elif visits:
            dropped[user] = visits[0]
    taken = sorted(span for _, span in spans.values())
    turns = sorted(dropped, key=lambda user: person_of(user) * 0x9E3779B97F4A7C15 % 2**64)
    for turn, user in enumerate(turns):
        span = taken[int((turn + 0.5) * len(taken) / len(turns))]
        spans[user] = dropped[user], span
    did: dict[tuple[str, str], list[int]] = {}
    for user, (since, span) in spans.items():
        had = {
            what
            for one in events
            if one.user == user and since <= one.at <= since + span and one.name != "buy"
            for what in [("name", one.name), ("p", repr(one.properties["p"]))]
        }
        for what in had - {("name", "visit")}:
            did.setdefault(what, [0, 0])[user in dropped] += 1
    groups = (len(spans) - len(dropped), len(dropped))
    return groups, {what: (a, b) for what, (a, b) in did.items()}


class TestArithmetic:
    def test_an_empty_cell_gets_half_a_person_like_the_others(self) -> None:
        found = correlates.odds(Did(10, 0), Groups(20, 20))

        assert found["odds_ratio"] == pytest.approx((10.5 * 20.5) / (10.5 * 0.5))
        assert all(math.isfinite(edge) for edge in found["interval"])

    def test_all_tests_are_corrected_together(self) -> None:
        did = [({"n": n}, Did(30 + n, 20)) for n in range(3)]

        rows, too_rare = correlates.compared(did, Groups(60, 60))

        smallest = min(row["p_value"] for row in rows)
        assert min(row["p_value_corrected"] for row in rows) == pytest.approx(3 * smallest)
        assert too_rare == 0


def test_the_api_answers_the_body_of_a_funnel(
    people: People, call: TokenClient, store_schema: None, empty_cache: None
) -> None:
    load(event for n in range(60) for event in person(n, buys=n < 30, look=1 if n < 20 else 20))
    api: APIClient = call(people.viewer)
    body = SPAN | FUNNEL | {"breakdown": {"property": "plan"}, "compare": "previous_period"}

    answer = api.post("/api/v1/insights/funnel/correlates", body, format="json")
    wrong = api.post("/api/v1/insights/funnel/correlates", SPAN | {"steps": []}, format="json")

    assert answer.json()["events"][0]["event"] == "look"
    assert wrong.json()["error"]["field"] == "steps"
