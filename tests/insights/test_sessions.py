"""Sessions agree with sessions cut by hand."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from rest_framework.test import APIClient

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.insights.events import Event, load, person_property
from tests.insights.test_paths import sessions
from tests.insights.test_people_behind import asked as posted
from tests.insights.test_people_behind import behind
from tests.people import People

Asked = Callable[..., Frame]
START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = {"from": "2024-01-01", "to": "2024-01-04"}
DAYS = [date(2024, 1, day) for day in (1, 2, 3)]


@pytest.fixture
def counted(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(as_of: datetime = datetime(2030, 1, 1, tzinfo=UTC), **body: Any) -> Frame:
        found = parse_asked(SPAN | body, as_of, "UTC")
        return ask("sessions", Question(found.params, found.window, as_of), refresh=True)

    return asked


@pytest.fixture
def api(people: People, call: TokenClient, store_schema: None, empty_cache: None) -> APIClient:
    return call(people.viewer)


def random_events(seed: int) -> list[Event]:
    dice = random.Random(seed)
    return load(
        Event(
            dice.choice("ABC"),
            START + timedelta(minutes=dice.randrange(0, 3 * 24 * 60)),
            dice.choice(["a", "b", "c", ""]),
            session=dice.choice(["", "", "", "s", "t"]),
            properties={"plan": dice.choice(["free", "pro", 5])} if dice.random() < 0.7 else {},
        )
        for _ in range(dice.randrange(1, 150))
    )


def of_nobody(events: list[Event]) -> list[tuple[str, list[Event]]]:
    """Return the sessions of nobody in particular: their session id alone holds them together."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.at):
        if not event.user and event.session:
            groups[event.session].append(event)
    return [("", group) for group in groups.values()]


def figures(found: list[tuple[str, list[Event]]]) -> dict[str, Any]:
    if not found:
        return {
            "sessions": 0, "people": 0, "average_seconds": None, "median_seconds": None,
            "events_per_session": None, "bounce_share": None,
        }  # fmt: skip
    spent = [(one[-1].at - one[0].at).total_seconds() for _, one in found]
    return {
        "sessions": len(found),
        "people": len({user for user, _ in found if user}),
        "average_seconds": pytest.approx(sum(spent) / len(spent)),
        "median_seconds": median(spent),
        "events_per_session": pytest.approx(sum(len(one) for _, one in found) / len(found)),
        "bounce_share": pytest.approx(sum(len(one) == 1 for _, one in found) / len(found)),
    }


def plan_of(session: list[Event]) -> Any:
    return next((one.properties["plan"] for one in session if one.properties), "$none")


@pytest.mark.parametrize("seed", range(25))
def test_random_sessions_agree(counted: Asked, seed: int) -> None:
    dice = random.Random(seed)
    events = random_events(seed)
    gap = dice.choice([5, 30, 120])
    found = [*sessions(events, timedelta(minutes=gap)), *of_nobody(events)]
    body: dict[str, Any] = {"session_gap_minutes": gap}
    if seed % 3 == 1:
        body |= {"event": "A", "where": [{"property": "plan", "op": "=", "value": "pro"}]}
        found = [
            (user, one)
            for user, one in found
            if any(each.name == "A" and each.properties.get("plan") == "pro" for each in one)
        ]

    answer = counted(**body).extra

    points = answer["series"][0]["points"]
    for day, point in zip(DAYS, points, strict=True):
        assert {k: v for k, v in point.items() if k not in {"t", "complete"}} == figures(
            [(user, one) for user, one in found if one[0].at.date() == day]
        )
    assert answer["total"] == answer["series"][0]["total"] == figures(found)
    for edges, place in (("entries", 0), ("exits", -1)):
        names = Counter(one[place].name for _, one in found)
        assert [(one["name"], one["sessions"]) for one in answer[edges]] == sorted(
            names.items(), key=lambda item: (-item[1], item[0])
        )


