"""People over the API: the list, the profile, and what an admin merges and splits."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics.ingest import spool
from analytics.ingest.identities import Changes, Id, commit
from analytics.ingest.models import PersonChange
from analytics.ingest.subjects import reference
from analytics.ingest.writer import Writer
from analytics.insights.models import Cohort
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.store import client
from tests.conftest import TokenClient
from tests.insights.events import Event, load, person_of, person_property
from tests.people import People

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store_schema", "empty_cache")
]  # fmt: skip
DAY = datetime(2026, 3, 1, tzinfo=UTC)
Answer = dict[str, Any]
Carry = Callable[[], None]


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.admin)


@pytest.fixture
def carry_out(settings: Settings, tmp_path: Path, people: People) -> Carry:
    """Let the writer do what admins asked for."""
    settings.DATA_DIR = tmp_path
    client.command("TRUNCATE TABLE person_overrides")

    def until_done() -> None:
        opened = spool.Spool(spool.path())
        writer, now = Writer(opened), clock.now()
        for step in range(1, 100):
            writer.chores(now + timedelta(seconds=15 * step))
            if all(not change.is_waiting for change in PersonChange.objects.all()):
                break
        opened.close()

    return until_done


def days(number: float) -> datetime:
    return DAY + timedelta(days=number)


def ask(api: APIClient, path: str, **query: Any) -> Answer:
    packed = {k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in query.items()}
    answer = api.get(f"/api/v1/people{path}", packed)
    assert answer.status_code == 200, answer.json()
    found: Answer = answer.json()
    return found


def names(found: Answer) -> list[str]:
    return [one["user_id"] for one in found["people"]]


def post(api: APIClient, path: str, status: int, **body: Any) -> Answer:
    answer = api.post(f"/api/v1/people/{path}", body, format="json")
    assert answer.status_code == status, answer.json()
    found: Answer = answer.json()
    return found


def joined(*users: str) -> None:
    """Join users into the first one's person, as if all had come in that way."""
    ids = [Id(one, is_user=True) for one in users]
    commit(Changes({one.number: (one, ids[0].number) for one in ids}, {}), clock.now())


