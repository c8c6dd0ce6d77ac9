"""What a dashboard's page holds in its first answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dashboards import evaluate as evaluating
from dashboards import first_answer
from dashboards.models import Dashboard
from portal.accounts.models import Grant, User
from tests.factories import make_dashboard, make_staff, make_widget

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store_schema")]
PageClient = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for widgets: a busy machine is no slow one."""
    monkeypatch.setattr(first_answer, "BUDGET_S", 10.0)


@pytest.fixture
def board() -> Dashboard:
    made = make_dashboard("board", is_public=True)
    made.widgets.all().delete()
    return made


def page_of(client: Client) -> str:
    answer = client.get("/dashboards/board/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_stands_below_the_fold_comes_later(board: Dashboard, browse: PageClient) -> None:
    query = "SELECT 'the answer' AS word"
    make_widget(board, "top", kind="table", source="sql", query=query)
    make_widget(board, "low", kind="table", source="sql", query=query, y=40)
    make_widget(board, "said", kind="text", source="text", query="**words**", y=50)

    page = page_of(browse(make_staff("viewer")))

    top, low, said = (page.split("data-widget=")[number] for number in (1, 2, 3))
    assert "the answer" in top
    assert "the answer" not in low
    assert "skeleton-table" in low
    assert "<strong>words</strong>" in said


def test_a_slow_widget_does_not_hold_the_page_up(
    board: Dashboard, browse: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_answer, "BUDGET_S", 0.05)
    make_widget(board, "slow", kind="line", source="sql", query="SELECT 1")
    go_on = threading.Event()

    def waiting(*_: Any) -> dict[str, Any]:
        go_on.wait(20)
        return {"state": "ok", "html": "late", "meta": {}}

    monkeypatch.setattr("dashboards.live.evaluate", waiting)
    try:
        page = page_of(browse(make_staff("viewer")))
    finally:
        go_on.set()

    assert "skeleton-chart" in page


def test_what_is_known_already_is_not_asked_again(
    board: Dashboard, browse: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_widget(
        board, "top", kind="table", source="sql", query="SELECT 7 AS n", refresh_interval_ms=60_000
    )
    make_widget(
        board, "gone", kind="table", source="sql", query="SELECT x", refresh_interval_ms=60_000
    )
    asked: list[str] = []
    real = evaluating.evaluate

    def counting(widget: Any, *args: Any) -> dict[str, Any]:
        asked.append(widget.key)
        return real(widget, *args)

    monkeypatch.setattr("dashboards.live.evaluate", counting)
    client = browse(make_staff("viewer"))

    pages = [page_of(client), page_of(client)]

    assert sorted(asked) == ["gone", "gone", "top"]  # a failure is no answer to keep
    assert all("is-error" in page for page in pages)


def test_who_may_read_other_rows_is_not_shown_what_is_known(
    board: Dashboard, browse: PageClient
) -> None:
    make_widget(
        board, "top", kind="table", source="sql", refresh_interval_ms=60_000,
        query="SELECT 'a secret' AS word FROM events LIMIT 1",
    )  # fmt: skip
    page_of(browse(make_staff("viewer")))
    Grant.objects.filter(object_type="data_set").delete()

    page = page_of(browse(make_staff("viewer")))

    assert "No data set of events is shared with you" in page
