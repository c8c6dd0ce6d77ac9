"""Dashboards made, saved, copied and removed through the API (dashboards.document, actions.documents)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboards.document import checked
from dashboards.models import Dashboard
from portal.accounts import actions as accounts
from portal.accounts.models import Level
from portal.audit.models import AuditEntry
from portal.lib.field_error import FieldError
from tests.conftest import TokenClient
from tests.factories import make_dashboard
from tests.people import People

LIST = "/api/v1/dashboards"
TREND = {"kind": "trend", "definition": {"series": [{"event": "visit", "math": "total"}]}}


def written(*widgets: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"name": "Sales", "widgets": list(widgets), **values}


def note(title: str, **values: Any) -> dict[str, Any]:
    return {"title": title, "source": "text", "query": f"About {title}", "type": "custom", **values}


class TestADocument:
    def test_gets_keys_places_and_usual_values(self) -> None:
        document = checked(
            written(note("One", size="large"), note("Two", size="large"), note("One"))
        )

        keys = [one["id"] for one in document["widgets"]]
        places = [tuple(one["position"][at] for at in "xywh") for one in document["widgets"]]
        assert keys == ["one", "two", "one-2"]
        assert places == [(0, 0, 18, 6), (0, 6, 18, 6), (0, 12, 12, 6)]
        assert document["widgets"][0]["config"] == {"kind": "text"}
        assert document["time"] == {"from": "", "to": ""}

    def test_reads_to_itself(self) -> None:
        document = checked(
            written(
                note("One", position={"x": 0, "y": 0, "w": 4, "h": 2, "tab": "b"}),
                tabs=[{"id": "a", "title": "First"}, {"id": "b", "title": "Second"}],
                time={"from": "now-6h", "to": "", "zone": "Europe/Berlin", "refresh": 5000},
                links=[{"title": "Runbook", "url": "https://example.com/x"}],
                variables=[{"name": "env", "kind": "custom", "options": ["a", "b"]}],
            )
        )

        assert checked(document) == document
        assert document["time"]["from"] == "-6h"

    def test_pushes_down_what_lies_on_another(self) -> None:
        spot = {"x": 0, "y": 0, "w": 12, "h": 4}
        document = checked(written(note("A", position=spot), note("B", position={**spot, "y": 2})))

        assert [one["position"]["y"] for one in document["widgets"]] == [0, 4]

    def test_takes_an_insight_as_an_object(self) -> None:
        document = checked(written({"title": "Visits", "source": "insight", "query": TREND}))

        assert json.loads(document["widgets"][0]["query"]) == TREND
        assert document["widgets"][0]["config"]["kind"] == "line"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 121}, "name"),
            ({"name": "a\0"}, "name"),
            ({"name": "\ud800"}, "name"),
            ({"colour": 1}, "colour"),
            ({"tags": [""]}, "tags[0]"),
            ({"tags": "a"}, "tags"),
            ({"time": {"from": "yesterday"}}, "time.from"),
            ({"time": {"to": "soon"}}, "time.to"),
            ({"time": {"zone": "Mars/Base"}}, "time.zone"),
            ({"time": {"refresh": 5}}, "time.refresh"),
            ({"variables": [{"name": "a b"}]}, "variables[0].name"),
            ({"variables": [{"name": "a", "kind": "text"}] * 2}, "variables[1].name"),
            ({"widgets": [note("A", config={"colour": 1})]}, "widgets[0].config.colour"),
            ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "links[0].url"),
            ({"widgets": {}}, "widgets"),
            ({"widgets": [3]}, "widgets[0]"),
            ({"widgets": [note("A", id="x y")]}, "widgets[0].id"),
            ({"widgets": [note("A", id="x"), note("B", id="x")]}, "widgets"),
            ({"widgets": [note("A", position={"w": 25})]}, "widgets[0].position.w"),
            ({"widgets": [note("A", position={"x": 20, "w": 8})]}, "widgets[0].position.x"),
            ({"widgets": [note("A", position={"tab": "b"})]}, "widgets[0].position.tab"),
            ({"widgets": [note("A", refresh_interval=10)]}, "widgets[0].refresh_interval"),
            ({"widgets": [note("A", type="thing")]}, "widgets[0].type"),
            ({"widgets": [note("A", config=[])]}, "widgets[0].config"),
            ({"widgets": [note("A", config={"kind": 3})]}, "widgets[0].config.kind"),
            ({"widgets": [note("A", query=3)]}, "widgets[0].query"),
        ],
    )
    def test_names_the_field_that_cannot_be_used(self, change: dict[str, Any], field: str) -> None:
        with pytest.raises(FieldError) as caught:
            checked(written(**change) if "widgets" in change else written(note("A"), **change))

        assert caught.value.field == field


@pytest.mark.django_db
class TestThroughTheAPI:
    def test_a_dashboard_is_made_and_read_back(self, people: People, call: TokenClient) -> None:
        made = call(people.owner).post(LIST, written(note("Hello"), uid="sales"), format="json")

        assert made.status_code == 201, made.json()
        read = call(people.owner).get(f"{LIST}/sales").json()
        assert read == made.json()
        assert read["version"] == 1
        assert read["widgets"][0]["id"] == "hello"
        assert call(people.teammate).get(f"{LIST}/sales").status_code == 404
        entry = AuditEntry.objects.filter(action="dashboard.create").get()
        assert (entry.after or {})["widgets"]["hello"]["title"] == "Hello"

    def test_it_may_be_public_and_stand_in_a_folder(
        self, people: People, call: TokenClient
    ) -> None:
        body = written(note("Hello"), uid="sales", is_public=True, folder="Growth/Weekly")

        made = call(people.owner).post(LIST, body, format="json").json()

        assert made["folder"] == "Growth/Weekly"
        assert call(people.teammate).get(f"{LIST}/sales").status_code == 200

    def test_a_uid_that_is_taken_is_refused(self, people: People, call: TokenClient) -> None:
        make_dashboard("sales")

        for uid in ("sales", "new", "a/b"):
            answer = call(people.owner).post(LIST, written(uid=uid), format="json")
            assert answer.status_code == 400
            assert answer.json()["error"]["field"] == "uid"

    def test_a_viewer_makes_none(self, people: People, call: TokenClient) -> None:
        answer = call(people.teammate).post(LIST, written(), format="json")

        assert answer.status_code == 403

    def test_saving_moves_the_version_and_keeps_untouched_widgets(
        self, people: People, call: TokenClient
    ) -> None:
        api = call(people.owner)
        made = api.post(LIST, written(note("A"), note("B"), uid="sales"), format="json").json()
        pks = dict(Dashboard.objects.get(uid="sales").widgets.values_list("key", "pk"))
        made["widgets"][0]["title"] = "New"
        made["widgets"].pop(1)
        made["widgets"].append(note("C"))

        saved = api.put(f"{LIST}/sales", {**made, "note": "Tidied"}, format="json")

        assert saved.status_code == 200, saved.json()
        assert saved.json()["version"] == 2
        assert {one["title"] for one in saved.json()["widgets"]} == {"New", "C"}
        kept = dict(Dashboard.objects.get(uid="sales").widgets.values_list("key", "pk"))
        assert kept["a"] == pks["a"]
        entry = AuditEntry.objects.filter(action="dashboard.change").get()
        assert (entry.before or {})["widgets"].keys() == {"a", "b"}
        assert (entry.after or {})["widgets"].keys() == {"a", "c"}

    def test_saving_the_same_changes_nothing(self, people: People, call: TokenClient) -> None:
        api = call(people.owner)
        made = api.post(LIST, written(note("A"), uid="sales"), format="json").json()

        assert api.put(f"{LIST}/sales", made, format="json").json()["version"] == 1

    def test_a_patch_changes_only_what_it_names(self, people: People, call: TokenClient) -> None:
        api = call(people.owner)
        api.post(LIST, written(note("A"), uid="sales"), format="json")

        answer = api.patch(f"{LIST}/sales", {"name": "Revenue", "version": 1}, format="json").json()

        assert (answer["name"], len(answer["widgets"]), answer["version"]) == ("Revenue", 1, 2)

    def test_a_save_needs_its_version(self, people: People, call: TokenClient) -> None:
        api = call(people.owner)
        api.post(LIST, written(uid="sales"), format="json")

        for version in (None, 7, "1", 2**40):
            answer = api.put(f"{LIST}/sales", written(version=version), format="json")
            assert answer.status_code == 400
            assert answer.json()["error"]["field"] == "version"

    def test_a_stale_save_gets_both_sides_and_what_they_make_together(
        self, people: People, call: TokenClient
    ) -> None:
        api = call(people.owner)
        made = api.post(LIST, written(note("A"), note("B"), uid="sales"), format="json").json()
        theirs, yours = json.loads(json.dumps(made)), json.loads(json.dumps(made))
        theirs["widgets"][0]["title"], yours["widgets"][0]["title"] = "Theirs", "Yours"
        theirs["name"], yours["widgets"][1]["description"] = "Renamed", "Explained"
        api.put(f"{LIST}/sales", theirs, format="json")

        answer = api.put(f"{LIST}/sales", yours, format="json")

        assert answer.status_code == 409
        body = answer.json()
        assert (body["current"]["version"], body["yours"]["version"]) == (2, 1)
        assert body["merged"]["name"] == "Renamed"
        assert body["merged"]["widgets"][1]["description"] == "Explained"
        (conflict,) = body["conflicts"]
        assert conflict == {
            "part": "widget", "key": "a", "field": "title",
            "base": "A", "yours": "Yours", "theirs": "Theirs",
        }  # fmt: skip
        again = {**body["merged"], "version": body["current"]["version"]}
        assert api.put(f"{LIST}/sales", again, format="json").json()["version"] == 3

    def test_a_grant_to_edit_lets_one_save_but_not_share_or_remove(
        self, people: People, call: TokenClient
    ) -> None:
        made = make_dashboard("sales", created_by=people.owner)
        accounts.share(people.owner, made, people.teammate, Level.EDIT)
        api = call(people.teammate)
        body = {"version": 1, "name": "Renamed"}

        assert (
            api.patch(f"{LIST}/sales", {**body, "is_public": True}, format="json").status_code
            == 403
        )
        assert api.delete(f"{LIST}/sales").status_code == 403
        assert api.patch(f"{LIST}/sales", body, format="json").status_code == 200

    def test_a_stale_save_changes_nothing_not_even_who_sees_it(
        self, people: People, call: TokenClient
    ) -> None:
        api = call(people.owner)
        made = api.post(LIST, written(note("A"), uid="sales"), format="json").json()
        api.patch(f"{LIST}/sales", {"name": "Revenue", "version": 1}, format="json")

        answer = api.put(f"{LIST}/sales", {**made, "is_public": True}, format="json")

        assert answer.status_code == 409
        assert not Dashboard.objects.get(uid="sales").is_public

    def test_an_empty_uid_and_note_are_none(self, people: People, call: TokenClient) -> None:
        made = call(people.owner).post(LIST, written(uid="", note="", folder=""), format="json")

        assert (made.status_code, made.json()["uid"]) == (201, "sales")

    def test_its_owner_removes_it(self, people: People, call: TokenClient) -> None:
        api = call(people.owner)
        api.post(LIST, written(note("A"), uid="sales"), format="json")

        assert api.delete(f"{LIST}/sales").status_code == 204
        assert api.get(f"{LIST}/sales").status_code == 404
        assert AuditEntry.objects.filter(action="dashboard.delete").count() == 1

    def test_a_copy_is_ones_own(self, people: People, call: TokenClient) -> None:
        made = make_dashboard("sales", is_public=True, name="Sales")

        copy = call(people.owner).post(f"{LIST}/{made.uid}/duplicate", {}, format="json").json()

        assert (copy["name"], copy["uid"], copy["is_public"]) == (
            "Sales (copy)",
            "sales-copy",
            False,
        )
        assert copy["widgets"][0]["query"] == "**Hello**"


@pytest.mark.django_db
class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("widget", "field"),
        [
            ({"source": "promql", "query": "rate(up["}, "widgets[0].query"),
            ({"source": "dataset", "query": "nothing"}, "widgets[0].query"),
            ({"source": "insight", "query": "{"}, "widgets[0].query"),
            (
                {"source": "insight", "query": {"kind": "trend", "definition": {"series": [{}]}}},
                "widgets[0].query.definition.series[0].event",
            ),
            (
                {"source": "insight", "query": {"kind": "no", "definition": {}}},
                "widgets[0].query.kind",
            ),
            ({"source": "text", "config": {"kind": "hologram"}}, "widgets[0].config.kind"),
        ],
    )
    def test_what_cannot_be_asked_is_refused_with_its_path(
        self, people: People, call: TokenClient, widget: dict[str, Any], field: str
    ) -> None:
        answer = call(people.owner).post(LIST, written({"title": "A", **widget}), format="json")

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == field

    def test_a_query_with_variables_is_looked_at_when_it_is_asked(
        self, people: People, call: TokenClient
    ) -> None:
        widget = {"title": "A", "source": "promql", "query": "rate(up[$__rate_interval])"}

        assert call(people.owner).post(LIST, written(widget), format="json").status_code == 201

    def test_sql_takes_the_right_to_run_it(self, people: People, call: TokenClient) -> None:
        made = make_dashboard("sales", created_by=people.owner)
        accounts.share(people.owner, made, people.teammate, Level.EDIT)
        widget = {"title": "A", "source": "sql", "query": "SELECT 1", "type": "table"}
        body = {"version": 1, "widgets": [widget]}

        assert call(people.teammate).patch(f"{LIST}/sales", body, format="json").status_code == 403
        assert call(people.owner).patch(f"{LIST}/sales", body, format="json").status_code == 200

    def test_a_widget_is_previewed_before_it_is_saved(
        self, people: People, call: TokenClient
    ) -> None:
        make_dashboard("sales", created_by=people.owner)
        body = {"widget": note("Hi"), "from": "-1h"}

        answer = call(people.owner).post(f"{LIST}/sales/preview", body, format="json")

        assert answer.json()["data"]["plain"] == "About Hi"
        assert Dashboard.objects.get(uid="sales").version == 1
        for wrong, field in (({"widget": 3}, "widget"), ({**body, "from": "x"}, "from")):
            refused = call(people.owner).post(f"{LIST}/sales/preview", wrong, format="json")
            assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
