"""The list of events and the catalogue of their names and properties."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.insights.definitions.window import parse_asked
from portal.store import client
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, columns, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOW = at("2026-03-10")


def listed(**params: Any) -> dict[str, Any]:
    body = parse_asked({"from": "all", **params}, NOW, "UTC")
    return ask("events", Question(body.params, body.window, NOW), refresh=True).extra


def pages(**params: Any) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        page = listed(**params, **cursor)
        found.append(page["events"])
        if not page["next"]:
            return found
        cursor = {"cursor": page["next"]}


def test_events_come_newest_first_as_they_were_sent() -> None:
    sent = {"plan": "pro", "n": 5, "ok": True, "tags": ["a", {"b": None}]}
    load(
        [
            Event("visit", at("2026-03-01T10:00:00.000001"), "ada", "s1", sent, platform="web"),
            Event("buy", at("1950-01-01"), ""),
        ]
    )

    newest, oldest = listed()["events"]

    assert newest["properties"] == sent
    assert newest["timestamp"] == "2026-03-01T10:00:00.000001Z"
    assert (newest["userId"], newest["sessionId"], newest["platform"]) == ("ada", "s1", "web")
    assert (oldest["name"], oldest["userId"], oldest["person"]) == ("buy", None, None)


def test_pages_neither_repeat_nor_skip_events_of_the_same_instant() -> None:
    events = load(Event("visit", at(f"2026-0{1 + n % 3}-0{1 + n % 9}"), f"u{n}") for n in range(40))

    found = pages(limit=7)

    assert [len(page) for page in found] == [7, 7, 7, 7, 7, 5]
    users = [event["userId"] for page in found for event in page]
    assert sorted(users) == sorted(event.user for event in events)
    times = [event["timestamp"] for page in found for event in page]
    assert times == sorted(times, reverse=True)


def test_pages_stay_as_they_are_while_new_events_arrive() -> None:
    load(Event("visit", at(f"2026-03-01T10:{n:02}"), f"u{n}") for n in range(4))
    first = listed(limit=2)
    more = Event("visit", at("2026-03-02"), "new")
    client.insert("events", one_row(more), token="more")

    second = listed(limit=2, cursor=first["next"])

    assert [event["userId"] for event in first["events"]] == ["u3", "u2"]
    assert [event["userId"] for event in second["events"]] == ["u1", "u0"]


def one_row(event: Event) -> dict[str, Any]:
    return dict(columns([event]))


def test_the_list_can_be_narrowed() -> None:
    load(
        Event(name, at(f"2026-03-0{day}"), user, properties={"plan": plan})
        for name, day, user, plan in [
            ("visit", 1, "ada", "pro"), ("visit", 2, "bob", "free"), ("buy", 3, "ada", "pro"),
        ]
    )  # fmt: skip

    def days(**params: Any) -> list[str]:
        return [event["timestamp"][9:10] for event in listed(**params)["events"]]

    assert days(name="visit") == ["2", "1"]
    assert days(user_id="ada") == ["3", "1"]
    assert days(where=[{"property": "plan", "op": "=", "value": "free"}]) == ["2"]
    assert days(**{"from": "2026-03-02", "to": "2026-03-03"}) == ["2"]
    assert days(name="nothing") == []


def test_programs_page_through_the_list(people: People, call: TokenClient) -> None:
    load(Event("visit", at(f"2026-03-0{n}"), properties={"n": n}) for n in range(1, 6))
    client_ = call(people.viewer, ["read"])
    where = '[{"property":"n","op":">","value":1}]'

    first = client_.get("/api/v1/events", {"limit": "3", "where": where}).json()
    second = client_.get(
        "/api/v1/events", {"limit": "3", "where": where, "cursor": first["next"]}
    ).json()

    assert [event["properties"]["n"] for event in first["events"]] == [5, 4, 3]
    assert [event["properties"]["n"] for event in second["events"]] == [2]
    assert (second["next"], second["meta"]["sql"] != []) == (None, True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "many"}, "limit"), ({"limit": "5000"}, "limit"), ({"cursor": "!"}, "cursor"),
        ({"where": "["}, "where"), ({"where": "[{}]"}, "where[0].property"), ({"nam": "x"}, "nam"),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_used_are_named(
    people: People, call: TokenClient, query: dict[str, str], field: str
) -> None:
    answer = call(people.viewer).get("/api/v1/events", query)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


class TestSchema:
    def test_names_and_properties_are_counted_by_type(
        self, people: People, call: TokenClient
    ) -> None:
        load(
            [
                Event("visit", at("2026-03-01"), properties={"plan": "pro", "tags": ["a"]}),
                Event("visit", at("2026-03-03"), properties={"plan": 5, "ref": {"a": 1}}),
                Event("visit", at("2026-03-02"), properties={"plan": "free", "x": None}),
                Event("buy", at("2025-03-02"), properties={"ok": True}),
            ]
        )

        visit, buy = call(people.viewer, ["read"]).get("/api/v1/schema").json()["events"]

        assert (visit["name"], visit["count"]) == ("visit", 3)
        assert (visit["first_seen"], visit["last_seen"]) == (
            "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z",
        )  # fmt: skip
        assert [(p["name"], p["types"], p["count"]) for p in visit["properties"]] == [
            ("plan", ["string", "number"], 3), ("ref", ["object"], 1), ("tags", ["array"], 1),
        ]  # fmt: skip
        assert (buy["count"], buy["properties"][0]["types"]) == (1, ["boolean"])

    def test_an_event_appears_at_once_and_old_ones_are_not_counted_again(self) -> None:
        load([Event("visit", at("2026-03-01"), properties={"a": 1})])
        client.command("SYSTEM STOP MERGES events")
        try:
            first = seen()
            client.insert("events", one_row(Event("buy", at("2026-03-01"))), token="fresh")
            second = seen()
        finally:
            client.command("SYSTEM START MERGES events")

        assert first.extra["events"][0]["count"] == 1
        assert {event["name"] for event in second.extra["events"]} == {"visit", "buy"}
        assert len(second.meta.sql) == 2
        assert second.column("events") == [1, 1, 1]

    def test_merged_and_erased_rows_are_counted_as_they_are(self) -> None:
        load((Event("visit", at("2026-03-01"), f"u{n}") for n in range(10)), size=2)
        before = seen().column("events")
        client.command("OPTIMIZE TABLE events FINAL")
        merged = seen().column("events")
        client.command(
            "ALTER TABLE events DELETE WHERE user_id = 'u1'", settings_={"mutations_sync": 1}
        )

        assert (before, merged, seen().column("events")) == ([10], [10], [9])

    def test_an_empty_store_has_an_empty_schema(self) -> None:
        load([])

        assert seen().extra == {"events": []}


def seen() -> Any:
    return ask("schema", Question({}, None, NOW), refresh=True)
