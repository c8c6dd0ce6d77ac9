"""Properties that are asked for get a column of the engine, and no number changes by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.insights import fast, property_columns
from analytics.insights.models import PropertyColumn
from portal.store import client
from portal.store.query import Query
from tests.insights.conftest import Ask
from tests.insights.events import Event, columns, load
from tests.running import eventually

START = datetime(2026, 3, 1, tzinfo=UTC)
NAME = "it's a 'plan'\\ -- 計画"
VALUES: list[Any] = ["pro", "", "1", 1, 1.5, True, False, None, ["a"], {"b": 1}]
FOUND: list[dict[str, Any]] = [
    {"property": NAME, "op": "=", "value": value} for value in ("pro", "1", 1, True, False)
]
FOUND += [
    {"property": NAME, "op": "in", "value": ["pro", 1.5, True]},
    {"property": NAME, "op": "not_in", "value": ["pro", 1]},
    {"property": NAME, "op": "contains", "value": "r"},
    {"property": NAME, "op": "regex", "value": "^[0-9]$"},
    {"property": NAME, "op": ">", "value": 0},
    {"property": NAME, "op": "is_set"},
    {"property": NAME, "op": "is_not_set"},
]


@pytest.fixture(autouse=True)
def worth_a_column(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(property_columns, "WORTHWHILE_EVENTS", 1)
    PropertyColumn.objects.all().delete()


def events() -> list[Event]:
    return [
        Event("seen", START + timedelta(hours=at), f"u{at % 7}", properties={NAME: VALUES[at % 10]})
        for at in range(200)
    ]


def answers(trend: Ask) -> list[Any]:
    """Ask everything in which the property plays a part."""
    window = {"from": "2026-03-01", "to": "2026-03-12"}
    asked: list[dict[str, Any]] = [
        {"series": [{"event": "seen", "where": [found]}]} for found in FOUND
    ]
    asked += [{"series": [{"event": "seen"}], "breakdown": {"property": NAME, "limit": 4}}]
    asked += [
        {"series": [{"event": "seen", "math": math, "property": NAME}]}
        for math in ("sum", "avg", "min", "max", "median")
    ]
    return [trend(**window, **one).extra for one in asked]


def with_all_columns() -> list[PropertyColumn]:
    added = property_columns.add_due(START)
    for row in added:
        eventually(lambda row=row: property_columns.is_written(row), within_s=20, what="written")  # type: ignore[misc]  # mypy cannot type a default
    return added


def test_a_column_changes_no_answer(trend: Ask) -> None:
    load(events())
    with fast.only():
        raw = answers(trend)
    assert answers(trend) == raw

    added = with_all_columns()

    assert {row.kind for row in added} == {"key", "number"}
    assert answers(trend) == raw


def test_a_column_is_right_before_old_rows_are_rewritten_and_for_new_ones(trend: Ask) -> None:
    load(events())
    answers(trend)
    client.command("SYSTEM STOP MERGES events")  # mutations wait, too
    try:
        property_columns.add_due(START)
        later = events()
        client.insert("events", columns(later), token="later")
        with fast.only():
            raw = answers(trend)

        assert answers(trend) == raw
    finally:
        client.command("SYSTEM START MERGES events")


def test_a_question_reads_the_column_and_not_the_maps(trend: Ask) -> None:
    load(events())
    answers(trend)
    added = with_all_columns()

    asked = trend(
        **{"from": "2026-03-01"}, series=[{"event": "seen"}], breakdown={"property": NAME}
    )

    key = next(row.column for row in added if row.kind == "key")
    assert key in asked.meta.sql[0]
    assert "strings" not in asked.meta.sql[0]


def test_what_nobody_sends_gets_no_column(trend: Ask) -> None:
    load(events())
    trend(**{"from": "2026-03-01"}, series=[{"event": "seen"}], breakdown={"property": "absent"})

    assert property_columns.add_due(START) == []


def test_the_switch_turns_columns_off(trend: Ask) -> None:
    load(events())
    answers(trend)
    with_all_columns()

    with fast.only("rows", "rollups"):
        asked = trend(
            **{"from": "2026-03-01"}, series=[{"event": "seen"}], breakdown={"property": NAME}
        )

    assert "strings" in asked.meta.sql[0]


def test_the_name_of_a_property_never_stands_in_a_statement() -> None:
    row = PropertyColumn(pk=7, name=NAME, kind="key")

    text = " ".join(property_columns.statements(row, "String"))

    assert "plan" not in text
    assert client.run(Query("SELECT 1")).value() == 1