class TestTheList:
    def test_who_was_seen_last_comes_first(self, api: APIClient) -> None:
        load([Event("a", days(0), "ada"), Event("b", days(2), "bob"), Event("c", days(5), "ada")])
        person_property("ada", "plan", "pro", days(1))

        found = ask(api, "")

        ada, bob = found["people"]
        assert (ada["user_id"], ada["events"], ada["properties"]) == ("ada", 2, {"plan": "pro"})
        assert ada["first_seen"] == "2026-03-01T00:00:00Z"
        assert ada["last_seen"] == "2026-03-06T00:00:00Z"
        assert bob["user_id"] == "bob"
        assert found["next"] is None

    @pytest.mark.parametrize("seed", range(3))
    def test_pages_show_everybody_once_in_order(self, api: APIClient, seed: int) -> None:
        dice = random.Random(seed)
        events = load(
            Event("e", days(dice.choice([0, 0.5, 3, 80, 81, 90, 90.2])), f"u{dice.randrange(25)}")
            for _ in range(60)
        )
        last: dict[str, datetime] = {}
        for event in events:
            last[event.user] = max(event.at, last.get(event.user, event.at))

        shown: list[str] = []
        page: Answer = {"next": ""}
        while page["next"] is not None:
            page = ask(api, "", limit="4", cursor=page["next"], to="2026-07-01")
            shown += names(page)

        assert shown == sorted(last, key=lambda user: (-last[user].timestamp(), person_of(user)))

    def test_it_is_searched_by_id_and_by_what_is_known(self, api: APIClient) -> None:
        load(Event("a", days(n), user) for n, user in enumerate(["ada", "bob", "cyd"]))
        person_property("bob", "email", "Bob@Adamant.example", days(1))
        person_property("cyd", "email", "ada@old.example", days(1))
        person_property("cyd", "email", "cyd@new.example", days(2))
        person_property("cyd", "seats", 5, days(2))

        assert names(ask(api, "", search="ADA")) == ["bob", "ada"]
        assert names(ask(api, "", search="5")) == ["cyd"]
        assert names(ask(api, "", search="nobody")) == []

    def test_it_is_filtered_by_person_properties_and_cohorts(self, api: APIClient) -> None:
        load(Event("a", days(n), user) for n, user in enumerate(["ada", "bob", "cyd"]))
        for user, plan in (("ada", "pro"), ("bob", "free"), ("cyd", "pro")):
            person_property(user, "plan", plan, days(1))
        pro = {"property": "plan", "op": "=", "value": "pro"}
        cohort = Cohort.objects.create(
            name="Pro", created_at=clock.now(), updated_at=clock.now(), listed=2,
            definition={"kind": "static"}, user_ids=["ada", "bob"],
        )  # fmt: skip

        assert names(ask(api, "", where=[pro])) == ["cyd", "ada"]
        assert names(ask(api, "", where=[pro], cohort=str(cohort.pk))) == ["ada"]
        assert names(ask(api, "", where=[{"cohort": cohort.pk, "op": "not_in"}])) == ["cyd"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ({"where": [{"property": "x", "op": "=", "value": 1, "of": "event"}]}, "where[0].of"),
            ({"cursor": "x"}, "cursor"), ({"limit": "0"}, "limit"), ({"where": "x"}, "where"),
            ({"cohort": "999"}, "cohort"), ({"cohort": "x"}, "cohort"), ({"typo": "x"}, "typo"),
            ({"search": "x" * 300}, "search"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_used_is_named(
        self, api: APIClient, query: dict[str, Any], field: str
    ) -> None:
        packed = {
            k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in query.items()
        }

        answer = api.get("/api/v1/people", packed)

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


class TestTheProfile:
    def test_it_says_who_somebody_is_and_since_when(self, api: APIClient) -> None:
        load(
            [
                Event("user_identified", days(0), "ada", properties={"plan": "free", "n": 1}),
                Event("user_identified", days(1), "ada", properties={"plan": "pro"}),
                Event("user_identified", days(3), "ada", properties={"plan": "pro"}),
                Event("visit", days(3.5), "ada", "s1"), Event("visit", days(4), "ada", "s1"),
                Event("visit", days(4), "bob"),
            ]
        )  # fmt: skip
        person_property("ada", "plan", "pro", days(3))
        person_property("ada", "n", 1, days(0))

        found = ask(api, "/ada")

        assert (found["user_id"], found["anonymous"]) == ("ada", False)
        assert found["properties"] == {"n": 1, "plan": "pro"}
        assert found["since"] == {"n": "2026-03-01T00:00:00Z", "plan": "2026-03-02T00:00:00Z"}
        assert (found["events"], found["sessions"]) == (5, 4)
        assert [(one["id"], one["kind"], one["events"]) for one in found["ids"]] == [
            ("ada", "user", 5)
        ]
        assert [event["name"] for event in found["timeline"]][:2] == ["visit", "visit"]

    def test_the_timeline_goes_on_where_a_page_ended(self, api: APIClient) -> None:
        load(Event("buy" if n % 3 else "visit", days(n * 7), "ada") for n in range(9))

        first = ask(api, "/ada", limit="2", event="buy")
        second = ask(api, "/ada", limit="5", event="buy", cursor=first["next"])

        times = [event["timestamp"][:10] for event in first["timeline"] + second["timeline"]]
        assert times == [days(n * 7).date().isoformat() for n in (8, 7, 5, 4, 2, 1)]
        assert second["next"] is None

    def test_it_names_the_cohorts_that_the_person_is_in(self, api: APIClient) -> None:
        load([Event("buy", days(0), "ada"), Event("visit", days(0), "bob")])
        for name, definition in (
            ("Buyers", {"did": "buy", "last_days": 3_650}),
            ("Others", {"not": {"did": "buy", "last_days": 3_650}}),
        ):
            Cohort.objects.create(
                name=name, created_at=clock.now(), updated_at=clock.now(), definition=definition
            )

        assert [one["name"] for one in ask(api, "/ada")["cohorts"]] == ["Buyers"]
        assert [one["name"] for one in ask(api, "/bob")["cohorts"]] == ["Others"]

    def test_an_anonymous_id_leads_to_its_person_too(self, api: APIClient) -> None:
        load([Event("visit", days(0), "ada")])
        anonymous = Id("ada", is_user=False).number
        row: dict[str, list[Any]] = {
            "day": [DAY.date()], "name": ["look"], "actor": [anonymous], "person": [anonymous],
            "ts": [DAY], "id": ["x"], "anonymous_id": ["ada"], "properties": ["{}"],
        }  # fmt: skip
        client.insert("events", row, token=f"anonymous-{random.random()}")

        assert ask(api, "/ada")["timeline"][0]["name"] == "visit"
        assert ask(api, "/ada", kind="anonymous")["timeline"][0]["name"] == "look"

    def test_nobody_is_404_and_ids_may_hold_slashes(self, api: APIClient) -> None:
        load([Event("visit", days(0), "auth0|a/b c")])

        assert ask(api, "/auth0%7Ca/b%20c")["user_id"] == "auth0|a/b c"
        assert api.get("/api/v1/people/nobody").status_code == 404
        assert api.get("/api/v1/people/ada?kind=x").json()["error"]["field"] == "kind"

    def test_every_look_stands_in_the_audit_log_without_the_id(
        self, api: APIClient, people: People
    ) -> None:
        load([Event("visit", days(0), "ada@example.com")])

        ask(api, "/ada@example.com")

        entry = AuditEntry.objects.get(action="person.view")
        assert entry.actor == people.admin
        assert entry.after == {"person": reference(Id("ada@example.com", is_user=True))}


def unique_users(api: APIClient) -> tuple[int, list[int]]:
    body = {
        "series": [{"event": None, "math": "unique_users"}], "from": "2026-03-01",
        "to": "2026-03-06", "refresh": True,
    }  # fmt: skip
    answer = api.post("/api/v1/insights/trend", body, format="json").json()["series"][0]
    return answer["total"], [point["value"] for point in answer["points"]]


class TestMergingAndSplitting:
    def test_a_preview_tells_what_the_merge_then_does(
        self, api: APIClient, carry_out: Carry
    ) -> None:
        load(
            [
                Event("user_identified", days(0), "ada", properties={"plan": "free"}),
                Event("visit", days(1), "ada"), Event("visit", days(1), "bob"),
                Event("visit", days(2), "bob"), Event("visit", days(3), "ada"),
                Event("user_identified", days(3), "bob", properties={"plan": "pro"}),
                Event("visit", days(4), "cyd"),
            ]
        )  # fmt: skip
        before = unique_users(api)

        preview = post(api, "merge", 200, **{"into": "ada", "from": "bob", "preview": True})[
            "preview"
        ]
        assert (unique_users(api), PersonChange.objects.count()) == (before, 0)
        body = {"into": "ada", "from": {"id": "bob", "kind": "user"}, "reason": "same person"}
        change = post(api, "merge", 202, **body)["change"]
        assert (change["state"], unique_users(api)) == ("queued", before)
        carry_out()

        total, points = unique_users(api)
        assert (before[0], total) == (3, 2)
        assert preview["unique_users"] == {"before": 3, "after": 2}
        assert (preview["events"], preview["days"], preview["days_changed"]) == (3, 3, 2)
        assert preview["properties"] == [
            {"name": "plan", "stays": "free", "moves": "pro", "together": "pro"}
        ]
        for day in preview["by_day"]:
            place = (datetime.fromisoformat(day["day"]).replace(tzinfo=UTC) - DAY).days
            assert (day["before"], day["after"]) == (before[1][place], points[place])
        assert len(preview["by_day"]) == 2
        shown = ask(api, f"/changes/{change['id']}")
        assert (shown["state"], shown["requested_by"]) == ("done", "admin")

    def test_an_undone_split_restores_the_same_numbers(
        self, api: APIClient, carry_out: Carry
    ) -> None:
        load([Event("visit", days(n % 4), user) for n, user in enumerate(["ada", "bob", "ada"])])
        joined("ada", "bob")
        client.command(
            f"ALTER TABLE events UPDATE person = {person_of('ada')} WHERE 1",
            settings_={"mutations_sync": 1},
        )
        before, profile = unique_users(api), ask(api, "/ada")

        preview = post(api, "split", 200, ids=["bob"], preview=True)["preview"]
        split = post(api, "split", 202, ids=["bob"], reason="two people")["change"]
        carry_out()
        between = unique_users(api)
        assert ask(api, "/bob")["events"] == 1
        assert [one["how"] for one in ask(api, "/bob")["ids"]] == ["first id"]
        undo = post(api, f"changes/{split['id']}/undo", 202, reason="no, one")["change"]
        carry_out()

        assert (before[0], between[0]) == (1, 2)
        assert preview["unique_users"] == {"before": 1, "after": 2}
        assert unique_users(api) == before
        assert ask(api, "/bob")["events"] == profile["events"] == 3
        assert undo["undoes"] == split["id"]
        assert ask(api, f"/changes/{split['id']}")["undone_by"] == undo["id"]
        assert [one["id"] for one in ask(api, "/changes")["changes"]] == [undo["id"], split["id"]]
        again = post(api, f"changes/{split['id']}/undo", 400, reason="x")
        assert again["error"]["field"] == "change"

    @pytest.mark.parametrize(
        ("path", "body", "field"),
        [
            ("merge", {"into": "ada", "from": "nobody"}, "from"),
            ("merge", {"into": "ada", "from": "ada"}, "from"),
            ("merge", {"into": 5, "from": "ada"}, "into.id"),
            ("merge", {"into": {"id": "ada", "kind": "x"}, "from": "bob"}, "into.kind"),
            ("merge", {"into": "ada", "from": "bob"}, "reason"),
            ("merge", {"into": "ada", "from": "bob", "typo": 1}, "typo"),
            ("merge", {"from": "bob"}, "into.id"),
            ("split", {"ids": []}, "ids"), ("split", {"ids": ["ada"]}, "ids"),
            ("split", {"ids": ["ada", "bob"]}, "ids"), ("split", {"ids": "ada"}, "ids"),
            ("split", {"ids": ["nobody"]}, "ids[0]"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_named(
        self, api: APIClient, path: str, body: dict[str, Any], field: str
    ) -> None:
        load([Event("visit", days(0), "ada"), Event("visit", days(0), "bob")])

        answer = post(api, path, 400, **body)

        assert answer["error"]["field"] == field
        assert not PersonChange.objects.exists()

    @pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 100_000, "'; DROP", "%00", "👩‍👩‍👧", "."])
    def test_no_text_breaks_anything(self, api: APIClient, text: str) -> None:
        load([Event("visit", days(0), "ada"), Event("visit", days(0), "bob")])

        for answer in (
            api.get("/api/v1/people", {"search": text}),
            api.get("/api/v1/people/ada", {"event": text}),
            api.get(f"/api/v1/people/{quote(text, safe='')}"),
            api.post("/api/v1/people/merge", {"into": text, "from": "ada"}, format="json"),
            api.post(
                "/api/v1/people/merge",
                {"into": "bob", "from": "ada", "reason": text},
                format="json",
            ),
        ):
            assert answer.status_code in {200, 202, 400, 404}

    def test_only_admins_may(self, people: People, call: TokenClient) -> None:
        load([Event("visit", days(0), "ada"), Event("visit", days(0), "bob")])
        body = {"into": "ada", "from": "bob", "preview": True}

        for who in (people.viewer, people.analyst, people.editor, people.outsider, people.auditor):
            answer = call(who).post("/api/v1/people/merge", body, format="json")
            assert answer.status_code == 403
