"""POST /api/v1/insights/trend as programs see it."""

from __future__ import annotations

from typing import Any

import pytest

from portal.lib import clock
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
TREND = "/api/v1/insights/trend"
MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}


def test_it_answers_series_and_meta(people: People, call: TokenClient) -> None:
    load(Event("visit", at(f"2026-03-01T10:{n:02}"), f"u{n % 2}") for n in range(5))

    answer = call(people.viewer, ["read"]).post(
        TREND, {**MARCH, "series": [{"event": "visit", "math": "unique_users"}]}, format="json"
    )

    assert answer.status_code == 200
    assert answer.json()["series"] == [
        {
            "label": "visit, unique users",
            "series_index": 0,
            "points": [
                {"t": "2026-03-01T00:00:00Z", "value": 2, "complete": True},
                {"t": "2026-03-02T00:00:00Z", "value": 0, "complete": True},
            ],
            "total": 2,
        }
    ]
    meta = answer.json()["meta"]
    assert meta.keys() >= {
        "as_of", "cached", "elapsed_ms", "rows_read", "bytes_read", "sql", "warnings", "counted",
    }  # fmt: skip
    assert (meta["cached"], meta["rows_read"]) == (False, 10)  # points, then the total
    assert "visit" in meta["sql"][0]
    assert "a person counts once per day" in meta["counted"][0]


def test_all_time_begins_with_the_first_of_the_events(people: People, call: TokenClient) -> None:
    load([Event("old", at("2019-06-01"), "a"), Event("visit", at("2026-02-27T10:00"), "a"),
          Event("visit", at("2026-02-28T10:00"), "a")])  # fmt: skip
    api = call(people.viewer, ["read"])
    all_time = {"from": "all", "to": "2026-03-01"}

    def asked(kind: str, **body: Any) -> Any:
        answer = api.post(f"/api/v1/insights/{kind}", all_time | body, format="json")
        assert answer.status_code == 200, answer.content
        return answer.json()

    trend = asked("trend", series=[{"event": "visit"}])
    stickiness = asked("stickiness", event="visit")
    cohorts = asked("retention", start_event="visit", return_event="visit", periods=1)["cohorts"]
    behind = asked(
        "trend/people", series=[{"event": "visit"}], t=trend["series"][0]["points"][0]["t"]
    )

    assert [point["value"] for point in trend["series"][0]["points"]] == [1, 1]
    assert [point["users"] for point in stickiness["points"]] == [0, 1]
    assert [cohort["returned"] for cohort in cohorts] == [[1, 1], [1, 0]]
    assert behind["total"] == 1
    years = asked("trend", series=[{"event": None}], interval="year")["series"][0]["points"]
    assert [point["value"] for point in years] == [1, 0, 0, 0, 0, 0, 0, 2]


ONE: list[dict[str, Any]] = [{"event": "visit"}]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "series", "at least one"),
        ({"series": "visit"}, "series", "list"),
        ({"series": [{}]}, "series[0].event", "Name the event"),
        ({"series": [{"event": 5}]}, "series[0].event", "string"),
        ({"series": [{"event": "a", "math": "mean"}]}, "series[0].math", "unique_users"),
        ({"series": [{"event": "a", "math": "sum"}]}, "series[0].property", "numeric property"),
        ({"series": [{"event": "a", "maths": "sum"}]}, "series[0].maths", "Unknown field"),
        ({"series": ONE, "intervall": "day"}, "intervall", "Unknown field"),
        ({"series": ONE, "interval": "decade"}, "interval", "month"),
        ({"series": ONE, "from": "yesterday"}, "from", "yesterday"),
        ({"series": ONE, "from": "2026-03-02", "to": "2026-03-01"}, "to", "later than"),
        ({"series": ONE, "time_zone": "Mars/Olympus"}, "time_zone", "time zone"),
        ({"series": ONE, "from": "2016-01-01", "interval": "minute"}, "interval", "'day'"),
        ({"series": ONE, "breakdown": {"property": "$nope"}}, "breakdown.property", "$platform"),
        ({"series": ONE, "breakdown": {"property": "p", "limit": 0}}, "breakdown.limit", "200"),
        ({"series": ONE, "formula": "A/"}, "formula", "ends where"),
        ({"series": ONE, "formula": "A/B"}, "formula", "no series B"),
        ({"series": ONE, "compare": "last_year"}, "compare", "previous_period"),
        ({"series": ONE, "sampling": 0}, "sampling", "1"),
        ({"series": ONE, "refresh": "yes"}, "refresh", "true or false"),
        ({"series": ONE, "where": [{"cohort": 5}]}, "where[0].cohort", "no cohort"),
        ({"series": ONE, "where": [{"cohort": "x"}]}, "where[0].cohort", "whole number"),
        ({"series": ONE, "where": [{"cohort": None}]}, "where[0].cohort", "id"),
        ({"series": ONE, "where": [{"cohort": 5, "op": "="}]}, "where[0].op", "not_in"),
        ({"series": ONE, "breakdown": {"cohort": 5}}, "breakdown.cohort", "no cohort"),
        ({"series": ONE, "where": [{"property": "p", "op": "~"}]}, "where[0].op", "regex"),
        ({"series": ONE, "where": [{"property": "p", "op": "="}]}, "where[0].value", "is_not_set"),
        (
            {"series": ONE, "where": [{"property": "p", "op": "regex", "value": "("}]},
            "where[0].value",
            "regular expression",
        ),
        (
            {"series": ONE, "where": [{"property": "p", "op": "regex", "value": "(?<=a)b"}]},
            "where",
            "pattern",
        ),
        ([], "body", "object"),
    ],
)
def test_what_cannot_be_used_is_named(
    people: People, call: TokenClient, body: Any, field: str, words: str
) -> None:
    load([Event("visit", clock.now(), properties={"p": "ab"})])

    answer = call(people.analyst).post(TREND, body, format="json")

    error = answer.json()["error"]
    assert (answer.status_code, error["field"]) == (400, field)
    assert words in error["message"]


def test_an_auditor_may_not_explore(people: People, call: TokenClient) -> None:
    answer = call(people.auditor).post(TREND, {"series": ONE}, format="json")

    assert answer.status_code == 403
    assert "insights.explore" in answer.json()["error"]["message"]
