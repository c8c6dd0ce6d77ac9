"""The retention page as a browser without scripts sees it, and the address it is made of."""

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

from analytics.insights.figures import retention as figures
from analytics.insights.forms.retention import RetentionForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

RETENTION = "/explore/retention/"
ASKED = "start_event=signup&return_event=visit&interval=day&from=-5d"


def form(address: str) -> RetentionForm:
    return RetentionForm.read(QueryDict(address))


class TestAddress:
    def test_it_says_the_whole_question_and_nothing_else(self) -> None:
        address = (
            'start_event=a&return_event=b&interval=week&where={"property":"p","op":"=","value":1,'
            '"in":"return"}&periods=5&kind=first_ever&counting=on_or_after&min_occurrences=2'
            '&week_start=sunday&breakdown=plan&of=person&limit=3&shown="pro"'
            "&compare=previous_period&from=-7d"
        )

        tidy = form(address).address()

        assert dict(QueryDict(tidy[1:]).lists()).keys() == dict(QueryDict(address).lists()).keys()
        assert form(tidy[1:]) == form(address)

    def test_what_is_usual_is_not_said(self) -> None:
        usual = "start_event=a&return_event=*&interval=day"
        address = f"{usual}&periods=14&kind=recurring&counting=exact&min_occurrences=1"

        assert QueryDict(form(address).address()[1:]) == QueryDict(usual)

    def test_any_event_may_be_said_in_words(self) -> None:
        said = form("start_event=any event&return_event= any event &interval=day")

        assert said == form("start_event=*&return_event=*&interval=day")

    def test_filters_go_to_their_side_and_those_of_neither_to_both(self) -> None:
        where = '&where={"property":"p","op":"=","value":1}'
        address = f"start_event=a{where}{where.replace('}', ',%22in%22:%22start%22}')}"

        body = form(address).body(window=None)  # type: ignore[arg-type]  # it does not matter

        assert (len(body["start_where"]), len(body["return_where"]), len(body["where"])) == (
            1,
            0,
            1,
        )
        assert body["return_event"] is None


