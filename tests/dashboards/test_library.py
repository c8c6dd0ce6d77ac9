"""Library widgets: one definition on many dashboards (dashboards.library, actions.library)."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.models import Dashboard, DashboardVersion, LibraryWidget
from portal.audit.models import AuditEntry
from portal.audit.personal import Subject, holders
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_library_widget, make_widget
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
LIBRARY = "/api/v1/library-widgets"
DASHBOARDS = "/api/v1/dashboards"


def definition(query: str = "**Hello**", **values: Any) -> dict[str, Any]:
    return {"source": "text", "query": query, "config": {"kind": "text"}, **values}


def linked(board: Dashboard, key: str, uid: str, **values: Any) -> None:
    config = {"library": uid, **values.pop("config", {})}
    make_widget(board, key, query="**Hello**", config=config, **values)


def widget_in(client: Any, board: str, key: str) -> dict[str, Any]:
    widgets = client.get(f"{DASHBOARDS}/{board}").json()["widgets"]
    found: dict[str, Any] = next(one for one in widgets if one["id"] == key)
    return found


class TestKeeping:
    def test_one_is_kept_and_listed_with_where_it_is_used(
        self, people: People, call: TokenClient
    ) -> None:
        client = call(people.owner)

        made = client.post(LIBRARY, {"name": "Greeting", "definition": definition()}, format="json")
        linked(make_dashboard("mine", name="Mine", created_by=people.owner), "hi", "greeting")
        linked(make_dashboard("theirs", created_by=people.admin), "hi", "greeting")

        assert made.status_code == 201, made.json()
        listed = client.get(LIBRARY).json()["library_widgets"]
        assert [(one["uid"], one["version"], one["dashboards"]) for one in listed] == [
            ("greeting", 1, 2)
        ]
        assert listed[0]["used_on"] == [
            {"uid": "mine", "name": "Mine"}
        ]  # the other is not theirs to see
        assert AuditEntry.objects.filter(action="library_widget.create").count() == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": "A"}, "definition"),
            ({"name": "A", "definition": []}, "definition"),
            ({"name": "A", "definition": definition(title="x")}, "definition.title"),
            ({"name": "A", "definition": definition(source="magic")}, "definition.source"),
            ({"name": "A", "definition": definition(config={"kind": "no"})}, "definition.config.kind"),
            (
                {"name": "A", "definition": definition("rate(", source="promql", config={"kind": "line"})},
                "definition.query",
            ),
            (
                {"name": "A", "definition": definition(config={"kind": "text", "colour": 1})},
                "definition.config.colour",
            ),
            ({"name": "A", "definition": definition(), "colour": 1}, "colour"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_named(
        self, people: People, call: TokenClient, body: dict[str, Any], field: str
    ) -> None:
        answer = call(people.owner).post(LIBRARY, body, format="json")

        assert (answer.status_code, answer.json()["error"].get("field")) == (400, field)

    def test_what_is_a_boxs_own_is_not_kept(self, people: People, call: TokenClient) -> None:
        config = {"kind": "text", "library": "other", "repeat": {"variable": "host"}}
        body = {"name": "A", "definition": definition(config=config)}

        made = call(people.owner).post(LIBRARY, body, format="json").json()

        assert made["definition"]["config"] == {"kind": "text"}

    def test_only_who_may_make_dashboards_sees_the_library(
        self, people: People, call: TokenClient, browse: PageClient
    ) -> None:
        row = make_library_widget(people.owner)

        for path in (LIBRARY, f"{LIBRARY}/{row.uid}"):
            assert call(people.viewer).get(path).status_code == 403
        assert browse(people.viewer).get("/library/").status_code == 403
        assert call(people.editor).get(LIBRARY).status_code == 200


class TestChanging:
    def test_a_change_reaches_every_dashboard_as_a_version(
        self, people: People, call: TokenClient
    ) -> None:
        row = make_library_widget(people.owner, "greeting")
        for uid, owner in (("mine", people.owner), ("theirs", people.admin)):
            linked(make_dashboard(uid, created_by=owner), "hi", row.uid, title="Hi", w=5)

        changed = call(people.owner).put(
            f"{LIBRARY}/greeting", {"definition": definition("Bye"), "version": 1}, format="json"
        )

        assert changed.json()["version"] == 2
        for uid, owner in (("mine", people.owner), ("theirs", people.admin)):
            box = widget_in(call(owner), uid, "hi")
            assert (box["query"], box["title"], box["position"]["w"]) == ("Bye", "Hi", 5)
            kept = DashboardVersion.objects.get(dashboard__uid=uid, number=2)
            assert kept.note == "Library widget “Kept” changed"
        assert AuditEntry.objects.filter(action="dashboard.change").count() == 2

    def test_a_stale_change_shows_both_sides(self, people: People, call: TokenClient) -> None:
        make_library_widget(people.owner, "greeting")
        client = call(people.owner)
        client.put(f"{LIBRARY}/greeting", {"name": "One", "version": 1}, format="json")

        answer = client.put(f"{LIBRARY}/greeting", {"name": "Two", "version": 1}, format="json")

        assert answer.status_code == 409
        assert (answer.json()["current"]["name"], answer.json()["yours"]["name"]) == ("One", "Two")

    def test_what_is_left_out_stays_and_nothing_changed_is_no_version(
        self, people: People, call: TokenClient
    ) -> None:
        row = make_library_widget(people.owner, "greeting")

        same = call(people.owner).put(f"{LIBRARY}/greeting", {"name": row.name}, format="json")

        assert (same.json()["version"], same.json()["definition"]) == (1, row.definition)

    def test_removing_leaves_each_box_a_copy(self, people: People, call: TokenClient) -> None:
        make_library_widget(people.owner, "greeting")
        linked(make_dashboard("mine", created_by=people.owner), "hi", "greeting")
        client = call(people.owner)

        assert client.delete(f"{LIBRARY}/greeting").status_code == 204

        box = widget_in(client, "mine", "hi")
        assert (box["query"], box["config"]) == ("**Hello**", {"kind": "text"})
        assert not LibraryWidget.objects.exists()


class TestOnADashboard:
    def saved(self, client: Any, *widgets: dict[str, Any]) -> dict[str, Any]:
        body = {"name": "Board", "uid": "board", "widgets": list(widgets)}
        answer: dict[str, Any] = client.post(DASHBOARDS, body, format="json").json()
        return answer

    def test_a_box_shows_the_library_whatever_was_written_beside_its_link(
        self, people: People, call: TokenClient
    ) -> None:
        make_library_widget(people.owner, "greeting")
        repeat = {"variable": "host", "direction": "h"}
        config = {"kind": "line", "library": "greeting", "repeat": repeat, "unit": "s"}

        made = self.saved(
            call(people.owner),
            {"title": "Mine", "source": "promql", "query": "up", "config": config},
        )

        box = made["widgets"][0]
        assert (box["title"], box["source"], box["query"]) == ("Mine", "text", "**Hello**")
        assert box["config"] == {"kind": "text", "library": "greeting", "repeat": repeat}
        assert box["type"] == "custom"

    def test_a_link_to_nothing_is_cut(self, people: People, call: TokenClient) -> None:
        config = {"kind": "text", "library": "gone"}

        made = self.saved(
            call(people.owner), {"title": "A", "source": "text", "query": "x", "config": config}
        )

        assert made["widgets"][0]["config"] == {"kind": "text"}

    def test_an_old_version_comes_back_with_the_definition_of_today(
        self, people: People, call: TokenClient
    ) -> None:
        make_library_widget(people.owner, "greeting")
        client = call(people.owner)
        self.saved(client, {"title": "A", "config": {"kind": "text", "library": "greeting"}})
        client.put(f"{LIBRARY}/greeting", {"definition": definition("Bye")}, format="json")

        restored = client.post(f"{DASHBOARDS}/board/versions/1/restore", {}, format="json")

        assert restored.status_code == 200, restored.json()
        assert widget_in(client, "board", "a")["query"] == "Bye"


class TestPages:
    def test_it_is_listed_shown_renamed_and_removed(
        self, people: People, browse: PageClient
    ) -> None:
        make_library_widget(people.owner, "greeting")
        linked(make_dashboard("mine", name="Mine", created_by=people.owner), "hi", "greeting")
        page = browse(people.owner)

        assert "Mine" in page.get("/library/").content.decode()
        assert "on 1 dashboard" in page.get("/library/greeting/").content.decode()
        renamed = page.post("/library/greeting/", {"name": "Welcome", "description": "x"})
        assert renamed.status_code == 302
        assert LibraryWidget.objects.get().name == "Welcome"
        assert page.post("/library/greeting/", {"name": " "}).status_code == 400
        assert page.post("/library/greeting/remove/").status_code == 302
        assert "The library is empty" in page.get("/library/").content.decode()


def test_a_person_is_erased_from_the_library(people: People) -> None:
    make_library_widget(people.owner, "greeting", query="About ada@example.com")
    subject = Subject(("ada@example.com",), (), ())

    holders.get("library_widgets").erase(subject)

    row = LibraryWidget.objects.get()
    assert "ada" not in row.definition["query"]
    assert row.version == 2
