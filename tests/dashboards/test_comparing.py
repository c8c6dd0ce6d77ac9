"""The period before, beside what is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.comparing import with_earlier
from dashboards.evaluate import evaluate
from dashboards.looking import look_with
from dashboards.models import Dashboard
from portal.lib.row_rights import ALL
from portal.store.frame import Column, Frame, Meta
from tests.factories import make_dashboard, make_widget
from tests.insights.conftest import at
from tests.insights.events import Event, load

NOON = (datetime.now(tz=UTC) - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)


def test_earlier_points_stand_at_the_moments_of_now() -> None:
    def frame(start: datetime, values: list[float]) -> Frame:
        times = [start + place * timedelta(minutes=5) for place in range(len(values))]
        columns = (Column("t", "time"), Column("series", "string"), Column("value", "number"))
        return Frame(columns, (times, ["a"] * len(values), values), Meta(NOON))

    length = timedelta(minutes=16)
    found = with_earlier(
        frame(NOON, [3, 4, 5]), frame(NOON - 3 * timedelta(minutes=5), [1, 2]), length
    )

    assert list(found.column("compare")) == [False, False, False, True, True]
    assert list(found.column("t"))[3:] == list(found.column("t"))[:2]
    assert list(found.column("value")) == [3, 4, 5, 1, 2]


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestAWidget:
    @pytest.fixture
    def board(self) -> Dashboard:
        return make_dashboard()

    def shown(self, board: Dashboard, start: datetime, **query: str) -> Any:
        wanted = {"from": start.isoformat(), "to": (start + HOUR).isoformat(), **query}
        now = datetime.now(tz=UTC)
        found = evaluate(board.widgets.get(key="w"), look_with(board, ALL, wanted), now)
        assert found["state"] == "ok", found
        return found

    def test_of_samples_shows_the_hour_before_dashed(self, board: Dashboard) -> None:
        metric = f"compared_{uuid4().hex}"
        for value, moment in ((7.0, NOON - HOUR / 2), (9.0, NOON + HOUR / 2)):
            rows = [(Series.of(metric, {"job": "web"}), value)]
            write(Batch.of_instant(rows, moment), token=uuid4().hex)
        make_widget(board, "w", kind="line", type="chart", source="promql", query=metric)

        alone = self.shown(board, NOON)
        both = self.shown(board, NOON, compare="previous_period")

        assert [line["compare"] for line in alone["plain"]] == [False]
        assert [line["compare"] for line in both["plain"]] == [False, True]
        now, before = ({t for t, value in line["points"] if value} for line in both["plain"])
        assert before & now
        assert {value for _, value in both["plain"][1]["points"]} == {7.0}
        roles = [trace.get("meta", {}).get("role") for trace in both["figure"]["data"]]
        assert "compare" in roles

    def test_of_an_insight_asks_it_for_both(self, board: Dashboard) -> None:
        start = at("2026-03-01T11:00")
        load([Event("visit", start - HOUR / 2, "u1"), Event("visit", start + HOUR / 2, "u1")])
        definition = {"series": [{"event": "visit"}], "interval": "hour"}
        query = json.dumps({"kind": "trend", "definition": definition})
        make_widget(board, "w", kind="area", type="chart", source="insight", query=query)

        both = self.shown(board, start, compare="previous_period")

        assert sorted(line["compare"] for line in both["plain"]) == [False, True]
        moments = [[t for t, _ in line["points"]] for line in both["plain"]]
        assert moments[0] == moments[1]
        stacked = [trace for trace in both["figure"]["data"] if trace.get("stackgroup")]
        assert "compare" not in [trace.get("meta", {}).get("role") for trace in stacked]