@pytest.mark.parametrize("seed", range(5))
def test_values_of_a_breakdown_are_ranked_and_the_rest_is_other(counted: Asked, seed: int) -> None:
    events = random_events(seed + 100)
    found = [*sessions(events, timedelta(minutes=30)), *of_nobody(events)]
    groups: dict[Any, list[tuple[str, list[Event]]]] = defaultdict(list)
    for one in found:
        groups[plan_of(one[1])].append(one)

    answer = counted(breakdown={"property": "plan", "limit": 2}).extra["series"]

    shown = [one["breakdown_value"] for one in answer if one["breakdown_value"] != "$other"]
    sizes = [len(groups[value]) for value in shown]
    assert sizes == sorted(map(len, groups.values()), reverse=True)[:2]
    for one in answer:
        rest = [each for value, group in groups.items() if value not in shown for each in group]
        mine = rest if one["breakdown_value"] == "$other" else groups[one["breakdown_value"]]
        assert one["total"] == figures(mine)
        assert sum(point["sessions"] for point in one["points"]) == len(mine)


def test_they_are_as_many_as_the_trend_counts(counted: Asked) -> None:
    for seed in range(5):
        random_events(seed + 200)
        body = SPAN | {"series": [{"event": None, "math": "unique_sessions"}]}
        moment = datetime(2030, 1, 1, tzinfo=UTC)
        found = parse_asked(body, moment, "UTC")

        trend = ask("trend", Question(found.params, found.window, moment), refresh=True)

        assert counted().extra["total"]["sessions"] == trend.extra["series"][0]["total"]


def test_a_day_is_complete_when_its_sessions_can_no_longer_go_on(counted: Asked) -> None:
    load([Event("A", START, "a")])

    early = counted(as_of=datetime(2024, 1, 2, 0, 29, tzinfo=UTC)).extra["series"][0]["points"]
    later = counted(as_of=datetime(2024, 1, 2, 0, 30, tzinfo=UTC)).extra["series"][0]["points"]

    assert [point["complete"] for point in early] == [False, False, False]
    assert [point["complete"] for point in later] == [True, False, False]


def test_people_may_be_told_apart_by_what_they_are_today(counted: Asked) -> None:
    load([Event("A", START, user) for user in ("a", "b", "c")])
    person_property("a", "plan", "pro", START)

    answer = counted(breakdown={"property": "plan", "of": "person"}).extra["series"]

    assert [(one["breakdown_value"], one["total"]["people"]) for one in answer] == [
        ("$none", 2),
        ("pro", 1),
    ]


def test_behind_every_number_stand_its_people(api: APIClient) -> None:
    random_events(7)
    body = SPAN | {"breakdown": {"property": "plan", "limit": 1}}

    answer = posted(api, "sessions", body)

    assert len(behind(api, "sessions", body)) == answer["total"]["people"]
    for one in answer["series"]:
        cell = {"breakdown_value": one["breakdown_value"]}
        assert len(behind(api, "sessions", body, **cell)) == one["total"]["people"]
        for point in one["points"]:
            names = behind(api, "sessions", body, **cell, t=point["t"])
            assert len(names) == point["people"]
    bounced = behind(api, "sessions", body, bounced=True)
    by_entry = [behind(api, "sessions", body, entry=one["name"]) for one in answer["entries"]]
    assert bounced <= set.union(*by_entry)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"interval": "decade"}, "interval"), ({"interval": "minute", "from": "2000-01-01"}, "interval"),
     ({"session_gap_minutes": 0}, "session_gap_minutes"), ({"breakdown": {}}, "breakdown.property"),
     ({"event": 5}, "event"), ({"compare": "never"}, "compare"), ({"evnt": "A"}, "evnt")],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_by_its_field(
    counted: Asked, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        counted(**body)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("cell", "field"),
    [({"t": "2024-01-01T05:00:00Z"}, "t"), ({"breakdown_value": "x"}, "breakdown_value"),
     ({"bounced": "yes"}, "bounced"), ({"entry": 5}, "entry")],
)  # fmt: skip
def test_a_number_that_is_not_there_is_refused(
    api: APIClient, cell: dict[str, Any], field: str
) -> None:
    answer = api.post("/api/v1/insights/sessions/people", SPAN | cell, format="json")

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_the_period_before_stands_beside(counted: Asked) -> None:
    load([Event("A", START, "a"), Event("A", START - timedelta(days=1), "b")])

    answer = counted(compare="previous_period").extra

    assert answer["total"]["sessions"] == 1
    assert answer["compare"]["total"]["sessions"] == 1
