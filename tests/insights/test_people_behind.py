"""Behind every number stand as many people as it says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.audit.models import AuditEntry
from tests.conftest import TokenClient
from tests.insights.events import Event, load, person_property
from tests.people import People

DAY = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = {"from": "2024-01-01", "to": "2024-01-08"}
FUNNEL = {
    **SPAN, "steps": [{"event": "A"}, {"event": "B"}], "window": {"value": 2, "unit": "day"},
    "breakdown": {"property": "plan"},
}  # fmt: skip


@pytest.fixture
def api(people: People, call: TokenClient, store_schema: None, empty_cache: None) -> APIClient:
    return call(people.viewer)


@pytest.fixture
def events(db: None, store_schema: None) -> list[Event]:
    dice = random.Random(7)
    return load(
        Event(
            dice.choice("AAB"),
            DAY + timedelta(minutes=dice.randrange(-5_000, 12_000)),
            dice.choice(["", *"abcdefghij"]),
            properties={"plan": dice.choice(["free", "pro"])} if dice.random() < 0.8 else {},
        )
        for _ in range(120)
    )


def asked(api: APIClient, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(f"/api/v1/insights/{kind}", body, format="json")
    assert answer.status_code == 200, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def behind(api: APIClient, kind: str, body: dict[str, Any], **cell: Any) -> set[str]:
    found = asked(api, f"{kind}/people", body | cell)
    names = {person["user_id"] for person in found["people"]}
    assert len(names) == len(found["people"]) == found["total"]
    return names


def test_a_funnels_steps(api: APIClient, events: list[Event]) -> None:
    answer = asked(api, "funnel", FUNNEL)

    one, two = answer["steps"]
    reached = behind(api, "funnel", FUNNEL, step=2, outcome="reached")
    dropped = behind(api, "funnel", FUNNEL, step=2, outcome="dropped")
    assert (len(reached), len(dropped)) == (two["users"], one["users"] - two["users"])
    assert reached | dropped == behind(api, "funnel", FUNNEL, step=1)
    assert not reached & dropped
    for group in answer["breakdown"]:
        found = behind(api, "funnel", FUNNEL, step=2, value=group["value"])
        assert len(found) == group["steps"][1]["users"]


def test_a_retentions_cells(api: APIClient, events: list[Event]) -> None:
    for kind in ("recurring", "first_time", "first_ever", "first_in_range"):
        for counting in ("exact", "on_or_after"):
            body = SPAN | {
                "start_event": "A", "return_event": None, "periods": 3, "kind": kind,
                "counting": counting, "start_where": [{"property": "plan", "op": "=", "value": "pro"}],
            }  # fmt: skip
            for cohort in asked(api, "retention", body)["cohorts"]:
                for period, count in enumerate(cohort["returned"]):
                    cell = {"start": cohort["start"], "period": period}
                    assert len(behind(api, "retention", body, **cell)) == count


@pytest.mark.parametrize("kind", ["recurring", "first_time", "first_ever", "first_in_range"])
def test_a_retentions_cells_of_one_value(api: APIClient, kind: str) -> None:
    dice = random.Random(3)
    plans: list[Any] = ["free", 5, 0.1, True, "5", None]
    load(
        Event(
            dice.choice("AAB"), DAY + timedelta(minutes=dice.randrange(-5_000, 12_000)),
            f"u{dice.randrange(60)}", properties={"plan": dice.choice(plans)},
        )
        for _ in range(200)
    )  # fmt: skip
    body = SPAN | {
        "start_event": "A", "return_event": "B", "periods": 3, "kind": kind,
        "breakdown": {"property": "plan"},
    }  # fmt: skip

    groups = asked(api, "retention", body)["breakdown"]

    assert len(groups) > 3
    for group in groups:
        for cohort in group["cohorts"]:
            for period, count in enumerate(cohort["returned"]):
                cell = {"start": cohort["start"], "period": period, "value": group["value"]}
                assert len(behind(api, "retention", body, **cell)) == count


@pytest.mark.parametrize("value", ["$other", [1]])
def test_a_retentions_value_must_be_one_of_them(api: APIClient, value: Any) -> None:
    body = SPAN | {"start_event": "A", "return_event": "B", "breakdown": {"property": "plan"}}
    cell = {"start": "2024-01-01T00:00:00Z", "value": value}

    answer = api.post("/api/v1/insights/retention/people", body | cell, format="json")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "value")


def test_a_paths_nodes_and_links(api: APIClient, events: list[Event]) -> None:
    body = SPAN | {"steps": 4, "session_gap_minutes": 1440}

    answer = asked(api, "paths", body)

    assert answer["links"]
    for node in answer["nodes"]:
        cell = {"step": node["step"], "name": node["name"]}
        assert len(behind(api, "paths", body, **cell)) == node["users"]
        if node["ended"] is not None:
            assert len(behind(api, "paths", body, **cell, next_name="$end")) == node["ended"]
    for link in answer["links"]:
        cell = {**link["from"], "next_name": link["to"]["name"]}
        assert len(behind(api, "paths", body, **cell)) == link["users"]


def test_a_lifecycles_points(api: APIClient, events: list[Event]) -> None:
    body = SPAN | {"event": "A"}

    for line in asked(api, "lifecycle", body)["series"]:
        for point in line["points"]:
            cell = {"t": point["t"], "status": line["status"]}
            assert len(behind(api, "lifecycle", body, **cell)) == abs(point["value"])


def test_a_stickiness_bars(api: APIClient, events: list[Event]) -> None:
    body = SPAN | {"event": "A"}

    for point in asked(api, "stickiness", body)["points"]:
        assert len(behind(api, "stickiness", body, buckets=point["buckets"])) == point["users"]


def test_a_trends_points_totals_and_values(api: APIClient, events: list[Event]) -> None:
    for math in ("unique_users", "wau"):
        body = SPAN | {
            "series": [{"event": "A", "math": math}], "breakdown": {"property": "plan", "limit": 5},
        }  # fmt: skip
        for line in asked(api, "trend", body)["series"]:
            cell = {"series_index": 0, "breakdown_value": line["breakdown_value"]}
            assert len(behind(api, "trend", body, **cell)) == line["total"]
            for point in line["points"]:
                assert len(behind(api, "trend", body, **cell, t=point["t"])) == point["value"]


def test_people_come_newest_first_page_by_page(
    api: APIClient, db: None, store_schema: None
) -> None:
    load([Event("A", DAY + timedelta(minutes=n // 2), f"user-{n}") for n in range(7)])
    person_property("user-6", "plan", "pro", DAY)

    body = SPAN | {"series": [{"event": "A", "math": "unique_users"}], "limit": 3}
    shown = list(pages(api, body))

    assert [len(page) for page in shown] == [3, 3, 1]
    people = [person for page in shown for person in page]
    assert len({person["user_id"] for person in people}) == 7
    entered = [person["entered_at"] for person in people]
    assert entered == sorted(entered, reverse=True)
    assert people[0]["properties"] == {"plan": "pro"}


def test_each_list_is_on_record_once_without_what_was_asked(
    api: APIClient, people: People, db: None
) -> None:
    load([Event("A", DAY + timedelta(minutes=n), f"user-{n}") for n in range(3)])
    where = [{"property": "$user_id", "op": "!=", "value": "user-9"}]
    body = SPAN | {"series": [{"event": "A", "math": "unique_users"}], "where": where}

    list(pages(api, body | {"limit": 2}))
    list(pages(api, body))
    list(pages(api, body | {"where": []}))

    entries = AuditEntry.objects.filter(action="people.list", actor=people.viewer).order_by("pk")
    noted = [entry.after or {} for entry in entries]
    assert [(one["kind"], one["people"]) for one in noted] == [("trend", 3)] * 3
    assert len({one["question"] for one in noted[:2]}) == 1
    assert noted[2]["question"] != noted[0]["question"]
    assert "user-9" not in str(noted)


def pages(api: APIClient, body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, Any] = {}
    while True:
        found = asked(api, "trend/people", body | cursor)
        yield found["people"]
        if found["next"] is None:
            return
        cursor = {"cursor": found["next"]}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("funnel", FUNNEL | {"step": 3}, "step"),
        ("funnel", FUNNEL | {"outcome": "lost"}, "outcome"),
        ("funnel", FUNNEL | {"cursor": "x"}, "cursor"),
        ("funnel", FUNNEL | {"limit": 0}, "limit"),
        ("stickiness", SPAN | {"event": "A", "buckets": 9}, "buckets"),
        ("lifecycle", SPAN | {"event": "A", "status": "new", "t": "noon"}, "t"),
        ("trend", SPAN | {"series": [{"event": "A"}], "breakdown_value": "x"}, "breakdown_value"),
    ],
)
def test_a_number_that_is_not_there_is_refused(
    api: APIClient, kind: str, body: dict[str, Any], field: str
) -> None:
    answer = api.post(f"/api/v1/insights/{kind}/people", body, format="json")

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_a_kind_without_people_is_not_found(api: APIClient) -> None:
    assert api.post("/api/v1/insights/nothing/people", {}, format="json").status_code == 404
