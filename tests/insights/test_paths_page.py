"""The paths page as a browser without scripts sees it, the figure, and its address."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from zipfile import ZipFile

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.figures import paths as figures
from analytics.insights.forms.paths import PathsForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_behind_page import shown
from tests.insights.test_pages import text
from tests.people import People

PATHS = "/explore/paths/"


def node(step: int, name: Any, users: int, ended: int | None = 0) -> dict[str, Any]:
    return {"step": step, "name": name, "users": users, "ended": ended}


def link(before: tuple[int, Any], after: tuple[int, Any], users: int) -> dict[str, Any]:
    ends = {"from": dict(zip(("step", "name"), before, strict=True))}
    ends |= {"to": dict(zip(("step", "name"), after, strict=True))}
    return ends | {"users": users, "median_seconds": 60.0}


class TestAddress:
    def test_it_says_the_whole_question_and_nothing_else(self) -> None:
        address = "start=visit&end=buy&by=page&steps=7&gap=10&least=3&drawn=80&from=-7d"

        tidy = PathsForm.read(QueryDict(address)).address()

        assert sorted(QueryDict(tidy[1:]).lists()) == sorted(QueryDict(address).lists())
        assert PathsForm().address() == "?"

    def test_a_value_says_its_type(self) -> None:
        form = PathsForm.read(QueryDict('by=plan&start=5&end="5"'))

        body = form.body(window=None)  # type: ignore[arg-type]  # not looked at

        assert (body["start"], body["end"]) == (5, "5")
        assert PathsForm.from_definition(body, {}) == form


class TestFigure:
    ANSWER = {
        "nodes": [node(1, "visit", 10, 4), node(2, "<b>", 5, 5), node(2, 5, 2), node(2, "5", 1)],
        "links": [
            link((1, "visit"), (2, "<b>"), 5), link((1, "visit"), (2, 5), 2),
            link((1, "visit"), (2, "5"), 1),
        ],
    }  # fmt: skip

    def test_steps_are_columns_and_who_stopped_flows_out(self) -> None:
        trace = figures.figure(self.ANSWER, 2)["data"][0]

        assert trace["meta"]["names"] == ["visit", "<b>", "5", "$end", "$end"]
        assert trace["node"]["label"] == [
            "visit 10",
            "&lt;b&gt; 5",
            "5 2",
            "Nothing more",
            "Nothing more",
        ]
        assert trace["link"]["value"] == [5, 2, 4, 5]
        assert trace["node"]["x"] == [0.001, 0.5, 0.5, 0.5, 0.999]

    def test_a_link_and_a_node_say_whose_people_they_open(self) -> None:
        meta = figures.figure(self.ANSWER, 3)["data"][0]["meta"]

        assert meta["link_cells"][1] | {"title": ""} == {
            "step": 1, "name": '"visit"', "next_name": "5", "title": "",
        }  # fmt: skip
        assert meta["link_cells"][3]["next_name"] == '"$end"'
        assert meta["node_cells"][0] | {"title": ""} == {"step": 1, "name": '"visit"', "title": ""}

    def test_nodes_of_a_step_do_not_overlap(self) -> None:
        nodes = [node(1, "a", 30, None), *(node(2, f"n{n}", 1, None) for n in range(30))]
        links = [link((1, "a"), (2, f"n{n}"), 1) for n in range(30)]

        trace = figures.figure({"nodes": nodes, "links": links}, 80)["data"][0]

        places = trace["node"]["y"][1:]
        assert places == sorted(set(places))
        assert places[-1] < 1


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestPage:
    @pytest.fixture
    def viewer(self, people: People, browse: PageClient) -> Client:
        return browse(people.viewer)

    def company(self) -> None:
        """Five visit; three of them search, of whom one buys and one goes back."""
        start = clock.now() - timedelta(days=2)
        walks = {"u01": ["visit"], "u02": ["visit"], "u03": ["visit", "search"],
                 "u04": ["visit", "search", "buy"], "u05": ["visit", "search", "visit"]}  # fmt: skip
        load(
            Event(name, start + timedelta(minutes=n), user, properties={"page": f"/{name}"})
            for user, walk in walks.items()
            for n, name in enumerate(walk)
        )

    def rows(self, page: str, table: str) -> list[list[str]]:
        body = page.split(f'id="{table}"')[1].split("</table>")[0].split("<tbody>")[1]
        cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in body.split("<tr>")[1:]]
        return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]

    def test_it_begins_with_where_sessions_begin(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, PATHS)

        assert self.rows(page, "links-table") == [
            ["1", "visit", "search", "3", "60 %", "60 s"],
            ["2", "search", "buy", "1", "33.3 %", "60 s"],
            ["2", "search", "visit", "1", "33.3 %", "60 s"],
        ]
        assert self.rows(page, "places-table")[:2] == [
            ["1", "visit", "5", "2"], ["2", "search", "3", "1"],
        ]  # fmt: skip
        assert "They begin with the session and have up to 5 steps." in page
        assert '"type": "sankey"' in unescape(page)

    def test_every_number_of_its_tables_leads_to_its_people(self, viewer: Client) -> None:
        self.company()
        page = text(viewer, PATHS)
        found = re.findall(r'href="([^"]+)" data-people title="[^"]+">(\d+)<', page)

        for address, count in found:
            assert len(set(shown(text(viewer, unescape(address))))) == int(count)
        assert len(found) == 3 + 4 + 4

    def test_what_leads_to_an_event_is_counted_back_from_it(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, f"{PATHS}?end=buy&steps=3")

        assert self.rows(page, "links-table") == [
            ["1", "visit", "search", "1", "100 %", "60 s"],
            ["2", "search", "buy", "1", "100 %", "60 s"],
        ]

    def test_the_values_of_a_property_may_be_followed(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, f"{PATHS}?by=page&start=/search")

        assert [row[1:4] for row in self.rows(page, "links-table")] == [
            ["/search", "/buy", "1"], ["/search", "/visit", "1"],
        ]  # fmt: skip

    def test_a_value_is_read_as_the_type_that_the_property_was_seen_with(
        self, viewer: Client
    ) -> None:
        start = clock.now() - timedelta(days=1)
        load(Event("visit", start, "u01", properties={"version": text}) for text in ("1", "2"))

        answer = viewer.get(f"{PATHS}?by=version&start=1")

        assert QueryDict(answer["Location"].partition("?")[2])["start"] == '"1"'

    def test_the_period_before_stands_beside(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, f"{PATHS}?compare=previous_period")

        assert self.rows(page, "links-table")[0] == [
            "1", "visit", "search", "3", "0", "60 %", "60 s",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("start=visitt", "No event named “visitt” was ever seen. Did you mean “visit”?"),
            ("start=buy&end=search", "In no session of this range “search” came after “buy”."),
            ("least=50", "No step was taken by 50 people or more"),
            ("by=color", "No “color” was ever seen on these events."),
            ("by=page&start=/no", "has this value of page in this range"),
            ("steps=99", "This must be a whole number from 2 to 20."),
            ("gap=x", "This must be a whole number from 1 to 1440."),
            ("end=visit&steps=2", "Nobody did anything else in the same session"),
        ],
    )
    def test_what_cannot_be_and_what_is_empty_say_why(
        self, viewer: Client, query: str, words: str
    ) -> None:
        if query.startswith("end=visit"):
            load([Event("visit", clock.now() - timedelta(days=1), "u01")])
        else:
            self.company()

        assert words in unescape(text(viewer, f"{PATHS}?{query}"))

    def test_a_new_filter_moves_into_the_address(self, viewer: Client) -> None:
        self.company()

        answer = viewer.get(f"{PATHS}?new_property=page&new_op==&new_value=/visit")

        where = QueryDict(answer["Location"].partition("?")[2])["where"]
        assert json.loads(where) == {"property": "page", "op": "=", "value": "/visit"}

    def test_the_downloads_hold_all_links(self, viewer: Client) -> None:
        self.company()
        page = text(viewer, f"{PATHS}?drawn=20")
        links = {kind: re.search(rf'href="({kind}/[^"]+)"', page) for kind in ("csv", "xlsx")}

        csv = viewer.get(PATHS + unescape(links["csv"][1]))  # type: ignore[index]  # is there
        xlsx = viewer.get(PATHS + unescape(links["xlsx"][1]))  # type: ignore[index]  # is there

        assert csv.content.decode().splitlines()[1] == "1,visit,search,3,60.0"
        with ZipFile(io.BytesIO(xlsx.content)) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 4
