"""The people behind a number, as a browser without scripts and the drawer see them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from analytics.insights.figures.cells import cell_text
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
FUNNEL = "/explore/funnels/?event=visit&label=&event=buy&label=&window=14&unit=day"
BEHIND = "/explore/people-behind/funnel/"


@pytest.fixture
def viewer(people: People, browse: PageClient) -> Client:
    return browse(people.viewer)


def company(size: int = 5) -> None:
    """Everybody visits, the first two buy; a user's plan is a number for one of them."""
    start = clock.now() - timedelta(days=2)
    plans = [5, "5"]
    load(
        [
            *(
                Event("visit", start, f"u{n:02}", properties={"plan": plans[n % 2]})
                for n in range(size)
            ),
            *(Event("buy", start + timedelta(minutes=1), f"u{n:02}") for n in range(2)),
        ]
    )


def shown(page: str) -> list[str]:
    return re.findall(r">(u\d\d)<", page.split('class="behind-list"')[1])


def test_every_number_of_a_funnel_leads_to_its_people(viewer: Client) -> None:
    company()
    page = text(viewer, FUNNEL)
    links = [unescape(link) for link in re.findall(r'href="([^"]+)" data-people', page)]

    found = [shown(text(viewer, link)) for link in links]

    assert [sorted(names) for names in found] == [
        ["u00", "u01", "u02", "u03", "u04"],
        ["u00", "u01"],
        ["u02", "u03", "u04"],
    ]


def test_a_value_keeps_its_type_in_the_address(viewer: Client) -> None:
    company()
    page = unescape(text(viewer, f"{FUNNEL}&breakdown=plan"))
    base = re.findall(r'data-people-url="(/explore/people-behind/[^"]+)"', page)[0]

    number = shown(text(viewer, f"{base}&{urlencode({'step': 1, 'value': cell_text(5)})}"))
    words = shown(text(viewer, f"{base}&{urlencode({'step': 1, 'value': cell_text('5')})}"))

    assert sorted(number) == ["u00", "u02", "u04"]
    assert sorted(words) == ["u01", "u03"]


def test_many_people_come_page_by_page(viewer: Client) -> None:
    company(60)
    page = text(viewer, FUNNEL)
    first = unescape(re.findall(r'href="([^"]+)" data-people', page)[0])

    one = text(viewer, first)
    more = unescape(re.findall(r'href="([^"]+)" hx-get', one)[0])
    two = text(viewer, more)

    assert len(shown(one)) == 50
    assert len(set(shown(one) + shown(two))) == 60
    entry = AuditEntry.objects.get(action="people.list")
    assert (entry.after or {})["people"] == 60


def test_it_leads_back_to_the_answer_and_nowhere_else(viewer: Client) -> None:
    question = urlencode({"question": '{"steps": [{"event": "visit"}, {"event": "buy"}]}'})

    ours = text(viewer, f"{BEHIND}?{question}&back=/explore/funnels/?event=visit")
    foreign = text(viewer, f"{BEHIND}?{question}&back=//evil.example/")

    assert 'href="/explore/funnels/?event=visit">Back' in ours
    assert 'href="/explore/trends/">Back' in foreign


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "This address is not whole"),
        ("question=[]", "This must be an object."),
        ("question={}", "A funnel needs at least two steps"),
        ('question={"steps":[{"event":"visit"},{"event":"buy"}]}&step=7', "whole number from 1 to"),
        ('question={"steps":[{"event":"visit"},{"event":"buy"}]}&cursor=x', "This is no cursor"),
    ],
)  # fmt: skip
def test_an_address_that_is_no_question_says_so(viewer: Client, query: str, words: str) -> None:
    assert words in text(viewer, f"{BEHIND}?{query}")


def test_a_kind_without_people_is_not_found(viewer: Client) -> None:
    assert viewer.get("/explore/people-behind/sql/").status_code == 404
