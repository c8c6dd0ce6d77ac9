"""The Explore pages as a browser without scripts sees them."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import pytest
from django.test import Client

from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
TRENDS, EVENTS, SCHEMA = "/explore/trends/", "/explore/events/", "/explore/schema/"
ONE_SERIES = "event=visit&math=total&property=&name="


@pytest.fixture
def analyst(people: People, browse: PageClient) -> Client:
    return browse(people.analyst)


def visits() -> None:
    now = clock.now()
    load(
        [
            *(Event("visit", now, f"u{n}", properties={"plan": "pro", "n": n}) for n in range(7)),
            Event("buy", now, "u1", properties={"plan": "<b>free", "tags": ["a"]}),
        ]
    )


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


class TestTrends:
    def test_it_begins_with_the_most_frequent_event(self, analyst: Client) -> None:
        visits()

        page = text(analyst, TRENDS)

        assert 'value="visit"' in page
        assert "<portal-chart" in page
        assert "every event counts, also those of nobody" in page
        assert "count() AS events" in page  # the SQL that ran

    def test_a_new_filter_moves_into_the_address_with_the_type_it_was_seen_with(
        self, analyst: Client
    ) -> None:
        visits()

        answer = analyst.get(f"{TRENDS}?{ONE_SERIES}&new_property=n&new_op=>&new_value=3")

        address = urlsplit(answer["Location"])
        assert parse_qs(address.query)["where"] == ['{"property":"n","op":">","value":3}']
        page = text(analyst, answer["Location"])
        assert "n &gt; 3" in page
        assert re.search(r'<th scope="row">visit</th><td class="num">3</td>', page)

    def test_a_filter_may_be_for_one_series_only(self, analyst: Client) -> None:
        visits()
        two = f"{ONE_SERIES}&event=visit&math=total&property=&name="
        where = '&where={"property":"n","op":"=","value":1,"in":"B"}'

        page = text(analyst, f"{TRENDS}?{two}{where}")

        totals = re.findall(r'<th scope="row">visit</th><td class="num">(\d+)</td>', page)
        assert totals == ["7", "1"]

    def test_htmx_gets_the_changing_part_only(self, analyst: Client) -> None:
        visits()

        part = text(analyst, f"{TRENDS}?{ONE_SERIES}", **{"HX-Request": "true"})

        assert part.lstrip().startswith('<div id="explore">')

    def test_a_question_that_cannot_be_used_says_why(self, analyst: Client) -> None:
        visits()

        page = text(analyst, f"{TRENDS}?{ONE_SERIES}&formula=A%2F")

        assert "The formula ends where a series letter or a number should stand." in page

    def test_an_event_that_never_came_is_named(self, analyst: Client) -> None:
        visits()

        page = text(analyst, f"{TRENDS}?event=vist&math=total&property=&name=")

        assert "No event named “vist” was ever seen. Did you mean “visit”?" in page

    def test_names_from_events_are_text_never_markup(self, analyst: Client) -> None:
        visits()

        page = text(analyst, f"{TRENDS}?event=buy&math=total&property=&name=&breakdown=plan")

        assert "&lt;b&gt;free" in page
        assert "<b>free" not in page

    def test_without_any_event_it_says_how_to_begin(self, analyst: Client) -> None:
        load([])

        assert "No events yet" in text(analyst, TRENDS)
        assert "No events yet" in text(analyst, EVENTS)
        assert "No events yet" in text(analyst, SCHEMA)

    def test_the_download_has_the_points_and_no_formulas(self, analyst: Client) -> None:
        load([Event("visit", clock.now(), properties={"plan": "=cmd()"})])
        page = text(analyst, f"{TRENDS}?{ONE_SERIES}&breakdown=plan")
        link = re.search(r'href="(csv/[^"]+)"', page)
        assert link is not None

        answer = analyst.get(TRENDS + link[1].replace("&amp;", "&"))

        lines = answer.content.decode().splitlines()
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert lines[0] == "series,breakdown,period,time,value,complete"
        assert lines[1] == "visit,'=cmd(),current,total,1,"
        assert len(lines) == 2 + 31


class TestEvents:
    def test_each_value_narrows_the_list(self, analyst: Client) -> None:
        visits()

        page = text(analyst, EVENTS)
        link = re.search(r'href="([^"]+)" title="Only events with this value">pro<', page)
        assert link is not None
        narrowed = text(analyst, EVENTS + link[1].replace("&amp;", "&"))

        assert page.count('class="event-row"') == 8
        assert narrowed.count('class="event-row"') == 7
        assert "plan is “pro”" in narrowed

    def test_older_events_are_added_below(self, analyst: Client) -> None:
        load(Event("visit", clock.now(), f"u{n}") for n in range(60))

        page = text(analyst, EVENTS)
        link = re.search(r'hx-get="([^"]+cursor[^"]+)"', page)
        assert link is not None
        more = text(analyst, EVENTS + link[1].replace("&amp;", "&"), **{"HX-Request": "true"})

        assert page.count('class="event-row"') == 50
        assert more.count('class="event-row"') == 10
        assert 'id="explore"' not in more


class TestSchema:
    def test_it_can_be_searched_by_property(self, analyst: Client) -> None:
        visits()

        everything, found = text(analyst, SCHEMA), text(analyst, f"{SCHEMA}?q=tag")

        assert everything.count('class="schema-row"') == 2
        assert found.count('class="schema-row"') == 1
        assert "array" in found


def test_an_auditor_may_not_explore(people: People, browse: PageClient) -> None:
    for url in (TRENDS, EVENTS, SCHEMA):
        assert browse(people.auditor).get(url).status_code == 403


class TestSharedParts:
    def test_the_event_picker_says_how_many_and_when(self, analyst: Client) -> None:
        visits()

        page = text(analyst, TRENDS)

        assert re.search(r'<option value="visit">7 events, (just now|\d+ s ago)</option>', page)

    def test_a_property_of_the_wrong_type_is_said_beside_its_field(self, analyst: Client) -> None:
        visits()

        page = text(analyst, f"{TRENDS}?event=visit&math=sum&property=plan&name=")

        assert "“plan” is string, never a number." in page
        assert re.search(r'name="property"[^>]+aria-invalid="true"', page)

    def test_an_empty_answer_says_when_the_event_came_last(self, analyst: Client) -> None:
        load([Event("visit", clock.now() - timedelta(days=90)), Event("buy", clock.now())])

        page = text(analyst, f"{TRENDS}?{ONE_SERIES}")

        assert "“visit”: last seen" in page
        assert "Show all time" in page

    def test_a_filter_can_be_changed(self, analyst: Client) -> None:
        visits()

        page = text(analyst, f'{TRENDS}?{ONE_SERIES}&where={{"property":"n","op":">","value":3}}')

        found = re.search(r'data-edit="([^"]+)"', page)
        assert found is not None
        edited = json.loads(unescape(found[1]))
        assert (edited["property"], edited["op"], edited["text"]) == ("n", ">", "3")

    def test_the_values_of_a_property_come_with_counts_and_as_one_types_them(
        self, analyst: Client
    ) -> None:
        now = clock.now()
        plans = ["pro", "pro", "pro", "5", "5", 5]
        load(
            Event("visit", now, f"u{n}", properties={"plan": plan}) for n, plan in enumerate(plans)
        )

        found = analyst.get("/explore/values/?property=plan&event=visit").json()
        narrowed = analyst.get("/explore/values/?property=plan&q=PR").json()

        assert found["of"] == "events"
        assert found["values"] == [
            {"text": "pro", "type": "string", "found": 3},
            {"text": '"5"', "type": "string", "found": 2},
            {"text": "5", "type": "number", "found": 1},
        ]
        assert [one["text"] for one in narrowed["values"]] == ["pro"]

    def test_values_of_an_unknown_built_in_are_refused(self, analyst: Client) -> None:
        answer = analyst.get("/explore/values/?property=$nothing")

        assert answer.status_code == 400
        assert "Unknown built-in property" in answer.json()["error"]["message"]

    def test_the_download_for_excel_holds_the_same_table(self, analyst: Client) -> None:
        visits()
        page = text(analyst, f"{TRENDS}?{ONE_SERIES}")
        link = re.search(r'href="(xlsx/[^"]+)"', page)
        assert link is not None

        answer = analyst.get(TRENDS + unescape(link[1]))

        with ZipFile(io.BytesIO(answer.content)) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert answer["Content-Disposition"].endswith('.xlsx"')
        assert sheet.count("<row ") == 1 + 1 + 31
        assert "<f>" not in sheet
