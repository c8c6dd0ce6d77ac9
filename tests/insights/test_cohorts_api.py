"""/api/v1/cohorts as programs see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from analytics.insights import actions
from analytics.insights.cohort_drafts import Save, parse_draft
from analytics.insights.models import Cohort
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.store.client import EngineUnavailable
from tests.conftest import TokenClient
from tests.factories import make_cohort
from tests.insights.conftest import at
from tests.insights.events import Event, load, person_property
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
COHORTS = "/api/v1/cohorts"
BUYERS = {"name": "Buyers", "definition": {"did": "buy"}}


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.analyst)


def put_shop() -> None:
    load(
        [
            Event("visit", at("2026-01-01T10:00"), "ada"),
            Event("buy", at("2026-01-02T10:00"), "ada"),
            Event("buy", at("2026-01-05T10:00"), "ada"),
            Event("visit", at("2026-01-03T10:00"), "bob"),
            Event("buy", at("2026-01-04T10:00"), "bob"),
            Event("visit", at("2026-01-04T10:00"), "cyd"),
            Event("visit", at("2026-01-04T11:00")),
        ]
    )
    person_property("ada", "plan", "pro", at("2026-01-01"))


def made(api: APIClient, definition: Any, name: str = "X", **more: Any) -> dict[str, Any]:
    body = {"name": name, "definition": definition} | more
    answer = api.post(COHORTS, body, format="json")
    assert answer.status_code == 201, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: Any, status: int = 400) -> tuple[str, str]:
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    return error.get("field", ""), error["message"]


class TestReading:
    def test_a_cohort_says_how_many_are_in_it_now(self, api: APIClient, people: People) -> None:
        put_shop()
        cohort = made(api, {"did": "buy"}, "Buyers", description="Paid once.")
        load([Event("buy", clock.now() - timedelta(hours=1), f"u{n}") for n in range(5)])

        found = api.get(f"{COHORTS}/{cohort['id']}").json()

        assert cohort["size"] == 2
        assert found["size"] == 5
        assert found["size_at"] > cohort["size_at"]
        assert (found["name"], found["description"]) == ("Buyers", "Paid once.")
        assert found["definition"] == {"did": "buy"}
        assert (found["version"], found["listed"], found["used_by"]) == (1, None, [])
        assert found["created_by"] == people.analyst.email

    def test_the_list_says_the_size_noted_last_and_who_uses_it(self, api: APIClient) -> None:
        put_shop()
        buyers = made(api, {"did": "buy"}, "Buyers")
        made(api, {"not": {"cohort": buyers["id"]}}, "Others")

        rows = api.get(COHORTS).json()["cohorts"]

        assert [(row["name"], row["size"]) for row in rows] == [("Buyers", 2), ("Others", 1)]
        assert [one["name"] for one in rows[0]["used_by"]] == ["Others"]

    def test_a_list_of_cohorts_leaves_out_the_ids_of_static_ones(self, api: APIClient) -> None:
        put_shop()
        listed = made(api, {"kind": "static", "user_ids": ["ada", "bob", "ada", "nobody"]})

        row = api.get(COHORTS).json()["cohorts"][0]

        assert (row["definition"], row["listed"], row["size"]) == ({"kind": "static"}, 3, 2)
        assert listed["definition"]["user_ids"] == ["ada", "bob", "nobody"]

    @pytest.mark.parametrize(
        ("definition", "members"),
        [
            ({"did": "buy"}, ["bob", "ada"]),
            ({"did": "buy", "at_least": 2}, ["ada"]),
            ({"did": "buy", "exactly": 0}, ["cyd"]),
            (
                {"did": "visit", "then": "buy", "within": {"value": 1, "unit": "day"}},
                ["bob", "ada"],
            ),
            ({"first_did": "buy", "from": "2026-01-03", "to": "2026-01-06"}, ["bob"]),
            ({"property": "plan", "op": "=", "value": "pro"}, ["ada"]),
            ({"not": {"property": "plan", "op": "=", "value": "pro"}}, ["cyd", "bob"]),
            ({"kind": "static", "user_ids": ["cyd", "ada", "zoe"]}, ["cyd", "ada"]),
        ],
    )
    def test_members_size_and_the_uniques_of_a_trend_agree(
        self, api: APIClient, definition: dict[str, Any], members: list[str]
    ) -> None:
        put_shop()
        cohort = made(api, definition)

        found = api.get(f"{COHORTS}/{cohort['id']}/members").json()
        trend = api.post(
            "/api/v1/insights/trend",
            {
                "from": "2026-01-01", "to": "2026-02-01",
                "series": [{"event": None, "math": "unique_users"}],
                "where": [{"cohort": cohort["id"]}],
            },
            format="json",
        ).json()  # fmt: skip

        assert [person["user_id"] for person in found["people"]] == members
        entry = AuditEntry.objects.get(action="people.list", object_id=str(cohort["id"]))
        assert (entry.after or {})["people"] == len(members)
        sizes = {len(members), found["total"], cohort["size"], trend["series"][0]["total"]}
        assert sizes == {len(members)}

    def test_members_come_page_by_page(self, api: APIClient) -> None:
        now = clock.now()
        load([Event("buy", now - timedelta(hours=1 + n // 3), f"u{n}") for n in range(11)])
        cohort = made(api, {"did": "buy"})
        path = f"{COHORTS}/{cohort['id']}/members?limit=4"

        page = api.get(path).json()
        names = [person["user_id"] for person in page["people"]]
        while page["next"]:
            page = api.get(f"{path}&cursor={page['next']}").json()
            names += [person["user_id"] for person in page["people"]]

        assert len(names) == 11
        assert set(names) == {f"u{n}" for n in range(11)}
        assert page["total"] == 11

    def test_a_preview_counts_what_is_not_saved(self, api: APIClient) -> None:
        put_shop()

        answer = api.post(f"{COHORTS}/size", {"definition": {"did": "buy"}}, format="json").json()

        assert (answer["size"], answer["everybody"]) == (2, 3)
        assert "did “buy” at least once" in answer["meta"]["counted"][0]
        assert Cohort.objects.count() == 0


class TestWriting:
    def test_a_change_leaves_a_trace_and_a_size(self, api: APIClient, people: People) -> None:
        put_shop()
        cohort = made(api, {"did": "buy"})

        answer = api.patch(
            f"{COHORTS}/{cohort['id']}",
            {"definition": {"did": "visit"}, "version": 1},
            format="json",
        )

        assert (answer.status_code, answer.json()["version"]) == (200, 2)
        assert answer.json()["name"] == "X"
        entry = AuditEntry.objects.get(action="cohort.update")
        assert entry.actor == people.analyst
        assert entry.before
        assert entry.before["definition"] == {"did": "buy"}
        assert entry.after
        assert entry.after["definition"] == {"did": "visit"}
        sizes = api.get(f"{COHORTS}/{cohort['id']}/sizes").json()["sizes"]
        assert [(one["size"], one["version"]) for one in sizes] == [(2, 1), (3, 2)]

    def test_the_trail_does_not_say_who_is_on_a_list(self, api: APIClient) -> None:
        put_shop()

        made(api, {"kind": "static", "user_ids": ["ada"]})

        entry = AuditEntry.objects.get(action="cohort.create")
        assert entry.after
        assert entry.after["listed"] == 1
        assert "ada" not in str(entry.after)

    def test_saving_the_same_again_changes_nothing(self, api: APIClient) -> None:
        put_shop()
        cohort = made(api, {"did": "buy"})

        answer = api.put(
            f"{COHORTS}/{cohort['id']}", {**BUYERS, "name": "X", "version": 1}, format="json"
        )

        assert answer.json()["version"] == 1
        assert not AuditEntry.objects.filter(action="cohort.update").exists()

    def test_who_read_an_older_version_gets_both_sides(self, api: APIClient) -> None:
        put_shop()
        path = f"{COHORTS}/{made(api, {'did': 'buy'})['id']}"
        api.patch(path, {"name": "Theirs", "version": 1}, format="json")

        answer = api.patch(path, {"name": "Mine", "version": 1}, format="json")

        assert answer.status_code == 409
        body = answer.json()
        assert (body["current"]["name"], body["yours"]["name"]) == ("Theirs", "Mine")
        assert Cohort.objects.get().name == "Theirs"

    def test_a_circle_is_refused_and_named(self, api: APIClient) -> None:
        put_shop()
        one = made(api, {"did": "buy"}, "One")
        two = made(api, {"cohort": one["id"]}, "Two")
        three = made(api, {"or": [{"did": "visit"}, {"cohort": two["id"]}]}, "Three")

        field, message = refusal(
            api.patch(
                f"{COHORTS}/{one['id']}",
                {"definition": {"not": {"cohort": three["id"]}}, "version": 1},
                format="json",
            )
        )

        assert field == "definition.not.cohort"
        assert "“One” → “Three” → “Two” → “One”" in message
        assert Cohort.objects.get(pk=one["id"]).definition == {"did": "buy"}

    def test_a_cohort_does_not_contain_itself(self, api: APIClient) -> None:
        put_shop()
        one = made(api, {"did": "buy"}, "One")

        answer = api.patch(
            f"{COHORTS}/{one['id']}",
            {"definition": {"cohort": one["id"]}, "version": 1},
            format="json",
        )

        assert "“One” → “One”" in refusal(answer)[1]

    def test_nesting_ends_somewhere_also_for_those_that_are_around(self, api: APIClient) -> None:
        put_shop()
        ids = [made(api, {"did": "buy"}, "C0")["id"]]
        for n in range(1, 5):
            ids.append(made(api, {"cohort": ids[-1]}, f"C{n}")["id"])
        lone = made(api, {"did": "visit"}, "Lone")["id"]

        above = api.post(COHORTS, {"name": "C5", "definition": {"cohort": ids[-1]}}, format="json")
        below = api.patch(
            f"{COHORTS}/{ids[0]}", {"definition": {"cohort": lone}, "version": 1}, format="json"
        )

        assert "5 deep at most" in refusal(above)[1]
        assert "“C4” → “C3” → “C2” → “C1” → “C0” → “Lone”" in refusal(below)[1]

    def test_one_that_another_uses_stays(self, api: APIClient) -> None:
        put_shop()
        one = made(api, {"did": "buy"}, "One")
        two = made(api, {"cohort": one["id"]}, "Two")

        refused = api.delete(f"{COHORTS}/{one['id']}")
        done = [api.delete(f"{COHORTS}/{cohort['id']}").status_code for cohort in (two, one)]

        assert "“Two”" in refusal(refused, 409)[1]
        assert done == [204, 204]
        assert AuditEntry.objects.filter(action="cohort.delete").count() == 2

    def test_a_save_goes_on_while_the_engine_is_away(
        self, api: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any) -> None:
            raise EngineUnavailable("no answer")

        monkeypatch.setattr("analytics.insights.cohort_drafts.ask", away)

        assert made(api, {"did": "buy"})["size"] is None


class TestRights:
    def test_a_viewer_may_look_but_not_change(self, people: People, call: TokenClient) -> None:
        put_shop()
        path = f"{COHORTS}/{make_cohort(people.owner).pk}"
        viewer = call(people.teammate)

        assert viewer.get(path).status_code == 200
        assert viewer.get(f"{path}/members").status_code == 200
        assert viewer.post(COHORTS, BUYERS, format="json").status_code == 403
        assert viewer.patch(path, {"name": "Y", "version": 1}, format="json").status_code == 403
        assert viewer.delete(path).status_code == 403

    def test_who_may_not_explore_gets_nothing(self, people: People, call: TokenClient) -> None:
        path = f"{COHORTS}/{make_cohort(people.owner).pk}"

        assert call(people.outsider).get(path).status_code == 403
        assert APIClient().get(path).status_code == 401


DEEP: Any = {"did": "a"}
for _ in range(20):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ([], "body", "object"),
        ({}, "name", "name"),
        ({"name": " ", "definition": {"did": "a"}}, "name", "name"),
        ({"name": 5, "definition": {"did": "a"}}, "name", "string"),
        ({"name": "x" * 121, "definition": {"did": "a"}}, "name", "120"),
        ({"name": "a\0b", "definition": {"did": "a"}}, "name", "NUL"),
        ({"name": "taken", "definition": {"did": "a"}}, "name", "already"),
        ({"name": "X"}, "definition", "rules"),
        ({"name": "X", "definition": []}, "definition", "object"),
        ({"name": "X", "definition": {}}, "definition", "did"),
        ({"name": "X", "definition": {"did": "a\0"}}, "definition.did", "null character"),
        ({"name": "X", "definition": {"did": "a"}, "sise": 1}, "sise", "Unknown"),
        ({"name": "X", "definition": {"did": "a", "atleast": 1}}, "definition.atleast", "Unknown"),
        ({"name": "X", "definition": {"and": []}}, "definition.and", "at least one"),
        ({"name": "X", "definition": {"cohort": 999999}}, "definition.cohort", "no cohort"),
        ({"name": "X", "definition": {"cohort": 2**70}}, "definition.cohort", "whole number"),
        (
            {"name": "X", "definition": {"or": [{"stopped": "a"}]}},
            "definition.or[0].for_days",
            "30",
        ),
        ({"name": "X", "definition": {"first_did": "a"}}, "definition.last_days", "first"),
        ({"name": "X", "definition": {"kind": "static"}}, "definition.user_ids", "at least one"),
        (
            {"name": "X", "definition": {"kind": "static", "user_ids": [5]}},
            "definition.user_ids[0]",
            "user id",
        ),
        ({"name": "X", "definition": DEEP}, "definition" + ".not" * 10, "10 deep"),
        (
            {"name": "X", "definition": {"or": [{"did": "a"}] * 101}},
            "definition.or",
            "100",
        ),
        (
            {"name": "X", "definition": {"property": "p", "op": "regex", "value": "(?<=a)b"}},
            "where",
            "pattern",
        ),
    ],
)
def test_what_cannot_be_used_is_named(api: APIClient, body: Any, field: str, words: str) -> None:
    load([Event("a", clock.now(), "ada")])
    person_property("ada", "p", "ab", clock.now() - timedelta(days=1))
    make_cohort(name="Taken")

    found, message = refusal(api.post(COHORTS, body, format="json"))

    assert (found, words in message) == (field, True), message


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/members?limit=0", "limit"),
        ("/members?limit=x", "limit"),
        ("/members?cursor=%21", "cursor"),
        ("/members?page=2", "page"),
        ("/sizes?limit=99999999999", "limit"),
        ("/sizes?from=x", "from"),
    ],
)
def test_what_cannot_be_read_is_named(api: APIClient, path: str, field: str) -> None:
    cohort = make_cohort()

    assert refusal(api.get(f"{COHORTS}/{cohort.pk}{path}"))[0] == field


def test_a_version_is_a_number(api: APIClient) -> None:
    path = f"{COHORTS}/{make_cohort().pk}"

    for version in ("x", 0, True, 1.5):
        body = {"name": "Y", "version": version}
        assert refusal(api.patch(path, body, format="json"))[0] == "version"


def test_what_does_not_exist_is_not_found(api: APIClient) -> None:
    for number in (1, 2**70):
        assert api.get(f"{COHORTS}/{number}").status_code == 404


class TestHistory:
    MIDNIGHT = at("2026-01-05")

    def cohort(self, saved: datetime) -> Cohort:
        draft = parse_draft(BUYERS)
        return actions.create_cohort(None, draft, Save(saved, None))

    def test_each_day_is_noted_once_as_of_its_midnight(self) -> None:
        put_shop()
        cohort = self.cohort(at("2026-01-01T12:00"))

        noted = [
            actions.note_sizes(self.MIDNIGHT + timedelta(minutes=minutes))
            for minutes in (5, 15, 20, 900, 24 * 60 + 11)
        ]

        assert noted == [0, 1, 0, 0, 1]
        assert [(note.at, note.size) for note in cohort.notes(10)] == [
            (self.MIDNIGHT, 2),
            (self.MIDNIGHT + timedelta(days=1), 2),
        ]

    def test_a_cohort_saved_since_midnight_is_left_to_the_next(self) -> None:
        put_shop()
        self.cohort(self.MIDNIGHT + timedelta(minutes=12))

        assert actions.note_sizes(self.MIDNIGHT + timedelta(minutes=15)) == 0

    def test_the_day_is_that_of_the_portals_zone(self, settings: Any) -> None:
        settings.PORTAL_TIME_ZONE = "Asia/Bangkok"
        put_shop()
        cohort = self.cohort(at("2026-01-01T12:00"))

        actions.note_sizes(at("2026-01-03T20:00"))

        assert [(note.at, note.size) for note in cohort.notes(10)] == [(at("2026-01-03T17:00"), 1)]

    def test_one_that_cannot_be_counted_is_tried_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_shop()
        self.cohort(at("2026-01-01T12:00"))
        later = self.MIDNIGHT + timedelta(hours=1)

        def away(*_: Any) -> None:
            raise EngineUnavailable("no answer")

        with monkeypatch.context() as broken:
            broken.setattr("analytics.insights.actions.cohorts.ask", away)
            first = actions.note_sizes(later)

        assert (first, actions.note_sizes(later)) == (0, 1)
