"""Lifecycle and stickiness agree with a plain count, across zones and cut ranges."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.sources import Question, ask
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.insights.oracles.retention import Rules, begins, bucket, following

Asked = Callable[..., Frame]
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
DAYS = {"day": 1, "week": 7, "month": 30}


@pytest.fixture
def insight(db: None, store_schema: None, empty_cache: None) -> Asked:
    def asked(kind: str, as_of: datetime | None = None, **body: Any) -> Frame:
        moment = as_of or datetime(2030, 1, 1, tzinfo=UTC)
        found = parse_asked(body, moment, "UTC")
        return ask(kind, Question(found.params, found.window, moment), refresh=True)

    return asked


def case(dice: random.Random) -> tuple[dict[str, Any], Rules, dict[str, list[datetime]]]:
    """Return a body, the calendar to cut by, and each person's times in order."""
    interval, zone = dice.choice(list(DAYS)), dice.choice(ZONES)
    begin = at(dice.choice(["2011-12-20", "2024-03-01T07:30", "2024-10-20"]), zone)
    end = begin + timedelta(days=DAYS[interval] * dice.randrange(1, 7), hours=dice.choice([0, 5]))
    week_start = dice.choice(["monday", "sunday"])
    body = {
        "from": begin.isoformat(), "to": end.isoformat(), "time_zone": zone, "event": "A",
        "interval": interval, "week_start": week_start,
    }  # fmt: skip
    rules = Rules(
        named=bool, start=bool, back=bool, kind="", counting="", interval=interval, periods=0,
        begin=begin, end=end, as_of=end, zone=zone, week_start=6 if week_start == "sunday" else 0,
    )  # fmt: skip
    seconds = int((end - begin).total_seconds())
    events = load(
        Event(dice.choice("AAB"), begin + timedelta(seconds=dice.randrange(-seconds, 2 * seconds)),
              dice.choice(["", "a", "b", "c", "d"]))
        for _ in range(dice.randrange(1, 50))
    )  # fmt: skip
    people: dict[str, list[datetime]] = defaultdict(list)
    for event in sorted(events, key=lambda one: one.at):
        if event.user and event.name == "A":
            people[event.user].append(event.at)
    return body, rules, people


def days_of(rules: Rules) -> list[date]:
    found = [bucket(rules.begin, rules)]
    while begins(following(found[-1], rules), rules) < rules.end:
        found.append(following(found[-1], rules))
    # A date that the zone skipped has no bucket.
    return [d for d in found if begins(d, rules) < begins(following(d, rules), rules)]


def before(day: date, rules: Rules) -> date:
    return bucket(begins(day, rules) - timedelta(hours=1), rules)


@pytest.mark.parametrize("seed", range(40))
def test_lifecycle_agrees_with_a_plain_count(insight: Asked, seed: int) -> None:
    body, rules, people = case(random.Random(seed))

    answer = insight("lifecycle", **body).extra["series"]

    expected: dict[str, list[int]] = {
        s: [] for s in ("new", "returning", "resurrecting", "dormant")
    }
    for day in days_of(rules):
        counts: Counter[str] = Counter()
        for times in people.values():
            counts[status(times, day, rules)] += 1
        for name, values in expected.items():
            values.append(-counts[name] if name == "dormant" else counts[name])
    assert {line["status"]: [p["value"] for p in line["points"]] for line in answer} == expected


def status(times: list[datetime], day: date, rules: Rules) -> str:
    inside = [one for one in times if rules.begin <= one < rules.end and bucket(one, rules) == day]
    is_first_bucket = day == bucket(rules.begin, rules)
    earlier = [one for one in times if bucket(one, rules) == before(day, rules) and one < rules.end]
    was_active = bool(earlier if is_first_bucket else [o for o in earlier if o >= rules.begin])
    if not inside:
        return "dormant" if was_active else ""
    if inside[0] == times[0]:
        return "new"
    return "returning" if was_active else "resurrecting"


@pytest.mark.parametrize("seed", range(30))
def test_stickiness_agrees_with_a_plain_count(insight: Asked, seed: int) -> None:
    body, rules, people = case(random.Random(seed))

    answer = insight("stickiness", **body).extra

    counts = Counter(
        len({bucket(one, rules) for one in times if rules.begin <= one < rules.end})
        for times in people.values()
    )
    length = len(days_of(rules))
    assert [p["users"] for p in answer["points"]] == [counts[n] for n in range(1, length + 1)]
    assert answer["total"] == sum(counts[n] for n in range(1, length + 1))


def test_a_running_bucket_is_incomplete(insight: Asked) -> None:
    noon = datetime(2024, 1, 2, 12, tzinfo=UTC)
    load([Event("A", noon - timedelta(days=1), "a")])

    answer = insight("lifecycle", noon, event="A", **{"from": "2024-01-01", "to": "2024-01-03"})

    assert [p["complete"] for p in answer.extra["series"][0]["points"]] == [True, False]
    assert [p["value"] for p in answer.extra["series"][3]["points"]] == [0, -1]


@pytest.mark.parametrize("kind", ["lifecycle", "stickiness"])
@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "event"), ({"event": "A", "interval": "hour"}, "interval"),
     ({"event": "A", "from": "1990-01-01"}, "interval"), ({"event": "A", "evnet": 1}, "evnet")],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_by_its_field(
    insight: Asked, kind: str, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        insight(kind, **body)

    assert caught.value.field == field
