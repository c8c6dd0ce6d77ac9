"""Numbers and times as people read them; tests/browser asks the browser's module the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal.lib.text import ago, grouped, humanize, moment

# value, unit, what is said, and where they stand the decimals
TABLE: list[list[Any]] = json.loads((Path(__file__).parent / "humanized.json").read_text())
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_number_is_said_in_three_digits_or_so_many_decimals_and_its_unit(row: list[Any]) -> None:
    value, unit, said, *decimals = row

    assert humanize(value, unit, *decimals) == said


def test_what_is_not_a_number_is_a_dash() -> None:
    assert [humanize(float("nan")), humanize(float("inf")), grouped(None)] == ["—"] * 3


def test_money_may_be_a_decimal() -> None:
    assert humanize(Decimal("49.90"), "EUR") == "€49.90"


def test_a_table_shows_all_digits() -> None:
    assert [grouped(1234567), grouped(-1234.5), grouped(0.001)] == [
        "1,234,567",
        "\N{MINUS SIGN}1,234.50",
        "0",
    ]


def test_a_time_of_today_needs_no_date() -> None:
    said = moment(NOON - timedelta(minutes=3, seconds=20), NOON, "Europe/Berlin")

    assert said.short == "12:56, 3 min ago"
    assert said.full == "2026-11-23 12:56:40 Europe/Berlin"


def test_an_older_time_says_its_day_and_then_its_year() -> None:
    assert moment(NOON - timedelta(days=1), NOON).short == "22 Nov, 12:00, 1 d ago"
    assert moment(NOON - timedelta(days=400), NOON).short == "19 Oct 2025, 12:00, 400 d ago"


def test_distances_are_said_both_ways() -> None:
    assert [ago(0), ago(4), ago(59), ago(7300), ago(-90)] == [
        "just now", "just now", "59 s ago", "2 h ago", "in 1 min",
    ]  # fmt: skip