class TestFigure:
    COHORT: dict[str, Any] = {
        "start": "2026-03-02T00:00:00Z", "size": 4, "returned": [4, 2, 1],
        "complete": [True, True, False],
    }  # fmt: skip

    def test_sizes_stand_in_the_first_column_and_rates_after_it(self) -> None:
        sizes, rates = figures.grid([self.COHORT], "week")["data"]

        assert (sizes["z"], rates["z"]) == ([[4]], [[0.5, 0.25]])
        assert rates["customdata"][0][0] == "week 1: 2 of 4 people came back, 50 %"
        assert rates["meta"]["cells"][0][0]["period"] == 1

    def test_a_cell_that_has_not_ended_has_a_dashed_edge_and_says_so(self) -> None:
        drawn = figures.grid([self.COHORT], "week")

        (edge,) = drawn["layout"]["shapes"]
        assert edge["x0"] < 2 < edge["x1"]
        assert "this week has not ended" in drawn["data"][1]["customdata"][0][1]

    def test_behind_nobody_stands_no_list(self) -> None:
        nobody = self.COHORT | {"size": 0, "returned": [0, 0], "complete": [True, True]}

        sizes, rates = figures.grid([nobody], "week")["data"]

        assert (sizes["meta"]["cells"], rates["meta"]["cells"]) == ([[None]], [[None]])
        assert rates["z"] == [[None]]

    def test_cohorts_are_named_by_their_beginning_with_the_year_where_it_changes(self) -> None:
        starts = [{"start": "2025-12-29T00:00:00Z"}, {"start": "2026-01-05T00:00:00Z"}]

        assert figures.cohort_names(starts, "week") == ["29 Dec 2025", "5 Jan 2026"]
        assert figures.cohort_names(starts[1:], "day") == ["5 Jan"]
        assert figures.cohort_names(starts[1:], "month") == ["Jan 2026"]

    def test_a_breakdown_draws_a_curve_a_value(self) -> None:
        answer = {"average": [1.0, 0.5], "breakdown": [{"value": "$none", "average": [1.0, 0.3]}]}

        (line,) = figures.curve(answer, "day")["data"]

        assert (line["name"], line["x"], line["y"]) == ("Not set", ["D1"], [0.3])


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestPage:
    @pytest.fixture
    def analyst(self, people: People, browse: PageClient) -> Client:
        return browse(people.analyst)

    def company(self) -> None:
        """Four sign up three days ago, half of them on each plan; three visit on the next day."""
        start = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
        plans: list[Any] = ["pro", 5]
        load(
            [
                *(
                    Event("signup", start, f"u{n:02}", properties={"plan": plans[n % 2]})
                    for n in range(4)
                ),
                *(Event("visit", start + timedelta(days=1), f"u{n:02}") for n in range(3)),
                Event("visit", start + timedelta(days=2), "u00"),
            ]
        )

    def rows(self, page: str) -> list[list[str]]:
        table = page.split('id="cohorts-table"')[1].split("</tbody>")[0].split("<tbody>")[1]
        cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in table.split("<tr>")[1:]]
        return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]

    def test_it_begins_empty_and_says_what_to_do(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, RETENTION)

        assert "Choose the event that people begin with" in page
        assert "<portal-chart" not in page

    def test_it_counts_who_came_back(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED}")

        signed_up = next(row for row in self.rows(page) if row[1] == "4")
        assert signed_up[2:] == ["75 %", "25 %", "0 % so far", *[""] * (len(signed_up) - 5)]
        assert "A cohort is the persons who did “signup”" in page
        assert "average" in page
        assert page.count("<portal-chart") == 2

    def test_the_people_behind_a_cell_are_those_it_counts(self, analyst: Client) -> None:
        self.company()
        page = text(analyst, f"{RETENTION}?{ASKED}")
        links = [unescape(url) for url in re.findall(r'href="([^"]+)" data-people', page)]

        found = [
            sorted(set(re.findall(r"\bu\d\d\b", text(analyst, url).split("behind-list")[1])))
            for url in links
        ]

        assert found == [["u00", "u01", "u02", "u03"], ["u00", "u01", "u02"], ["u00"]]

    def test_a_value_of_a_breakdown_has_its_own_grid_and_people(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED}&breakdown=plan&shown=5")

        assert max(int(row[1]) for row in self.rows(page)) == 2
        assert re.search(r'aria-pressed="true">5 ', page)
        (people, *_) = re.findall(r'href="([^"]+)" data-people', page)
        listed = text(analyst, unescape(people)).split("behind-list")[1]
        assert set(re.findall(r"\bu\d\d\b", listed)) == {"u01", "u03"}

    def test_what_cannot_be_right_is_said_beside_its_field(self, analyst: Client) -> None:
        self.company()
        address = "start_event=sign&return_event=visit&interval=month&from=-5d&breakdown=color"

        page = text(analyst, f"{RETENTION}?{address}&periods=999&min_occurrences=0")

        assert "No event named “sign” was ever seen. Did you mean “signup”?" in page
        assert "No “color” was ever seen on these events." in page
        assert 'aria-describedby="periods-note" aria-invalid="true"' in page
        assert "The range is shorter than one month" in page

    def test_too_often_is_refused_beside_its_field(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED}&min_occurrences=0")

        assert 'aria-describedby="min-occurrences-note" aria-invalid="true"' in page

    def test_nothing_says_why(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED.replace('-5d', '-1d')}")

        assert "“signup”: last seen" in page
        assert "Show all time" in page

    def test_all_time_begins_with_the_data(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED.replace('-5d', 'all')}")

        assert len(self.rows(page)) == 4

    def test_the_period_before_stands_beside_the_average(self, analyst: Client) -> None:
        self.company()

        page = text(analyst, f"{RETENTION}?{ASKED}&compare=previous_period")

        chart = page.split('id="retention-curve"')[1].split("</script>")[0]
        figure = json.loads(chart[chart.index("{") :])
        assert [trace["meta"].get("role") for trace in figure["data"]] == ["compare", None]

    def test_the_downloads_hold_what_is_shown(self, analyst: Client) -> None:
        self.company()
        page = text(analyst, f"{RETENTION}?{ASKED}")
        links = {kind: re.search(rf'href="({kind}/[^"]+)"', page) for kind in ("csv", "xlsx")}

        csv = analyst.get(RETENTION + unescape(links["csv"][1]))  # type: ignore[index]  # is there
        xlsx = analyst.get(RETENTION + unescape(links["xlsx"][1]))  # type: ignore[index]  # is there

        lines = csv.content.decode().splitlines()
        assert lines[0] == "Cohort,Breakdown,People,Period,Returned,Rate,Complete"
        assert any(line.split(",")[2:6] == ["4", "1", "3", "0.75"] for line in lines)
        with ZipFile(io.BytesIO(xlsx.content)) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == len(lines)


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
def test_a_field_says_any_event_in_words(people: People, browse: PageClient) -> None:
    load([Event("visit", clock.now() - timedelta(days=1), "ada")])

    page = text(
        browse(people.viewer), f"{RETENTION}?start_event=visit&return_event=*&interval=week"
    )

    assert re.search(r'name="return_event"[^>]* value="any event"', page)
    assert '<option value="any event">' in page
