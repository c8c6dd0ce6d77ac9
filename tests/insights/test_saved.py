"""Saved insights and folders as programs see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analytics.insights.models import SavedInsight
from portal.accounts.models import Folder
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import TokenClient
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
INSIGHTS, FOLDERS = "/api/v1/insights", "/api/v1/folders"
TREND: dict[str, Any] = {"series": [{"event": "visit"}], "interval": "day", "from": "-7d"}
FUNNEL: dict[str, Any] = {"steps": [{"event": "visit"}, {"event": "buy"}]}
DEFINITIONS: dict[str, dict[str, Any]] = {
    "trend": TREND,
    "funnel": {**FUNNEL, "compare": "previous_period"},
    "retention": {"start_event": "visit", "return_event": "buy", "kind": "first_ever"},
    "lifecycle": {"event": "visit", "interval": "week"},
    "stickiness": {"event": "visit"},
    "paths": {"start": "visit"},
    "sessions": {"event": "visit"},
    "sql": {"query": "SELECT count() AS n FROM events"},
}


def saved(client: Any, **body: Any) -> dict[str, Any]:
    whole = {"name": "Visits", "kind": "trend", "definition": TREND} | body
    answer = client.post(INSIGHTS, whole, format="json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


class TestSaving:
    @pytest.mark.parametrize("kind", DEFINITIONS)
    def test_every_kind_of_insight_can_be_kept_and_asked_again(
        self, people: People, call: TokenClient, kind: str
    ) -> None:
        load([Event("visit", clock.now() - timedelta(days=1), "u1")])
        client = call(people.analyst)

        made = saved(client, kind=kind, definition=DEFINITIONS[kind])
        result = client.get(f"{INSIGHTS}/{made['id']}/result")

        assert made["definition"] == DEFINITIONS[kind]
        assert result.status_code == 200, result.content
        assert result.json()["insight"] == {
            "id": made["id"], "name": "Visits", "kind": kind, "version": 1,
        }  # fmt: skip
        assert "as_of" in result.json()["meta"]

    def test_the_definition_may_stand_beside_the_name(
        self, people: People, call: TokenClient
    ) -> None:
        body = {"name": "To buy", "kind": "funnel", **FUNNEL, "folder": "Growth/Weekly"}

        answer = call(people.analyst).post(INSIGHTS, body, format="json")

        assert answer.status_code == 201, answer.content
        assert answer.json()["definition"] == FUNNEL
        assert answer.json()["folder"] == "Growth/Weekly"

    @pytest.mark.parametrize(
        ("body", "field", "words"),
        [
            ({"name": " "}, "name", "needs a name"),
            ({"name": "x" * 121}, "name", "120"),
            ({"name": "a\0b"}, "name", "NUL"),
            ({"kind": "hologram"}, "kind", "funnel"),
            ({"kind": "events"}, "kind", "funnel"),
            ({"definition": []}, "definition", "object"),
            ({"definition": {"series": []}}, "definition.series", "at least one"),
            ({"definition": TREND | {"from": "soon"}}, "definition.from", "soon"),
            ({"definition": TREND | {"intervall": 1}}, "definition.intervall", "Unknown"),
            ({"definition": {"series": [{"event": "\0"}]}}, "definition.series[0].event", "NUL"),
            (
                {"kind": "funnel", "definition": {"steps": [{"event": "a"}, {"evnt": "b"}]}},
                "definition.steps[1].event",
                "Name the event",
            ),
            (
                {"kind": "sql", "definition": {"query": "DROP TABLE events"}},
                "definition.query",
                "",
            ),
            ({"folder": 999_999}, "folder", "no folder"),
            ({"folder": 2**70}, "folder", "path"),
            ({"folder": True}, "folder", "path"),
            ({"folder": "a//b"}, "folder", "needs a name"),
            ({"is_shared": "yes"}, "is_shared", "true or false"),
            ({"view": 5}, "view", "object"),
            ({"colour": "red"}, "colour", "Unknown"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, people: People, call: TokenClient, body: dict[str, Any], field: str, words: str
    ) -> None:
        whole = {"name": "Visits", "kind": "trend", "definition": TREND} | body

        answer = call(people.analyst).post(INSIGHTS, whole, format="json")

        assert answer.status_code == 400, answer.content
        assert answer.json()["error"]["field"] == field
        assert words in answer.json()["error"]["message"]
        assert not SavedInsight.objects.exists()
        assert not Folder.objects.exists()

    @pytest.mark.parametrize("name", ["definition", "view"])
    def test_what_is_nested_without_end_is_refused(
        self, people: People, call: TokenClient, name: str
    ) -> None:
        deep = b'{"a":' * 900 + b"1" + b"}" * 900
        body = b'{"name": "x", "kind": "trend", "%s": %s}' % (name.encode(), deep)

        answer = call(people.analyst).post(INSIGHTS, body, content_type="application/json")

        assert answer.status_code == 400, answer.content

    def test_a_cohort_that_does_not_exist_is_named(self, people: People, call: TokenClient) -> None:
        definition = TREND | {"where": [{"cohort": 7}]}
        body = {"name": "x", "kind": "trend", "definition": definition}

        answer = call(people.analyst).post(INSIGHTS, body, format="json")

        assert answer.json()["error"]["field"] == "definition.where[0].cohort"

    def test_it_is_on_record_without_the_values_of_filters(
        self, people: People, call: TokenClient
    ) -> None:
        where = [{"property": "$user_id", "op": "=", "value": "ada@example.com"}]

        saved(call(people.analyst), definition=TREND | {"where": where})

        entry = AuditEntry.objects.get(action="insight.create")
        assert entry.actor == people.analyst
        assert "ada@example.com" not in str(entry.after)
        assert "visit" in str(entry.after)


class TestAsking:
    def test_a_relative_range_moves_with_the_clock_and_may_be_another(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        made = saved(client)

        own = client.get(f"{INSIGHTS}/{made['id']}/result").json()
        other = client.get(f"{INSIGHTS}/{made['id']}/result?from=-3d&time_zone=Asia/Tokyo").json()
        posted = client.post(f"{INSIGHTS}/{made['id']}/result", {"from": "-1d"}, format="json")

        counts = [len(one["series"][0]["points"]) for one in (own, other, posted.json())]
        assert counts == [8, 4, 2]
        assert other["series"][0]["points"][0]["t"].endswith("+09:00")

    def test_it_equals_asking_the_same_directly(self, people: People, call: TokenClient) -> None:
        start = clock.now() - timedelta(days=2)
        load([Event("visit", start, "a"), Event("buy", start + timedelta(hours=1), "a")])
        client = call(people.analyst)
        made = saved(client, kind="funnel", definition=FUNNEL)

        kept = client.get(f"{INSIGHTS}/{made['id']}/result?refresh=true").json()
        asked = client.post(f"{INSIGHTS}/funnel", FUNNEL, format="json").json()

        assert kept["steps"] == asked["steps"]
        assert [step["users"] for step in kept["steps"]] == [1, 1]

    @pytest.mark.parametrize(
        ("query", "field"), [("from=never", "from"), ("time_zone=x", "time_zone")]
    )
    def test_a_bad_range_is_named(
        self, people: People, call: TokenClient, query: str, field: str
    ) -> None:
        client = call(people.analyst)
        made = saved(client)

        answer = client.get(f"{INSIGHTS}/{made['id']}/result?{query}")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)

    def test_sql_is_only_for_those_who_may_run_it_and_on_record(
        self, people: People, call: TokenClient
    ) -> None:
        made = saved(call(people.analyst), kind="sql", definition=DEFINITIONS["sql"])
        path = f"{INSIGHTS}/{made['id']}/result"

        assert call(people.viewer).get(path).status_code == 403
        assert call(people.editor).get(path).status_code == 200
        assert AuditEntry.objects.filter(action="sql.run", actor=people.editor).count() == 1


class TestChanging:
    def test_a_change_moves_the_version_and_the_same_again_does_not(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        made = saved(client)
        path = f"{INSIGHTS}/{made['id']}"

        first = client.patch(path, {"name": "All visits", "version": 1}, format="json").json()
        again = client.patch(path, {"name": "All visits"}, format="json").json()

        assert (first["name"], first["version"], first["definition"]) == ("All visits", 2, TREND)
        assert again["version"] == 2
        assert AuditEntry.objects.filter(action="insight.change").count() == 1

    def test_a_stale_change_is_refused_with_both_sides(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        made = saved(client)
        path = f"{INSIGHTS}/{made['id']}"
        client.patch(path, {"name": "First", "version": 1}, format="json")

        late = client.patch(path, {"name": "Second", "version": 1}, format="json")

        assert late.status_code == 409
        assert late.json()["error"]["code"] == "conflict"
        assert late.json()["current"]["name"] == "First"
        assert (late.json()["current"]["version"], late.json()["yours"]["version"]) == (2, 1)
        assert late.json()["yours"]["name"] == "Second"
        assert client.delete(f"{path}?version=1").status_code == 409

    def test_what_was_read_can_be_put_back(self, people: People, call: TokenClient) -> None:
        client = call(people.analyst)
        made = saved(client, folder="Growth")
        path = f"{INSIGHTS}/{made['id']}"

        put = client.put(path, client.get(path).json() | {"name": "Renamed"}, format="json")

        assert put.status_code == 200, put.content
        assert (put.json()["name"], put.json()["folder"]) == ("Renamed", "Growth")

    def test_another_definition_forgets_the_check_of_the_one_before(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        made = saved(client)
        SavedInsight.objects.update(checked_at=clock.now(), check_state="ok", check_note="Same.")
        path = f"{INSIGHTS}/{made['id']}"

        renamed = client.patch(path, {"name": "Other"}, format="json").json()
        changed = client.patch(path, {"definition": TREND | {"from": "-1d"}}, format="json").json()

        assert renamed["check"]["state"] == "ok"
        assert changed["check"] is None

    def test_deleting_leaves_the_record(self, people: People, call: TokenClient) -> None:
        client = call(people.analyst)
        made = saved(client)

        assert client.delete(f"{INSIGHTS}/{made['id']}").status_code == 204

        assert client.get(f"{INSIGHTS}/{made['id']}").status_code == 404
        entry = AuditEntry.objects.get(action="insight.delete")
        assert entry.before is not None
        assert entry.before["name"] == "Visits"


class TestWhoMay:
    def test_a_shared_one_is_seen_by_explorers_and_changed_by_its_owner_and_admins(
        self, people: People, call: TokenClient
    ) -> None:
        path = f"{INSIGHTS}/{saved(call(people.owner))['id']}"

        assert call(people.teammate).get(path).status_code == 200
        assert call(people.teammate).patch(path, {"name": "x"}, format="json").status_code == 403
        assert call(people.analyst).delete(path).status_code == 403
        assert call(people.outsider).get(path).status_code == 403
        assert call(people.admin).patch(path, {"name": "x"}, format="json").status_code == 200

    def test_a_private_one_is_known_to_its_owner_and_admins_only(
        self, people: People, call: TokenClient
    ) -> None:
        made = saved(call(people.owner), is_shared=False)
        path = f"{INSIGHTS}/{made['id']}"

        assert call(people.teammate).get(path).status_code == 404
        assert call(people.teammate).get(f"{path}/result").status_code == 404
        assert call(people.teammate).get(INSIGHTS).json()["insights"] == []
        assert [one["id"] for one in call(people.owner).get(INSIGHTS).json()["insights"]] == [
            made["id"]
        ]
        assert call(people.admin).get(path).status_code == 200

    def test_a_viewer_saves_nothing(self, people: People, call: TokenClient) -> None:
        body = {"name": "x", "kind": "trend", "definition": TREND}

        assert call(people.viewer).post(INSIGHTS, body, format="json").status_code == 403
        assert call(people.viewer).post(FOLDERS, {"name": "x"}, format="json").status_code == 403


class TestListing:
    def test_it_is_narrowed_by_words_kind_and_folder(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        saved(client, name="Visits by day", folder="Growth")
        saved(
            client, name="To buy", kind="funnel", definition=FUNNEL, description="Visits that buy"
        )
        growth = client.get(FOLDERS).json()["folders"][0]["id"]

        def names(query: str) -> list[str]:
            found = client.get(f"{INSIGHTS}?{query}").json()["insights"]
            return [one["name"] for one in found]

        assert names("q=visits buy") == ["To buy"]
        assert names("kind=trend") == ["Visits by day"]
        assert names(f"folder={growth}") == ["Visits by day"]
        assert names("folder=none") == ["To buy"]
        assert client.get(f"{INSIGHTS}?folder=x").status_code == 400

    def test_a_list_asks_the_database_as_often_however_long_it_is(
        self, people: People, call: TokenClient, django_assert_max_num_queries: Any
    ) -> None:
        client = call(people.analyst)
        for number in range(6):
            saved(client, name=str(number), folder=f"A/B/{number}")

        with django_assert_max_num_queries(8):
            found = client.get(INSIGHTS).json()["insights"]
        assert found[5]["folder"] == "A/B/5"
        with django_assert_max_num_queries(8):
            client.get(FOLDERS)

    def test_ids_past_all_numbers_are_not_found(self, people: People, call: TokenClient) -> None:
        for path in (f"{INSIGHTS}/{10**30}", f"{FOLDERS}/{10**30}", f"{INSIGHTS}/{10**30}/result"):
            assert call(people.analyst).get(path).status_code == 404

    def test_pages_follow_one_another(self, people: People, call: TokenClient) -> None:
        client = call(people.analyst)
        ids = [saved(client, name=str(n))["id"] for n in range(3)]

        first = client.get(f"{INSIGHTS}?limit=2").json()
        second = client.get(f"{INSIGHTS}?limit=2&cursor={first['next']}").json()

        assert [one["id"] for one in first["insights"] + second["insights"]] == ids
        assert second["next"] is None


class TestFolders:
    def test_they_stand_inside_one_another_and_move(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        growth = client.post(FOLDERS, {"name": "Growth"}, format="json").json()
        body = {"name": "Weekly", "parent": growth["id"]}
        weekly = client.post(FOLDERS, body, format="json").json()

        assert weekly["path"] == "Growth/Weekly"
        moved = client.patch(f"{FOLDERS}/{weekly['id']}", {"parent": None}, format="json").json()
        assert moved["path"] == "Weekly"

    @pytest.mark.parametrize("name", ["growth", "", "a/b", "x" * 121, "a\0b"])
    def test_a_name_that_cannot_be_is_refused(
        self, people: People, call: TokenClient, name: str
    ) -> None:
        client = call(people.analyst)
        client.post(FOLDERS, {"name": "Growth"}, format="json")

        answer = client.post(FOLDERS, {"name": name}, format="json")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")

    def test_a_folder_cannot_stand_inside_itself(self, people: People, call: TokenClient) -> None:
        client = call(people.analyst)
        saved(client, folder="A/B/C")
        ids = {one["path"]: one["id"] for one in client.get(FOLDERS).json()["folders"]}

        for inner in ("A", "A/B/C"):
            body = {"parent": ids[inner]}
            answer = client.patch(f"{FOLDERS}/{ids['A']}", body, format="json")
            assert (answer.status_code, answer.json()["error"]["field"]) == (400, "parent")

    def test_they_are_not_nested_without_end(self, people: People, call: TokenClient) -> None:
        body = {
            "name": "x",
            "kind": "trend",
            "definition": TREND,
            "folder": "/".join("abcdefghijk"),
        }

        answer = call(people.analyst).post(INSIGHTS, body, format="json")

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "folder")

    def test_a_deep_folder_does_not_move_into_another(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.analyst)
        saved(client, folder="a/b/c/d/e/f")
        saved(client, folder="1/2/3/4/5")
        ids = {one["path"]: one["id"] for one in client.get(FOLDERS).json()["folders"]}

        body = {"parent": ids["1/2/3/4/5"]}
        deep = client.patch(f"{FOLDERS}/{ids['a']}", body, format="json")
        fits = client.patch(f"{FOLDERS}/{ids['a/b']}", body, format="json")

        assert (deep.status_code, deep.json()["error"]["field"]) == (400, "parent")
        assert fits.json()["path"] == "1/2/3/4/5/b"

    def test_only_an_empty_one_goes(self, people: People, call: TokenClient) -> None:
        client = call(people.analyst)
        made = saved(client, folder="Growth", is_shared=False)
        path = f"{FOLDERS}/{made['folder_id']}"

        full = client.delete(path)
        client.delete(f"{INSIGHTS}/{made['id']}")
        empty = client.delete(path)

        assert (full.status_code, empty.status_code) == (400, 204)
        assert "still in this folder" in full.json()["error"]["message"]
