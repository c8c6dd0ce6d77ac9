"""Retention agrees with a brute-force count, whatever is asked."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.insights.oracles.retention import Rules, table

Asked = Callable[..., Frame]
DAYS = {"day": 1, "week": 7, "month": 30}
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]
WEEK_STARTS = {"monday": 0, "sunday": 6}


@pytest.fixture
def retention(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(as_of: datetime | None = None, **body: Any) -> Frame:
        moment = as_of or datetime(2030, 1, 1, tzinfo=UTC)
        found = parse_asked(body, moment, "UTC")
        return ask("retention", Question(found.params, found.window, moment), refresh=True)

    return asked


def rows(cohorts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(c["start"][:10], c["size"], c["returned"], c["complete"]) for c in cohorts]


def random_events(dice: random.Random, begin: datetime, days: int) -> list[Event]:
    """Return events of few people, some of them at the same instant, around a range."""
    instants = [
        begin + timedelta(seconds=dice.randrange(-days * 43_200, days * 129_600)) for _ in range(30)
    ]
    return [
        Event(
            dice.choice("ABB"), dice.choice(instants), dice.choice(["", "a", "b", "c", "d"]),
            properties={"x": dice.choice([1, 2])} if dice.random() < 0.7 else {},
        )
        for _ in range(dice.randrange(1, 60))
    ]  # fmt: skip


def question(dice: random.Random) -> tuple[dict[str, Any], Rules]:
    interval = dice.choice(list(DAYS))
    zone = dice.choice(ZONES)
    # A clock change, and in Apia a date that never was, lie in some of these ranges.
    begin = at(dice.choice(["2011-12-20", "2024-03-01", "2024-10-20"]), zone)
    end = begin + timedelta(days=DAYS[interval] * dice.randrange(1, 6))
    start_filter, back_filter, common = (dice.random() < 0.4 for _ in range(3))
    week_start = dice.choice(list(WEEK_STARTS))
    start_event, back_event = dice.choice("AB"), dice.choice(["A", "B", None])
    x_is_1 = [{"property": "x", "op": "=", "value": 1}]
    body = {
        "from": begin.isoformat(), "to": end.isoformat(), "time_zone": zone, "interval": interval,
        "start_event": start_event, "return_event": back_event, "week_start": week_start,
        "periods": dice.randrange(1, 6), "counting": dice.choice(["exact", "on_or_after"]),
        "kind": dice.choice(["recurring", "first_time", "first_ever", "first_in_range"]),
        "min_occurrences": dice.choice([1, 1, 2]), "where": x_is_1 if common else [],
        "start_where": x_is_1 if start_filter else [],
        "return_where": x_is_1 if back_filter else [],
    }  # fmt: skip

    def one(event: Event) -> bool:
        return event.properties.get("x") == 1

    rules = Rules(
        named=lambda e: e.name == start_event,
        start=lambda e: e.name == start_event and (one(e) or not (start_filter or common)),
        back=lambda e: back_event in {e.name, None} and (one(e) or not (back_filter or common)),
        kind=str(body["kind"]), counting=str(body["counting"]), interval=interval,
        periods=int(str(body["periods"])), begin=begin, end=end, zone=zone,
        as_of=end + timedelta(days=dice.randrange(0, DAYS[interval] * 4), hours=5),
        week_start=WEEK_STARTS[week_start], often=int(str(body["min_occurrences"])),
    )  # fmt: skip
    return body, rules


@pytest.mark.parametrize("seed", range(60))
def test_random_questions_agree_with_brute_force(retention: Asked, seed: int) -> None:
    dice = random.Random(seed)
    body, rules = question(dice)
    events = load(random_events(dice, rules.begin, (rules.end - rules.begin).days))
    people: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.at):  # stable: the batch's order decides
        if event.user:
            people[event.user].append(event)

    answer = retention(as_of=rules.as_of, **body).extra

    expected = [(f"{day}", *rest) for day, *rest in table(people, rules)]
    assert rows(answer["cohorts"]) == expected


def test_the_average_weights_cohorts_and_leaves_out_what_is_not_over(retention: Asked) -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    load(
        [
            *(Event("A", day, f"a{n}") for n in range(3)),
            *(Event("A", day + timedelta(days=1), f"a{n}") for n in range(2)),
            Event("A", day + timedelta(days=2), "a0"),
        ]
    )

    answer = retention(
        as_of=day + timedelta(days=2, hours=1), start_event="A", return_event="A", periods=3,
        **{"from": "2024-01-01", "to": "2024-01-03"},
    ).extra  # fmt: skip

    assert [c["returned"] for c in answer["cohorts"]] == [[3, 2, 1], [2, 1]]
    assert [c["complete"] for c in answer["cohorts"]] == [[True, True, False], [True, False]]
    assert answer["average"] == [1.0, 2 / 3, None]


def test_the_breakdown_takes_the_value_of_the_event_that_began_it(retention: Asked) -> None:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    load(
        [
            Event("A", day, "a", properties={"plan": "pro"}),
            Event("A", day + timedelta(hours=1), "a", properties={"plan": "free"}),
            Event("A", day, "b"),
            Event("A", day + timedelta(days=1), "a", properties={"plan": "free"}),
        ]
    )

    answer = retention(
        start_event="A", return_event="A", periods=1, breakdown={"property": "plan"},
        **{"from": "2024-01-01", "to": "2024-01-03"},
    ).extra  # fmt: skip

    found = {g["value"]: [c["returned"] for c in g["cohorts"]] for g in answer["breakdown"]}
    assert found == {
        "pro": [[1, 1], [0, 0]], "free": [[0, 0], [1, 0]], "$none": [[1, 0], [0, 0]],
    }  # fmt: skip
    assert [c["size"] for c in answer["cohorts"]] == [2, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "start_event"),
        ({"start_event": "A"}, "return_event"),
        ({"start_event": "A", "return_event": None, "periods": 0}, "periods"),
        ({"start_event": "A", "return_event": None, "periods": 1_000}, "periods"),
        ({"start_event": "A", "return_event": None, "interval": "decade"}, "interval"),
        ({"start_event": "A", "return_event": None, "kind": "often"}, "kind"),
        ({"start_event": "A", "return_event": None, "min_occurrences": 0}, "min_occurrences"),
        ({"start_event": "A", "return_event": None, "from": "2010-01-01"}, "interval"),
        ({"start_event": "A", "return_event": None, "where": [{"property": "x"}]}, "where[0].op"),
    ],
)
def test_what_has_no_meaning_is_refused_by_its_field(
    retention: Asked, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        retention(**body)

    assert caught.value.field == field
