"""The funnels page as a browser without scripts sees it, and the address it is made of."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from zipfile import ZipFile

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.figures import funnel as figures
from analytics.insights.forms.funnel import ExclusionRow, FunnelForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

FUNNELS = "/explore/funnels/"
STEPS = "event=visit&label=&event=cart&label=&event=buy&label=&window=14&unit=day"


def form(address: str) -> FunnelForm:
    return FunnelForm.read(QueryDict(address))


class TestAddress:
    def test_it_says_the_whole_question_and_nothing_else(self) -> None:
        address = (
            f"{STEPS}&optional=2&without=refund&after=1&before=3&order=strict&breakdown=plan"
            "&attribution=step&touch_step=3&leave_out_open=1&view=trend&interval=week&from=-7d"
        )

        tidy = form(address).address()

        assert sorted(QueryDict(tidy[1:]).lists()) == sorted(QueryDict(address).lists())

    def test_moving_a_step_takes_its_filters_flags_and_exclusions_along(self) -> None:
        where = '&where={"property":"p","op":"=","value":1,"in":"3"}'
        found = form(f"{STEPS}&optional=2&without=refund&after=1&before=2&touch_step=3{where}")

        moved = found.with_rows([3, 1, 2])

        assert [row.event for row in moved.rows] == ["buy", "visit", "cart"]
        assert [row.is_optional for row in moved.rows] == [False, False, True]
        assert moved.where[0].series == "1"
        assert moved.exclusions == (ExclusionRow("refund", 2, 3),)
        assert moved.touch_step == 1

    def test_dragging_sends_the_rows_in_their_new_order_with_their_old_numbers(self) -> None:
        where = '&where={"property":"p","op":"=","value":1,"in":"1"}'
        dragged = f"event=buy&label=&event=visit&label=&optional=2&was=2&was=1{where}"

        found = form(dragged)

        assert [(row.event, row.is_optional) for row in found.rows] == [
            ("buy", True),
            ("visit", False),
        ]
        assert found.where[0].series == "2"

    @pytest.mark.parametrize("was", ["was=1&was=1", "was=5&was=1", "was=x", "was=2"])
    def test_numbers_that_are_no_order_change_nothing(self, was: str) -> None:
        assert form(f"event=a&label=&event=b&label=&{was}") == form("event=a&label=&event=b&label=")

    def test_a_removed_step_takes_its_filters_with_it(self) -> None:
        where = '&where={"property":"p","op":"=","value":1,"in":"2"}'
        found = form(f"{STEPS}&without=refund&after=2&before=3{where}")

        rest = found.with_rows([1, 3])

        assert rest.where == ()
        assert rest.exclusions == (ExclusionRow("refund", 1, 2),)

    def test_a_removed_exclusion_leaves_the_filters_of_the_next_to_it(self) -> None:
        where = '&where={"property":"p","op":"=","value":1,"in":"x2"}'
        two = "&without=a&after=1&before=2&without=b&after=2&before=3"

        rest = form(f"{STEPS}{two}{where}").without_exclusion(1)

        assert [one.event for one in rest.exclusions] == ["b"]
        assert rest.where[0].series == "x1"

    def test_steps_still_to_be_chosen_are_not_asked_and_do_not_shift_the_others(self) -> None:
        found = form("event=a&label=&event=&label=&event=*&label=&without=x&after=1&before=3")
        found = replace(found, touch="step", touch_step=3, breakdown="p")

        body = found.body(window=None)  # type: ignore[arg-type]  # the trend alone needs it

        assert [step["event"] for step in body["steps"]] == ["a", None]
        assert body["exclusions"][0]["before_step"] == 2
        assert body["breakdown"]["step"] == 2


class TestFigure:
    STEP = {
        "conversion_rate": 1.0, "from_previous": 1.0, "median_seconds": None, "dropped": 0,
        "users": 4,
    }  # fmt: skip

    def test_names_are_text_never_markup(self) -> None:
        answer = {"steps": [self.STEP | {"step": 1, "label": "<b>x"}]}

        drawn = figures.bars(answer)

        assert drawn["data"][0]["x"] == ["1. &lt;b&gt;x<br>100 %"]

    def test_long_names_are_wrapped_so_that_they_need_no_slant(self) -> None:
        answer = {"steps": [self.STEP | {"step": 4, "label": "Repeat purchase"}]}

        drawn = figures.bars(answer)

        assert drawn["data"][0]["x"] == ["4. Repeat<br>purchase<br>100 %"]

    def test_times_stand_in_the_unit_that_fits(self) -> None:
        bins = [{"from_seconds": 0.0, "to_seconds": 86_400.0, "users": 3}]

        drawn = figures.times(bins)

        assert drawn["data"][0]["x"] == [12.0]
        assert drawn["layout"]["xaxis"]["ticksuffix"] == " h"


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestPage:
    @pytest.fixture
    def analyst(self, people: People, browse: PageClient) -> Client:
        return browse(people.analyst)

    def company(self) -> None:
        """Ten visit, four put something into the cart, two of them buy; one is refunded."""
        start = clock.now() - timedelta(days=2)
        minutes = [timedelta(minutes=n) for n in range(4)]
        plans = ["pro", "free"]
        load(
            [
                *(
                    Event("visit", start, f"u{n}", properties={"plan": plans[n % 2]})
                    for n in range(10)
                ),
                *(Event("cart", start + minutes[1], f"u{n}") for n in range(4)),
                *(Event("buy", start + minutes[3], f"u{n}") for n in range(2)),
                Event("refund", start + minutes[2], "u1"),
            ]
        )

    def rows(self, page: str) -> list[list[str]]:
        table = page.split('id="steps-table"')[1].split("</table>")[0].split("<tbody>")[1]
        cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in table.split("<tr>")[1:]]
        return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]

    def test_it_begins_empty_and_says_what_to_do(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, FUNNELS)

        assert page.count('placeholder="Choose an event"') == 2
        assert "Choose at least two steps" in page
        assert "<portal-chart" not in page

    def test_it_counts_who_went_on_and_who_dropped(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{FUNNELS}?{STEPS}")

        assert self.rows(page) == [
            ["1. visit", "10", "100 %", "", "", "", "", ""],
            ["2. cart", "4", "40 %", "40 %", "6", "60 s", "60 s", "60 s"],
            ["3. buy", "2", "20 %", "50 %", "2", "2 min", "2 min", "2 min"],
        ]
        assert "An attempt begins with “visit”" in page

    def test_an_exclusion_leaves_people_out(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{FUNNELS}?{STEPS}&without=refund&after=2&before=3")

        assert [row[1] for row in self.rows(page)] == ["9", "3", "1"]

    def test_a_breakdown_shows_each_value_and_which_differences_are_real(
        self, analyst: Client
    ) -> None:
        self.company()

        page = text(analyst, f"{FUNNELS}?{STEPS}&breakdown=plan")

        assert 'id="groups-table"' in page
        assert "May be chance" in page

    def test_over_time_and_times_have_their_own_tables(self, analyst: Client) -> None:
        self.company()

        trend = text(analyst, f"{FUNNELS}?{STEPS}&view=trend")
        times = text(analyst, f"{FUNNELS}?{STEPS}&view=times")

        assert 'id="points-table"' in trend
        assert 'id="times-table"' in times

    def test_what_cannot_be_right_is_said_beside_its_field(self, analyst: Client) -> None:
        self.company()
        address = "event=visit&label=&event=cartt&label=&window=90&unit=day"

        page = text(analyst, f"{FUNNELS}?{address}&breakdown=color")

        assert "No event named “cartt” was ever seen. Did you mean “cart”?" in page
        assert "The window is longer than the range" in page
        assert "No “color” was ever seen on these events." in page

    def test_a_window_that_is_no_number_is_refused_beside_it(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{FUNNELS}?{STEPS.replace('window=14', 'window=0')}")

        assert "This must be a whole number from 1 to 1830." in page
        assert 'aria-describedby="window-note" aria-invalid="true"' in page

    def test_steps_move_by_links_too(self, analyst: Client) -> None:
        self.company()
        page = text(analyst, f"{FUNNELS}?{STEPS}")
        link = re.search(r'id="up-3" href="([^"]+)"', page)
        assert link is not None

        moved = text(analyst, FUNNELS + unescape(link[1]))

        assert re.findall(r'id="step-\d"[^>]+value="(\w+)"', moved) == ["visit", "buy", "cart"]

    def test_an_untidy_address_becomes_the_tidy_one(self, analyst: Client) -> None:
        self.company()

        answer = analyst.get(f"{FUNNELS}?event=visit&event=cart&was=1&was=2")

        assert answer.status_code == 302
        assert "was=" not in answer["Location"]

    def test_what_converters_did_more_is_loaded_when_asked_for(self, analyst: Client) -> None:
        start = clock.now() - timedelta(days=20)
        hour = timedelta(hours=1)
        load(
            [
                *(Event("visit", start, f"u{n}") for n in range(80)),
                *(Event("search", start + hour, f"u{n}") for n in range(20, 60)),
                *(Event("buy", start + 2 * hour, f"u{n}") for n in range(40)),
            ]
        )
        address = "event=visit&label=&event=buy&label=&window=1&unit=day"
        page = text(analyst, f"{FUNNELS}?{address}")
        link = re.search(r'id="ask-correlates" href="([^"]+)"', page)
        assert link is not None

        part = text(analyst, FUNNELS + unescape(link[1]), **{"HX-Request": "true"})
        whole = text(analyst, FUNNELS + unescape(link[1]))

        assert "40 people who converted, beside 40 whose time ran out" in part
        assert re.search(r'<th scope="row">search</th><td class="num">20 <', part)
        assert "May be chance" in part
        assert "Back to the funnel" in whole

    def test_the_downloads_hold_what_is_shown(self, analyst: Client) -> None:
        self.company()
        page = text(analyst, f"{FUNNELS}?{STEPS}")
        links = {kind: re.search(rf'href="({kind}/[^"]+)"', page) for kind in ("csv", "xlsx")}

        csv = analyst.get(FUNNELS + unescape(links["csv"][1]))  # type: ignore[index]  # is there
        xlsx = analyst.get(FUNNELS + unescape(links["xlsx"][1]))  # type: ignore[index]  # is there

        lines = csv.content.decode().splitlines()
        assert lines[1].startswith("1,visit,,10,1")
        with ZipFile(io.BytesIO(xlsx.content)) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 4
