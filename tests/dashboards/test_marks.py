"""What happened meanwhile, on charts over time of every source, as far as its kind is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.annotations import annotation_kinds, deploys
from dashboards.evaluate import evaluate
from dashboards.looking import look_with
from dashboards.models import Dashboard
from portal.lib.row_rights import ALL
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask
from tests.factories import make_annotation, make_dashboard, make_deploy, make_widget
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
NOON = (datetime.now(tz=UTC) - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def board(people: People) -> Dashboard:
    """Make a chart of samples, with a note and a deploy in its range."""
    metric = f"marks_{uuid4().hex}"
    for minute in range(0, 30, 5):
        rows = [(Series.of(metric, {}), float(minute))]
        write(Batch.of_instant(rows, NOON + timedelta(minutes=minute)), token=uuid4().hex)
    make_annotation(text="Sale begins", at=NOON + timedelta(minutes=5))
    make_annotation(text="Of one event", at=NOON + timedelta(minutes=6), event="buy")
    make_deploy(service="shop", version="4.2", at=NOON + timedelta(minutes=10))
    made = make_dashboard(created_by=people.owner)
    make_widget(made, "chart", kind="line", type="chart", source="promql", query=metric)
    return made


def marks(board: Dashboard, **query: str) -> list[tuple[str, str]]:
    """Return the marks of the chart, evaluated in this thread: others do not see a test's rows."""
    query = {"from": NOON.isoformat(), "to": (NOON + timedelta(minutes=30)).isoformat(), **query}
    look = look_with(board, ALL, query)
    figure = evaluate(board.widgets.get(key="chart"), look, datetime.now(tz=UTC))["figure"]
    found: list[dict[str, Any]] = figure["layout"]["meta"].get("marks", [])
    return [(one.get("kind", "notes"), one["text"].partition("<br>")[0]) for one in found]


NOTE = ("notes", "<b>Sale begins</b>")
DEPLOY = ("deploys", "<b>shop 4.2 went live</b>")


def test_notes_and_deploys_stand_on_charts_of_samples(board: Dashboard) -> None:
    assert marks(board) == [NOTE, DEPLOY]


def test_each_kind_can_be_hidden_in_the_address(board: Dashboard) -> None:
    assert marks(board, marks="notes") == [NOTE]
    assert marks(board, marks="none") == []
    assert marks(board, marks="spam,deploys") == [DEPLOY]


def test_a_dashboard_says_which_are_usual(board: Dashboard) -> None:
    board.annotations = [{"kind": "notes", "shown": False}]
    board.save()

    assert marks(board) == [DEPLOY]


def test_every_kind_says_what_it_is() -> None:
    assert {one.kind for one in annotation_kinds} >= {"notes", "deploys"}
    assert all(one.label and one.icon for one in annotation_kinds)


def test_only_the_last_minutes_are_searched_again_for_deploys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = TimeRange(NOON, NOON + timedelta(hours=20))
    begins = (NOON + timedelta(hours=2), NOON + timedelta(hours=19, minutes=57))
    load([Event("seen", at, "ann", version=f"v{n}") for n, at in enumerate(begins)])
    searched: list[TimeRange] = []

    def spy(kind: str, question: Question) -> Frame:
        assert question.window is not None
        searched.append(question.window)
        return ask(kind, question)

    monkeypatch.setattr(deploys, "ask", spy)
    for minutes in (0, 1):
        later = timedelta(minutes=minutes)
        moved = TimeRange(window.start + later, window.end + later)
        found = annotation_kinds.get("deploys").between(moved, moved.end, ALL)
        assert [one.text for one in found] == ["v0 went live", "v1 went live"]

    assert [one.start for one in searched] == [
        NOON.replace(hour=0), *[NOON + timedelta(hours=19)] * 2
    ]  # fmt: skip
