"""Twelve years of real events: trends agree with a plain-Python count."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from tests.insights.conftest import Ask
from tests.insights.events import Event, load

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "ansible-history.ndjson.gz"
YEARS = range(2012, 2025)
SPAN = {"from": "2012-01-01", "to": "2025-01-01"}
ZONES = ("UTC", "America/New_York")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.exists(), reason="the real history is not on this machine"),
]


@pytest.fixture(scope="module")
def history(store_schema: None) -> list[Event]:
    with gzip.open(FILE) as lines:
        return load(read(orjson.loads(line)) for line in lines)


def read(sent: dict[str, Any]) -> Event:
    return Event(
        sent["name"],
        datetime.fromisoformat(sent["timestamp"]),
        sent.get("userId", ""),
        sent.get("sessionId", ""),
        sent["properties"],
    )


def values(line: dict[str, Any], length: int) -> dict[str, Any]:
    """Return the points that are not zero by the beginning of their time."""
    return {p["t"][:length]: p["value"] for p in line["points"] if p["value"]}


@pytest.mark.parametrize("zone", ZONES)
def test_totals_by_month_agree(trend: Ask, history: list[Event], zone: str) -> None:
    names = sorted({event.name for event in history})

    answer = trend(
        **SPAN, time_zone=zone, interval="month", series=[{"event": name} for name in names]
    ).extra["series"]

    for name, line in zip(names, answer, strict=True):
        counted = Counter(
            f"{event.at.astimezone(ZoneInfo(zone)):%Y-%m}"
            for event in history
            if event.name == name
        )
        assert values(line, 7) == counted
        assert line["total"] == counted.total()


@pytest.mark.parametrize("zone", ZONES)
def test_events_and_users_of_each_year_agree(trend: Ask, history: list[Event], zone: str) -> None:
    local = ZoneInfo(zone)
    years: dict[int, list[str]] = defaultdict(list)
    for event in history:
        years[event.at.astimezone(local).year].append(event.user)

    for year in YEARS:
        total, users = trend(
            **{"from": f"{year}-01-01", "to": f"{year + 1}-01-01"}, time_zone=zone, interval="month",
            series=[{"event": None}, {"event": None, "math": "unique_users"}],
        ).extra["series"]  # fmt: skip
        assert total["total"] == len(years[year])
        assert users["total"] == len(set(years[year]) - {""})


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", ["day", "week"])
def test_users_in_total_and_per_bucket_agree(
    trend: Ask, history: list[Event], zone: str, interval: str
) -> None:
    (line,) = trend(
        **SPAN, time_zone=zone, interval=interval,
        series=[{"event": "commit", "math": "unique_users"}],
    ).extra["series"]  # fmt: skip

    name_of = {"day": "%Y-%m-%d", "week": "%G-%V"}[interval]
    found: dict[str, set[str]] = defaultdict(set)
    for event in history:
        if event.name == "commit":
            found[event.at.astimezone(ZoneInfo(zone)).strftime(name_of)].add(event.user)
    weeks = {datetime.fromisoformat(p["t"]).strftime(name_of): p["value"] for p in line["points"]}
    assert {name: value for name, value in weeks.items() if value} == {
        name: len(users) for name, users in found.items()
    }
    assert line["total"] == len({user for users in found.values() for user in users})


SUM_OF: dict[str, Callable[[list[Event]], float]] = {
    "total": len,
    "unique_users": lambda events: len({event.user for event in events}),
    "sum": lambda events: sum(event.properties["insertions"] for event in events),
}


@pytest.mark.parametrize("math", SUM_OF)
def test_the_breakdown_by_org_agrees(trend: Ask, history: list[Event], math: str) -> None:
    answer = trend(
        **SPAN, interval="month", breakdown={"property": "org", "limit": 12},
        series=[{"event": "commit", "math": math, "property": "insertions"}],
    ).extra["series"]  # fmt: skip

    groups: dict[str, list[Event]] = defaultdict(list)
    for event in history:
        if event.name == "commit":
            groups[event.properties.get("org") or "$none"].append(event)
    totals = {org: SUM_OF[math](events) for org, events in groups.items()}
    ranked = sorted(totals, key=lambda org: (-totals[org], org))
    rest = [event for org in ranked[12:] for event in groups[org]]
    expected = [(org, totals[org]) for org in ranked[:12]] + [("$other", SUM_OF[math](rest))]
    assert [(line["breakdown_value"], line["total"]) for line in answer] == expected
