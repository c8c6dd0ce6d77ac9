"""The pages of lifecycle and stickiness as a browser without scripts sees them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.figures import activity as figures
from analytics.insights.forms.activity import ActivityForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
LIFECYCLE, STICKINESS = "/explore/lifecycle/", "/explore/stickiness/"
ASKED = "event=visit&from=-3d"


@pytest.fixture
def analyst(people: People, browse: PageClient) -> Client:
    return browse(people.analyst)


def company() -> None:
    """Three days ago u00 and u01 come, u00 the day after, too; u02 is new then; u01 comes back."""
    first = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    day = timedelta(days=1)
    load(
        [
            Event("visit", first, "u00"),
            Event("visit", first, "u01"),
            Event("visit", first + day, "u00"),
            Event("visit", first + day, "u02", properties={"plan": "pro"}),
            Event("visit", first + 2 * day, "u01"),
            Event("buy", first, "u09"),
        ]
    )


def rows(page: str, table: str) -> list[list[str]]:
    body = page.split(f'id="{table}"')[1].split("</table>")[0].split("<tbody>")[1]
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in body.split("<tr>")[1:]]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def people_behind(client: Client, page: str) -> list[set[str]]:
    links = [unescape(url) for url in re.findall(r'href="([^"]+)" data-people', page)]
    return [
        set(re.findall(r"\bu\d\d\b", text(client, url).split("behind-list")[1])) for url in links
    ]


def figure_of(page: str, chart: str) -> dict[str, Any]:
    script = page.split(f'id="{chart}"')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(script[script.index("{") :])
    return found


def test_the_address_says_the_whole_question_and_nothing_else() -> None:
    address = (
        'event=a&interval=week&week_start=sunday&where={"property":"p","op":"=","value":1}'
        "&compare=previous_period&from=-7d"
    )
    form = ActivityForm.read(QueryDict(address))

    assert ActivityForm.read(QueryDict(form.address()[1:])) == form
    assert ActivityForm.read(QueryDict("interval=day&week_start=monday")).address() == "?"


def test_a_lifecycle_counts_each_status(analyst: Client) -> None:
    company()

    page = text(analyst, f"{LIFECYCLE}?{ASKED}")

    head = page.split('id="lifecycle-table"')[1].split("</thead>")[0]
    statuses = ["Returning", "Resurrecting", "New", "Dormant", "Net"]
    assert re.findall(r">(\w+)</th>", head)[1:] == statuses
    assert [row[1:] for row in rows(page, "lifecycle-table")] == [
        ["0", "0", "2", "0", "2"],
        ["1", "0", "1", "1", "0"],
        ["0", "1", "0", "2", "\N{MINUS SIGN}1"],
        ["0", "0", "0", "1", "\N{MINUS SIGN}1"],
    ]
    assert "Returning: active in the day before" in page.replace("\n", " ")


def test_behind_each_number_of_a_lifecycle_stand_its_people(analyst: Client) -> None:
    company()

    found = people_behind(analyst, text(analyst, f"{LIFECYCLE}?{ASKED}"))

    assert found == [
        {"u00", "u01"}, {"u00"}, {"u02"}, {"u01"}, {"u01"}, {"u00", "u02"}, {"u01"},
    ]  # fmt: skip


def test_who_fell_asleep_hangs_below_zero_and_bars_know_their_people(analyst: Client) -> None:
    company()

    drawn = figure_of(text(analyst, f"{LIFECYCLE}?{ASKED}"), "lifecycle-chart")

    dormant = next(one for one in drawn["data"] if one["name"] == "Dormant")
    assert dormant["y"][:3] == [0, -1, -2]
    assert [cell and cell["status"] for cell in dormant["meta"]["cells"][:2]] == [None, "dormant"]
    assert drawn["layout"]["barmode"] == "relative"
    running = [one for one in drawn["data"] if one["meta"].get("role") == "incomplete"]
    assert len(running) == len(figures.ORDER)


def test_stickiness_counts_people_by_their_days(analyst: Client) -> None:
    company()

    page = text(analyst, f"{STICKINESS}?{ASKED}")

    assert [row[:3] for row in rows(page, "stickiness-table")] == [
        ["1 day", "1", "33.3 %"],
        ["2 days", "2", "66.7 %"],
    ]
    assert [row[3] for row in rows(page, "stickiness-table")] == ["3", "2"]
    assert people_behind(analyst, page) == [{"u02"}, {"u00", "u01"}]
    assert "everybody counts once" in page


def test_a_filter_narrows_who_counts(analyst: Client) -> None:
    company()
    where = '&where={"property":"plan","op":"=","value":"pro"}'

    page = text(analyst, f"{STICKINESS}?{ASKED}{where}")

    assert [row[1] for row in rows(page, "stickiness-table")] == ["1"]
    assert "plan is “pro”" in page


def test_any_event_counts_when_none_is_chosen(analyst: Client) -> None:
    company()

    page = text(analyst, f"{STICKINESS}?from=-3d")

    assert [row[1] for row in rows(page, "stickiness-table")] == ["2", "2"]


@pytest.mark.parametrize("url", [LIFECYCLE, STICKINESS])
def test_the_period_before_stands_beside_it(analyst: Client, url: str) -> None:
    company()

    page = text(analyst, f"{url}?event=visit&from=-1d&compare=previous_period")

    assert "from " in page.split('class="stat-row"')[1].split("</div></div>")[0]


@pytest.mark.parametrize("url", [LIFECYCLE, STICKINESS])
def test_what_cannot_be_right_is_said_beside_its_field(analyst: Client, url: str) -> None:
    company()

    page = text(analyst, f"{url}?event=visti&interval=week&from=-3d")
    long = text(analyst, f"{url}?event=visit&from=1990-01-01")

    assert "No event named “visti” was ever seen. Did you mean “visit”?" in page
    assert "The range is shorter than one week" in page
    assert "Nothing in this range" in page
    assert 'aria-describedby="interval-note" aria-invalid="true"' in long


@pytest.mark.parametrize("url", [LIFECYCLE, STICKINESS])
def test_the_downloads_hold_what_is_shown(analyst: Client, url: str) -> None:
    company()
    page = text(analyst, f"{url}?{ASKED}")

    files = {
        kind: analyst.get(url + unescape(re.findall(rf'href="({kind}/[^"]+)"', page)[0]))
        for kind in ("csv", "xlsx")
    }

    head = {LIFECYCLE: "Time,Status,People,Complete", STICKINESS: "Active in,People,Share"}
    assert files["csv"].content.decode().splitlines()[0] == head[url]
    assert files["xlsx"].content[:2] == b"PK"


@pytest.mark.parametrize("url", [LIFECYCLE, STICKINESS])
def test_a_store_without_events_says_how_they_come(analyst: Client, url: str) -> None:
    load([])

    assert "How to send events" in text(analyst, url)
