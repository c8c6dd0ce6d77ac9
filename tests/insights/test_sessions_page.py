"""The sessions page as a browser without scripts sees it, and its address."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.figures import sessions as figures
from analytics.insights.forms.sessions import SessionsForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_behind_page import shown
from tests.insights.test_pages import text
from tests.people import People

SESSIONS = "/explore/sessions/"


class TestAddress:
    def test_it_says_the_whole_question_and_nothing_else(self) -> None:
        address = (
            "event=visit&interval=week&week_start=sunday&gap=10&breakdown=plan&of=person&limit=3"
            "&measure=bounce_share&compare=previous_period&from=-7d"
        )

        form = SessionsForm.read(QueryDict(address))

        assert sorted(QueryDict(form.address()[1:]).lists()) == sorted(QueryDict(address).lists())
        assert SessionsForm().address() == "?"


class TestFigure:
    POINTS = [
        {"t": "2026-03-01T00:00:00Z", "sessions": 3, "people": 2, "median_seconds": 60.0, "complete": True},
        {"t": "2026-03-02T00:00:00Z", "sessions": 0, "people": 0, "median_seconds": None, "complete": True},
    ]  # fmt: skip

    def test_a_measure_has_its_unit_and_a_gap_where_there_is_none(self) -> None:
        drawn = figures.drawn({"series": [{"points": self.POINTS}]}, "median_seconds")

        assert drawn["layout"]["meta"]["unit"] == "s"
        assert drawn["data"][0]["y"] == [60.0, None]

    def test_a_point_with_people_says_whose_sessions_they_are(self) -> None:
        one = {"breakdown_value": "5", "points": self.POINTS}

        cells = figures.drawn({"series": [one]}, "sessions")["data"][0]["meta"]["cells"]

        assert cells[0] | {"title": ""} == {
            "breakdown_value": '"5"', "t": "2026-03-01T00:00:00Z", "title": "",
        }  # fmt: skip
        assert cells[1] is None


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestPage:
    @pytest.fixture
    def viewer(self, people: People, browse: PageClient) -> Client:
        return browse(people.viewer)

    def company(self) -> None:
        """Two look around for ten minutes, one of them twice; a third leaves at once."""
        start = clock.now() - timedelta(days=2)
        times = {"u01": (0, 10, 100, 110), "u02": (0, 10), "u03": (5,)}
        load(
            Event(
                "visit" if n % 2 == 0 else "look", start + timedelta(minutes=minute), user,
                properties={"plan": "pro" if user == "u01" else "free"},
            )
            for user, minutes in times.items()
            for n, minute in enumerate(minutes)
        )  # fmt: skip

    def stats(self, page: str) -> list[str]:
        return re.findall(r'<span class="stat-value"[^>]*>([^<]+)<', page)

    def test_it_counts_sessions_as_wholes(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, SESSIONS)

        assert self.stats(page) == ["4", "10 min", "1.75", "25 %"]
        assert "ends where the person pauses for more than 30 minutes" in page
        assert 'id="entry-table"' in page
        assert "<portal-chart" in page

    def test_another_pause_makes_other_sessions(self, viewer: Client) -> None:
        self.company()

        assert self.stats(text(viewer, f"{SESSIONS}?gap=5"))[0] == "7"
        assert self.stats(text(viewer, f"{SESSIONS}?gap=120"))[0] == "3"

    def test_sessions_may_be_those_with_an_event(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, f"{SESSIONS}?event=look")

        assert self.stats(page) == ["3", "10 min", "2", "0 %"]
        assert "Only sessions with “look”, counted with all their events." in page

    def test_a_breakdown_has_its_table(self, viewer: Client) -> None:
        self.company()

        page = text(viewer, f"{SESSIONS}?breakdown=plan&measure=median_seconds")

        table = page.split('id="groups-table"')[1].split("</table>")[0]
        assert re.findall(r'<th scope="row">([^<]+)<', table) == ["free", "pro"]

    def test_every_number_leads_to_its_people(self, viewer: Client) -> None:
        self.company()
        page = text(viewer, f"{SESSIONS}?breakdown=plan")
        links = re.findall(r'href="([^"]+)" data-people title="([^"]+)">', page)

        found = {
            unescape(title): sorted(set(shown(text(viewer, unescape(link)))))
            for link, title in links
        }

        assert found == {
            "People with sessions, free": ["u02", "u03"],
            "People with sessions, pro": ["u01"],
            "People with sessions, entry visit": ["u01", "u02", "u03"],
            "People with sessions, exit look": ["u01", "u02"],
            "People with sessions, exit visit": ["u03"],
        }

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("event=vist", "No event named “vist” was ever seen. Did you mean “visit”?"),
            ("gap=0", "This must be a whole number from 1 to 1440."),
            ("breakdown=color", "No “color” was ever seen on these events."),
            ("from=2020-01-01&to=2020-02-01", "Nothing in this range"),
        ],
    )
    def test_what_cannot_be_and_what_is_empty_say_why(
        self, viewer: Client, query: str, words: str
    ) -> None:
        self.company()

        assert words in unescape(text(viewer, f"{SESSIONS}?{query}"))

    def test_the_downloads_hold_all_measures(self, viewer: Client) -> None:
        self.company()
        page = text(viewer, f"{SESSIONS}?interval=month&from=-1mo")
        link = re.search(r'href="(csv/[^"]+)"', page)
        assert link is not None

        lines = viewer.get(SESSIONS + unescape(link[1])).content.decode().splitlines()

        assert lines[0].startswith("Time,Breakdown,Sessions,People,Average duration")
        assert sum(int(line.split(",")[2]) for line in lines[1:]) == 4
