"""The read side of the API and the pages, on a real engine with a few events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards.models import Dashboard
from dashboards.provision import SHIPPED, provision
from portal.audit.models import AuditEntry
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_widget
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema")]

RANGE = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}


@pytest.fixture
def board(people: People) -> Dashboard:
    return make_dashboard("board", is_public=True, created_by=people.owner)


def data_of(answer: Any, key: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()["data"][key]["data"]
    return found


def test_a_dashboard_has_the_shape_of_the_contract(
    board: Dashboard, people: People, call: TokenClient
) -> None:
    shown = call(people.viewer).get("/api/v1/dashboards/board").json()

    assert shown["created_by"] == people.owner.email
    assert shown["is_public"] is True
    assert shown["version"] == 1
    assert shown["widgets"] == [
        {
            "id": "note", "type": "custom", "title": "Note", "description": "", "source": "text",
            "query": "**Hello**", "refresh_interval": 1000, "size": "medium",
            "position": {"x": 0, "y": 0, "w": 8, "h": 4}, "config": {"kind": "text"},
        }
    ]  # fmt: skip


def test_all_data_is_of_one_moment(board: Dashboard, people: People, call: TokenClient) -> None:
    answer = call(people.viewer).get("/api/v1/dashboards/board/data", RANGE)

    assert (answer.json()["from"], answer.json()["to"]) == (RANGE["from"], RANGE["to"])
    assert data_of(answer, "note")["html"].strip() == (
        '<div class="prose"><p><strong>Hello</strong></p>\n</div>'
    )


def test_text_never_becomes_markup(board: Dashboard, people: People, call: TokenClient) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    board.widgets.update(query=hostile)

    html = data_of(call(people.viewer).get("/api/v1/dashboards/board/data"), "note")["html"]

    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "hologram"}, "Unknown widget"),
        ({"kind": "stat", "source": "telepathy"}, "no source"),
        ({"kind": "stat", "source": "insight", "query": "not json"}, "JSON definition"),
        ({"kind": "stat", "source": "insight", "query": '{"kind": "trend"}'}, "series"),
        ({"kind": "stat", "source": "dataset", "query": "no_such"}, "no_such"),
    ],
)
def test_a_widget_that_cannot_be_shown_says_why_in_its_box(
    board: Dashboard, people: People, call: TokenClient, values: dict[str, str], words: str
) -> None:
    make_widget(board, "broken", **values)

    answer = call(people.viewer).get("/api/v1/dashboards/board/data")

    assert data_of(answer, "broken")["state"] == "error"
    assert words in data_of(answer, "broken")["meta"]["warnings"][0]
    assert data_of(answer, "note")["state"] == "ok"


def test_a_range_that_cannot_be_is_named(
    board: Dashboard, people: People, call: TokenClient
) -> None:
    answer = call(people.viewer).get("/api/v1/dashboards/board/data", {"from": "yesterday"})

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "from"


def test_csv_has_the_rows_of_the_box(board: Dashboard, people: People, browse: PageClient) -> None:
    query = {"kind": "trend", "series": [{"event": "never_seen", "math": "total"}]}
    make_widget(board, "count", kind="stat", source="insight", query=json.dumps(query))

    answer = browse(people.viewer).get("/dashboards/board/widgets/count.csv", RANGE)

    assert answer.status_code == 200
    assert answer.content.decode().splitlines()[0] == "name,value"


def test_csv_keeps_a_spreadsheet_from_running_what_visitors_sent(
    people: People, board: Dashboard, browse: PageClient
) -> None:
    board.widgets.update(query="=HYPERLINK(1)")

    answer = browse(people.viewer).get("/dashboards/board/widgets/note.csv")

    assert answer.content.decode().splitlines() == ["text", "'=HYPERLINK(1)"]


def test_csv_of_a_box_that_cannot_be_shown_says_why(
    people: People, board: Dashboard, browse: PageClient
) -> None:
    make_widget(board, "broken", kind="stat", source="dataset", query="no_such")

    answer = browse(people.viewer).get("/dashboards/board/widgets/broken.csv")

    assert answer.status_code == 400
    assert "no_such" in answer.content.decode()


def test_a_page_address_with_a_word_of_the_sockets_is_still_a_page(
    people: People, board: Dashboard, browse: PageClient
) -> None:
    for path in ("", "widgets/note.csv"):
        assert browse(people.viewer).get(f"/dashboards/board/{path}?variables=x").status_code == 200


def test_the_page_shows_figures_without_scripts(
    board: Dashboard, people: People, browse: PageClient
) -> None:
    page = browse(people.viewer).get("/dashboards/board/")

    assert page.status_code == 200
    assert "<strong>Hello</strong>" in page.content.decode()


def test_home_is_for_every_member_of_staff(people: People, browse: PageClient) -> None:
    for person in (people.viewer, people.auditor, people.outsider):
        assert browse(person).get("/").status_code == 200


class TestProvisioning:
    def test_it_is_safe_to_repeat_and_on_record(self) -> None:
        assert provision() == [shipped.uid for shipped in SHIPPED]
        assert provision() == []
        assert AuditEntry.objects.filter(action="dashboard.provision").count() == len(SHIPPED)

    def test_what_ships_can_be_shown(self, people: People, call: TokenClient) -> None:
        provision()

        for shipped in SHIPPED:
            answer = call(people.admin).get(f"/api/v1/dashboards/{shipped.uid}/data")
            states = {key: data_of(answer, key)["state"] for key in answer.json()["data"]}
            assert "error" not in states.values(), [
                data_of(answer, key)["meta"]["warnings"] for key in states
            ]

    def test_boxes_do_not_overlap(self) -> None:
        for shipped in SHIPPED:
            taken: set[tuple[int, int]] = set()
            for box in shipped.boxes:
                x, y, w, h = box.at
                cells = {(column, row) for column in range(x, x + w) for row in range(y, y + h)}
                assert x + w <= 24
                assert not cells & taken, box.key
                taken |= cells


def test_data_answers_as_of_now(board: Dashboard, people: People, call: TokenClient) -> None:
    before = datetime.now(tz=UTC)

    answer = call(people.viewer).get("/api/v1/dashboards/board/data").json()

    assert before <= datetime.fromisoformat(answer["as_of"]) <= datetime.now(tz=UTC)
