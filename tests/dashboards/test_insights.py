"""Insights on dashboards: adding one, and how each kind is drawn."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import plotly.graph_objects as plotly
import pytest
from django.test import Client

from dashboards.adding import DRAWINGS
from dashboards.evaluate import Look, evaluate
from dashboards.models import Dashboard
from dashboards.provision import SHIPPED, provision
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.lib.row_rights import ALL
from tests.conftest import PageClient, TokenClient
from tests.factories import make_annotation, make_dashboard, make_widget
from tests.insights.events import Event, load
from tests.insights.test_saved import DEFINITIONS, saved
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
ADD = "/dashboards/add/"
STEPS = "event=visit&label=&event=buy&label=&window=14&unit=day"
AT = f"/explore/funnels/?{STEPS}"
SQL = {"query": "SELECT name, count() AS n FROM events GROUP BY name ORDER BY name"}
ASKED = DEFINITIONS | {"sql": SQL}
CASES = [(kind, drawn_as) for kind, drawings in DRAWINGS.items() for drawn_as in drawings]


@pytest.fixture
def company(db: None) -> None:
    start = clock.now() - timedelta(days=2)
    visits = [Event("visit", start, f"u{n}", properties={"plan": "pro"}) for n in range(4)]
    buys = [Event("buy", start + timedelta(hours=1), "u0"), Event("buy", start, "u1")]
    load([*visits, *buys])


@pytest.fixture
def board(people: People) -> Dashboard:
    return make_dashboard("board", created_by=people.owner, is_public=True)


def add(client: Any, uid: str = "board", **body: Any) -> Any:
    return client.post(f"/api/v1/dashboards/{uid}/widgets", body, format="json")


def shown(client: Any, key: str) -> dict[str, Any]:
    answer = client.get("/api/v1/dashboards/board/data").json()
    found: dict[str, Any] = answer["data"][key]["data"]
    return found


class TestDrawing:
    def test_a_chart_over_time_shows_what_happened(self, board: Dashboard, company: None) -> None:
        now = clock.now()
        noon = now - timedelta(days=1)
        make_annotation(text="Release", at=noon)
        make_annotation(text="Of another event", at=noon, event="search")
        look = Look({}, ALL, "UTC", marks=frozenset({"notes"}))

        drawn = {
            kind: evaluate(
                make_widget(
                    board, kind, kind=kind, source="insight",
                    query=json.dumps({"kind": asked, "definition": ASKED[asked]}),
                ), look, now,
            )["figure"]["layout"]
            for kind, asked in (("line", "trend"), ("lifecycle", "lifecycle"), ("funnel", "funnel"))
        }  # fmt: skip

        for kind in ("line", "lifecycle"):
            marks = drawn[kind]["meta"]["marks"]
            assert [mark["x"] for mark in marks] == [f"{noon:%Y-%m-%dT%H:%M:%S}"]
        assert "marks" not in drawn["funnel"].get("meta", {})

    @pytest.mark.parametrize(("kind", "drawn_as"), CASES)
    def test_every_kind_is_drawn_in_every_way_it_offers(
        self, people: People, call: TokenClient, board: Dashboard, company: None,
        kind: str, drawn_as: str,
    ) -> None:  # fmt: skip
        client = call(people.owner)

        made = add(client, kind=kind, definition=ASKED[kind], title="Box", drawn_as=drawn_as)
        box = shown(client, "box")

        assert made.status_code == 201, made.content
        assert box["state"] == "ok", box
        assert box["plain"]
        if "figure" in box:
            plotly.Figure(box["figure"])  # raises for what plotly does not know
        rows = call(people.viewer).get("/api/v1/dashboards/board/data")
        assert rows.status_code == 200

    @pytest.mark.parametrize(("kind", "drawn_as"), CASES)
    def test_the_rows_of_every_box_come_as_a_file(
        self, people: People, browse: PageClient, call: TokenClient, board: Dashboard,
        company: None, kind: str, drawn_as: str,
    ) -> None:  # fmt: skip
        add(call(people.owner), kind=kind, definition=ASKED[kind], title="Box", drawn_as=drawn_as)

        answer = browse(people.viewer).get("/dashboards/board/widgets/box.csv")

        assert answer.status_code == 200
        assert len(answer.content.decode().splitlines()) > 1

    @pytest.mark.parametrize("kind", [kind for kind in DRAWINGS if kind not in ("trend", "sql")])
    def test_an_event_that_never_came_is_an_empty_box(
        self, people: People, call: TokenClient, board: Dashboard, company: None, kind: str
    ) -> None:
        text = json.dumps(DEFINITIONS[kind]).replace('"visit"', '"never"').replace('"buy"', '"no"')
        client = call(people.owner)

        add(client, kind=kind, definition=json.loads(text), title="Box")

        assert shown(client, "box")["state"] == "empty"

    def test_a_number_of_a_funnel_is_its_conversion(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        client = call(people.owner)

        add(client, kind="funnel", definition=DEFINITIONS["funnel"], title="Rate", drawn_as="stat")
        broken_down = DEFINITIONS["funnel"] | {"breakdown": {"property": "plan"}}
        add(client, kind="funnel", definition=broken_down, title="Plans", drawn_as="stat")

        assert shown(client, "rate")["plain"] == [{"name": "Conversion", "value": 0.5}]
        assert "50 %" in shown(client, "rate")["html"]
        assert shown(client, "plans")["plain"] == [{"name": "pro", "value": 0.5}]

    def test_a_retention_keeps_the_kind_of_its_own(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        make_widget(
            board, "old", kind="table", source="insight",
            query=json.dumps({"kind": "retention", "definition": DEFINITIONS["retention"]}),
        )  # fmt: skip

        box = shown(call(people.owner), "old")

        assert box["state"] == "ok"
        assert "their very first event of that name" in box["meta"]["counted"][0]

    def test_a_kind_of_widget_that_does_not_draw_it_says_what_does(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        query = json.dumps({"kind": "stickiness", "definition": {"event": "visit"}})
        make_widget(board, "odd", kind="line", source="insight", query=query)

        box = shown(call(people.owner), "odd")

        assert box["state"] == "error"
        assert "draw it as a table" in box["meta"]["warnings"][0]


class TestAddingByProgram:
    def test_it_takes_a_free_place_moves_the_version_and_is_on_record(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        client = call(people.owner)
        made = saved(client, name="Visit to buy", kind="funnel", definition=DEFINITIONS["funnel"])

        first = add(client, insight=made["id"]).json()
        second = add(client, insight=made["id"], drawn_as="stat").json()

        assert (first["id"], first["title"], first["source"]) == (
            "visit-to-buy", "Visit to buy", "insight",
        )  # fmt: skip
        assert first["position"] == {"x": 8, "y": 0, "w": 12, "h": 7}  # beside the note
        assert second["position"] == {"x": 0, "y": 4, "w": 6, "h": 3}
        assert (first["version"], second["version"], second["id"]) == (2, 3, "visit-to-buy-2")
        assert AuditEntry.objects.filter(action="widget.create", actor=people.owner).count() == 2

    def test_the_range_is_the_dashboards(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        client = call(people.owner)
        made = saved(client, view={"fits": True})

        widget = add(client, insight=made["id"]).json()

        definition = json.loads(widget["query"])["definition"]
        assert definition == {"series": [{"event": "visit"}]}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "kind"),
            ({"insight": 77}, "insight"),
            ({"insight": "x"}, "insight"),
            ({"kind": "trend", "definition": {"series": []}}, "definition.series"),
            ({"kind": "trend", "definition": DEFINITIONS["trend"]}, "title"),
            ({"kind": "trend", "definition": DEFINITIONS["trend"], "drawn_as": "pie"}, "drawn_as"),
            ({"colour": 1}, "colour"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, people: People, call: TokenClient, board: Dashboard, body: dict[str, Any], field: str
    ) -> None:
        answer = add(call(people.owner), **body)

        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
        assert board.widgets.count() == 1

    def test_who_may(
        self, people: People, call: TokenClient, board: Dashboard, company: None
    ) -> None:
        body: dict[str, Any] = {
            "kind": "trend", "definition": DEFINITIONS["trend"], "title": "Visits",
        }  # fmt: skip
        private = make_dashboard("private", created_by=people.owner)

        assert add(call(people.teammate), **body).status_code == 403
        assert add(call(people.editor), **body).status_code == 403
        assert add(call(people.editor), private.uid, **body).status_code == 404
        assert add(call(people.outsider), **body).status_code == 403
        assert add(call(people.admin), **body).status_code == 201

    def test_a_private_insight_of_another_is_not_added(
        self, people: People, call: TokenClient, board: Dashboard
    ) -> None:
        made = saved(call(people.analyst), is_shared=False)

        answer = add(call(people.owner), insight=made["id"])

        assert answer.json()["error"]["field"] == "insight"


class TestAddingByHand:
    @pytest.fixture
    def owner(self, people: People, browse: PageClient) -> Client:
        return browse(people.owner)

    def test_the_dialog_offers_dashboards_that_one_may_change(
        self, people: People, owner: Client, board: Dashboard, company: None
    ) -> None:
        make_dashboard("others", name="Of another", created_by=people.editor, is_public=True)
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{AT}"}

        dialog = owner.get(ADD, headers=headers)

        assert '<option value="board">' in dialog.text
        assert "Of another" not in dialog.text
        assert '<option value="funnel">' in dialog.text

    def test_what_a_page_shows_is_added(
        self, owner: Client, board: Dashboard, company: None
    ) -> None:
        given = {"at": AT, "title": "Visit to buy", "dashboard": "board", "drawn_as": "funnel"}

        answer = owner.post(ADD, given)

        assert answer["Location"] == "/dashboards/board/#w-visit-to-buy"
        page = owner.get("/dashboards/board/").text
        assert "Visit to buy" in page
        assert 'aria-label="Open Visit to buy in Explore"' in page

    def test_a_new_dashboard_is_made_for_it(self, owner: Client, company: None) -> None:
        given = {"at": AT, "title": "Visit to buy", "dashboard_name": "Growth"}

        answer = owner.post(ADD, given, headers={"HX-Request": "true"})

        made = Dashboard.objects.get(uid="growth")
        assert answer["HX-Redirect"] == "/dashboards/growth/#w-visit-to-buy"
        assert (made.is_public, made.version, made.widgets.count()) == (False, 2, 1)
        assert AuditEntry.objects.filter(action="dashboard.create").count() == 1

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"title": " ", "dashboard_name": "Growth"}, "A widget needs a name"),
            ({"title": "x", "dashboard_name": ""}, "A dashboard needs a name"),
            ({"title": "x", "dashboard_name": "y" * 121}, "at most 120"),
        ],
    )
    def test_what_is_missing_is_said_and_nothing_is_made(
        self, owner: Client, company: None, given: dict[str, str], words: str
    ) -> None:
        answer = owner.post(ADD, {"at": AT} | given)

        assert answer.status_code == 400
        assert words in answer.text
        assert not Dashboard.objects.exists()

    def test_a_page_that_asks_nothing_yet_says_so(self, owner: Client, company: None) -> None:
        answer = owner.get(ADD, {"at": "/explore/funnels/?event=visit&label="})

        assert answer.status_code == 400
        assert "at least two steps" in answer.text

    def test_sql_is_added_with_its_values(self, owner: Client, company: None) -> None:
        body = {"at": "/explore/sql/", "q": SQL["query"], "title": "Counts", "dashboard_name": "D"}

        owner.post(ADD, body)

        widget = Dashboard.objects.get().widgets.get()
        assert (widget.source, widget.kind, widget.query) == ("sql", "picture", SQL["query"])

    def test_only_who_may_make_dashboards_adds(
        self, people: People, browse: PageClient, board: Dashboard, company: None
    ) -> None:
        assert browse(people.analyst).get(ADD, {"at": AT}).status_code == 403
        assert browse(people.admin).get(ADD, {"at": AT}).status_code == 200
        body = {"at": AT, "title": "x", "dashboard": "board"}
        assert browse(people.editor).post(ADD, body).status_code == 403


class TestExploring:
    def test_what_ships_opens_over_the_range_that_is_shown(
        self, people: People, browse: PageClient, company: None
    ) -> None:
        provision()
        viewer = browse(people.viewer)

        page = viewer.get("/dashboards/business/?from=-7d").text
        links = re.findall(r'href="(/dashboards/business/widgets/[^"]+/explore/[^"]+)"', page)

        assert len(links) == len(SHIPPED[0].boxes)
        opened = [viewer.get(unescape(link))["Location"] for link in links]
        assert all(one.startswith("/explore/") and "from=-7d" in one for one in opened)
        assert viewer.get(opened[0]).status_code == 200

    def test_what_no_page_can_show_says_so(
        self, people: People, browse: PageClient, board: Dashboard, company: None
    ) -> None:
        query = json.dumps({"kind": "trend", "series": [{"event": "visit"}], "sampling": 0.5})
        make_widget(board, "odd", kind="line", source="insight", query=query)

        page = browse(people.viewer).get("/dashboards/board/widgets/odd/explore/", follow=True)

        assert page.redirect_chain == [("/dashboards/board/", 302)]
        assert "holds more than a page of Explore can show" in page.text

    def test_sql_opens_for_who_may_run_it(
        self, people: People, browse: PageClient, board: Dashboard, company: None
    ) -> None:
        make_widget(board, "rows", kind="table", source="sql", query="SELECT 1 AS one")
        path = "/dashboards/board/widgets/rows/explore/"

        opened = browse(people.analyst).get(path)

        assert opened["Location"] == "/explore/sql/?q=SELECT+1+AS+one"
        assert browse(people.viewer).get(path).status_code == 403
        assert path not in browse(people.viewer).get("/dashboards/board/").text
        assert browse(people.viewer).get("/dashboards/board/widgets/no/explore/").status_code == 404
        assert (
            browse(people.viewer).get("/dashboards/board/widgets/note/explore/").status_code == 403
        )
