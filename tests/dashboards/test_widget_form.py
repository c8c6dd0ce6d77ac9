"""What the widget editor asks the server for (dashboards.views.widget_form)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from dashboards.models import Dashboard, Widget
from portal.lib import clock
from tests.conftest import PageClient
from tests.factories import make_dashboard, make_library_widget
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
FORM = "/dashboards/board/widget-form/"
FUNNEL = {"kind": "funnel", "definition": {"steps": [{"event": "visit"}, {"event": "buy"}]}}


@pytest.fixture(autouse=True)
def board(people: People) -> Dashboard:
    start = clock.now() - timedelta(days=1)
    load([Event("visit", start, "u0"), Event("buy", start + timedelta(hours=1), "u0")])
    return make_dashboard("board", created_by=people.owner, is_public=True)


def posted(page: Any, path: str, body: Any) -> Any:
    return page.post(f"{FORM}{path}/", json.dumps(body), content_type="application/json")


class TestChoices:
    def test_they_name_sources_pictures_with_options_units_and_datasets(
        self, people: People, browse: PageClient
    ) -> None:
        found = browse(people.owner).get(FORM).json()

        assert [one["kind"] for one in found["sources"]] == [
            "promql", "insight", "sql", "dataset", "text",
        ]  # fmt: skip
        line = next(one for one in found["kinds"] if one["kind"] == "line")
        assert {"unit", "thresholds", "overrides", "time_shift"} <= {
            one["name"] for one in line["options"]
        }
        assert ["bytes", "Bytes, 1 kB is 1,000 B", "Data"] in found["units"]
        assert all(one["label"] and one["description"] for one in found["datasets"])
        assert {one["kind"] for one in found["insights"]["kinds"]} >= {"trend", "funnel", "paths"}

    def test_who_may_make_no_dashboards_gets_no_library(
        self, people: People, browse: PageClient
    ) -> None:
        make_library_widget(people.owner)

        of_viewer = browse(people.viewer).get(FORM).json()["library"]
        of_editor = browse(people.editor).get(FORM).json()["library"]

        assert (of_viewer["may"], of_viewer["entries"]) == (False, [])
        assert [one["name"] for one in of_editor["entries"]] == ["Kept"]


class TestBuilders:
    @pytest.mark.parametrize(
        "kind", ["trend", "funnel", "retention", "lifecycle", "stickiness", "paths", "sessions"]
    )
    def test_every_kind_has_its_form_of_explore_in_place(
        self, people: People, browse: PageClient, kind: str
    ) -> None:
        found = browse(people.owner).get(f"{FORM}builders/{kind}/").json()

        assert 'id="builder"' in found["html"]
        assert json.loads(found["query"])["kind"] == kind
        assert found["drawings"]

    def test_what_is_chosen_there_is_what_the_widget_asks(
        self, people: People, browse: PageClient
    ) -> None:
        address = "?event=visit&math=unique_users&property=&name=&new_property=plan&new_op=%3D&new_value=pro"

        found = browse(people.owner).get(f"{FORM}builders/trend/{address}").json()

        definition = json.loads(found["query"])["definition"]
        assert definition["series"][0]["math"] == "unique_users"
        assert definition["where"] == [{"property": "plan", "op": "=", "value": "pro"}]
        assert "interval" not in definition  # the dashboard's range says it
        assert "new_property" not in found["address"]

    def test_a_widgets_query_opens_in_its_form(self, people: People, browse: PageClient) -> None:
        page = browse(people.owner)

        found = posted(page, "question", {"query": json.dumps(FUNNEL), "config": {}}).json()

        assert 'value="visit"' in found["html"]
        assert json.loads(found["query"])["definition"]["steps"][1]["event"] == "buy"
        assert found["explore"].startswith("/explore/funnels/?event=visit")

    def test_a_query_that_is_no_insight_says_so(self, people: People, browse: PageClient) -> None:
        page = browse(people.owner)

        for body, field in (
            ({"query": "up"}, "query"),
            ({"query": '{"kind": "trend"}'}, "definition.series"),
        ):
            answer = posted(page, "question", body)
            assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
        assert page.get(f"{FORM}builders/magic/").status_code == 400
        assert page.get(f"{FORM}question/?insight=77").status_code == 400


class TestPictures:
    def asked(self, page: Any, **widget: Any) -> Any:
        return posted(page, "pictures", {"widget": {"config": {"kind": "line"}, **widget}})

    def test_those_that_cannot_draw_an_answer_say_why(
        self, people: People, browse: PageClient
    ) -> None:
        page = browse(people.owner)

        of_funnel = self.asked(page, source="insight", query=json.dumps(FUNNEL)).json()["fits"]
        of_text = self.asked(page, source="text", query="x").json()["fits"]

        assert of_funnel["funnel"] == "" == of_funnel["table"]
        assert "table" in of_funnel["line"]
        assert of_text["text"] == ""
        assert "line" not in of_text

    def test_nobody_knows_while_the_question_cannot_be_answered(
        self, people: People, browse: PageClient
    ) -> None:
        answer = self.asked(browse(people.owner), source="promql", query="rate(")

        assert answer.json() == {"fits": None}

    @pytest.mark.parametrize("body", ["{", "[]", '{"widget": 3}', '{"widget": {"config": []}}'])
    def test_odd_bodies_are_refused_by_name(
        self, people: People, browse: PageClient, body: str
    ) -> None:
        answer = browse(people.owner).post(
            f"{FORM}pictures/", body, content_type="application/json"
        )

        assert answer.status_code == 400
        assert answer.json()["error"]["field"]


class TestAddingMetrics:
    AT = "/metrics/explore/?query=rate(up%5B5m%5D)&query=up&hide=B&view=stacked&step=30s&from=-6h"

    def test_all_queries_of_the_page_become_one_widget(
        self, people: People, browse: PageClient
    ) -> None:
        page = browse(people.owner)
        form = page.get("/dashboards/add/", {"at": self.AT}).content.decode()
        given = {"at": self.AT, "title": "Up", "drawn_as": "area", "dashboard": "board"}

        answer = page.post("/dashboards/add/", given)

        assert 'value="area"' in form
        assert answer.status_code == 302
        made = Widget.objects.get(title="Up")
        assert (made.source, made.query, made.kind) == ("promql", "rate(up[5m])", "area")
        assert made.config == {
            "also": [{"query": "up", "ref": "B", "hidden": True}], "step": "30s",
        }  # fmt: skip

    def test_a_new_dashboard_has_the_range_of_the_page(
        self, people: People, browse: PageClient
    ) -> None:
        given = {"at": self.AT, "title": "Up", "dashboard_name": "Hosts"}

        browse(people.owner).post("/dashboards/add/", given)

        assert Dashboard.objects.get(name="Hosts").time["from"] == "-6h"

    @pytest.mark.parametrize("query", ["", "query=", "query=rate(", "query=up&view=odd"])
    def test_there_is_nothing_to_add_before_it_can_be_asked(
        self, people: People, browse: PageClient, query: str
    ) -> None:
        answer = browse(people.owner).get("/dashboards/add/", {"at": f"/metrics/explore/?{query}"})

        assert answer.status_code == 400
        assert "There is nothing to add yet" in answer.content.decode()


def test_every_transformation_says_what_its_form_has(people: People, browse: PageClient) -> None:
    steps = browse(people.owner).get(FORM).json()["transformations"]

    by_id = {one["id"]: one for one in steps}
    assert all(one["label"] and one["help"] for one in steps)
    assert by_id["filterFieldsByName"]["options"][0]["name"] == "include.names"
    sort = by_id["sortBy"]["options"][0]
    assert (sort["kind"], [one["name"] for one in sort["fields"]]) == ("rows", ["field", "desc"])
