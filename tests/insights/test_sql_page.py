"""The SQL page as a browser without scripts sees it."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from django.test import Client

from analytics.insights.mistakes import Place, place_of
from analytics.insights.pictures import picture
from portal.audit.models import AuditEntry
from portal.store.frame import Column, Frame, Meta
from tests.conftest import PageClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
PAGE = "/explore/sql/"


@pytest.fixture
def analyst(people: People, browse: PageClient) -> Client:
    load(
        Event("visit", at(f"2026-03-0{n + 1}"), f"u{n}", properties={"plan": "pro"})
        for n in range(5)
    )
    return browse(people.analyst)


def post(client: Client, query: str, path: str = PAGE, **values: str) -> str:
    answer = client.post(path, {"q": query, **values})
    assert answer.status_code == 200, answer.content
    return html.unescape(answer.content.decode())


def test_an_address_fills_the_editor_in_but_runs_nothing(analyst: Client) -> None:
    page = analyst.get(PAGE, {"q": "SELECT 40 + 2"}).content.decode()

    assert "SELECT 40 + 2</textarea>" in page
    assert "Nothing ran yet" in page
    assert not AuditEntry.objects.filter(action="sql.run").exists()


def test_the_side_lists_data_sets_events_and_properties(analyst: Client) -> None:
    page = html.unescape(analyst.get(PAGE).content.decode())

    assert 'data-insert="received_at"' in page
    assert "data-insert=\"'visit'\"" in page
    assert "data-insert=\"strings['plan']\"" in page


def test_it_shows_rows_and_draws_what_can_be_drawn(analyst: Client) -> None:
    page = post(analyst, "SELECT ts, toUInt8(3) AS <b> FROM events".replace("<b>", "`<b>`"))

    assert "2026-03-01T00:00:00.000000Z" in page
    assert "<portal-chart" in page
    assert "The SQL as it was written, over the data sets: events." in page


def test_a_mistake_is_placed_in_the_text(analyst: Client) -> None:
    page = post(analyst, "SELECT name\nFROM events\nWHERE nme = 1")

    assert "Line 3, column 7" in page


def test_a_parameter_becomes_a_field_and_its_text_a_value(analyst: Client) -> None:
    query = "SELECT {who:String}, {n:UInt8}, {all:Array(String)}, {is:Bool}"

    asked = post(analyst, query)
    page = post(analyst, query, p_who="anna", p_n="7", p_all='["x"]', p_is="true")

    assert 'name="p_who"' in asked
    assert "needs a value for who" in asked
    assert '["x"]' in page
    assert "<td>anna</td>" in page


def test_a_file_has_all_rows_and_runs_no_formulas(analyst: Client) -> None:
    answer = analyst.post(f"{PAGE}csv/", {"q": "SELECT '=1+1' AS a, [1] AS b FROM numbers(600)"})

    lines = answer.content.decode().splitlines()
    assert (len(lines), lines[0], lines[1]) == (601, "a,b", "'=1+1,[1]")


def test_everybody_sees_only_their_own_statements(
    people: People, browse: PageClient, analyst: Client
) -> None:
    post(analyst, "SELECT 'mine'")

    assert "SELECT 'mine'" in html.unescape(analyst.get(PAGE).content.decode())
    assert "mine" not in browse(people.editor).get(PAGE).content.decode()


def test_a_viewer_is_told_who_could_grant_it(people: People, browse: PageClient) -> None:
    assert browse(people.viewer).get(PAGE).status_code == 403


@pytest.mark.parametrize(
    ("message", "statement", "place"),
    [
        ("Syntax error: failed at position 7 (1): 1", "selec 1", Place(6, 7, 1, 7)),
        ("Syntax error: failed at position 13 (x): x", "SELECT 'ä' x", Place(11, 12, 1, 12)),
        ("The function sleep is not allowed", "SELECT\n  sleep(1)", Place(9, 14, 2, 3)),
        ("Unknown expression or function identifier `b`", "SELECT a, b", Place(10, 11, 1, 11)),
        ("There is no data set system.one; …", "SELECT 1 FROM system.one", Place(14, 24, 1, 15)),
        ("This took longer than 30 s", "SELECT 1", None),
    ],
)
def test_where_a_mistake_lies(message: str, statement: str, place: Place | None) -> None:
    assert place_of(message, statement) == place


def test_what_can_be_drawn() -> None:
    time, name, n = Column("t", "time"), Column("name", "string"), Column("n", "number")
    days = [datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]

    line = picture(frame((time, n), (days, [2, 1])))
    split = picture(frame((time, name, n), (days * 2, ["a", "a", "b", "b"], [1, 2, 3, 4])))
    bars = picture(frame((name, n), (["a", "b"], [1, 2])))

    assert line is not None
    assert split is not None
    assert bars is not None
    assert (line["data"][0]["x"][0], line["data"][0]["y"]) == ("2026-03-01T00:00:00", [1, 2])
    assert [trace["name"] for trace in split["data"]] == ["a", "b"]
    assert bars["data"][0]["type"] == "bar"
    assert picture(frame((n,), ([1],))) is None


def frame(
    columns: tuple[Column, ...], values: tuple[list[object], ...] | tuple[object, ...]
) -> Frame:
    return Frame(columns, values, Meta(datetime(2026, 3, 1, tzinfo=UTC)))  # type: ignore[arg-type]  # lists
