"""Rows that are kept beside the engine give the answers that the engine gives (docs/fast-forms.md)."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from analytics.insights import fast
from analytics.insights.definitions.window import parse_asked
from analytics.insights.kept import reading, room
from analytics.insights.kept.numbers import Persons, Renumbered
from portal.store import client
from portal.store.frame import Frame
from portal.store.models import Epoch
from portal.store.sources import Question, ask
from tests.insights.events import Event, columns, load

pytestmark = pytest.mark.usefixtures("db", "store_schema", "empty_cache")
FIRST = datetime(2026, 3, 20, tzinfo=UTC)  # Europe's clocks change on the 29th
NOW = datetime(2026, 4, 10, 15, 30, tzinfo=UTC)
_token = count(1)


def asked(kind: str, body: dict[str, Any], as_of: datetime = NOW) -> Frame:
    found = parse_asked(body, as_of, "UTC")
    return ask(kind, Question(found.params, found.window, as_of), refresh=True)


def raw(kind: str, body: dict[str, Any]) -> Any:
    with fast.only():
        return asked(kind, body).extra


def kept(kind: str, body: dict[str, Any]) -> Any:
    with fast.only("rows"):
        return asked(kind, body).extra


def some_events(chance: random.Random, size: int) -> list[Event]:
    """Draw events of few people at few, often equal, instants; some at midnight and at a change."""
    steps = [
        timedelta(hours=chance.choice((0, 1, 2, 23, 24))) * chance.randint(0, 21) for _ in range(8)
    ]
    return [
        Event(
            chance.choice("abc"),
            FIRST + chance.choice(steps) + timedelta(hours=chance.randint(0, 24 * 21)),
            chance.choice(("", "u1", "u2", "u3", "u4", "u5")),
            properties={"plan": chance.choice(("free", "pro"))},
        )
        for _ in range(size)
    ]


def questions(chance: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    start = FIRST + timedelta(days=chance.randint(0, 10), hours=chance.choice((0, 7)))
    common = {
        "from": start.isoformat(),
        "to": (start + timedelta(days=chance.randint(1, 14))).isoformat(),
        "time_zone": chance.choice(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")),
    }
    where = chance.choice(([], [{"property": "plan", "op": "=", "value": "pro"}]))
    event = chance.choice(("a", "b", None))
    interval = chance.choice(("hour", "day", "week", "month"))
    for math in ("unique_users", "wau", "mau"):
        series = [{"event": event, "math": math, "where": where}]
        yield "trend", common | {"series": series, "interval": interval}
    yield "funnel", common | a_funnel(chance, where)
    longer = chance.choice(("day", "week", "month"))
    yield "lifecycle", common | {"event": event, "interval": longer, "where": where}
    yield "stickiness", common | {"event": event, "interval": longer, "where": where}
    for kind in ("recurring", "first_time", "first_ever", "first_in_range"):
        yield "retention", common | {
            "start_event": event, "return_event": chance.choice(("a", "b", None)),
            "start_where": where, "interval": longer, "periods": chance.randint(1, 5), "kind": kind,
            "counting": chance.choice(("exact", "on_or_after")),
        }  # fmt: skip


def a_funnel(chance: random.Random, where: list[Any]) -> dict[str, Any]:
    """Draw a funnel: now and then plain, with a breakdown, a trend, exclusions or optional steps."""
    body: dict[str, Any] = {
        "steps": [{"event": chance.choice("abc")} for _ in range(chance.randint(2, 4))],
        "window": {"value": chance.choice((1, 25, 200)), "unit": "hour"},
        "order": chance.choice(("ordered", "ordered", "any", "strict")),
        "where": where,
    }
    if chance.random() < 0.5:
        body["steps"] = [{"event": name} for name in "abc"]
    if chance.random() < 0.5:
        touch = chance.choice(("first_touch", "last_touch", "any"))
        body["breakdown"] = {"property": chance.choice(("plan", "$name")), "attribution": touch}
    if chance.random() < 0.3:
        body["trend_interval"] = "week"
    if body["order"] == "ordered" and chance.random() < 0.3:
        body["exclusions"] = [{"event": "c", "after_step": 1, "before_step": 2}]
    if body["order"] == "ordered" and len(body["steps"]) > 2 and chance.random() < 0.3:
        body["steps"][1]["optional"] = True
    return body


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_every_question_is_answered_as_by_the_engine_also_after_late_events(seed: int) -> None:
    chance = random.Random(seed)
    load(some_events(chance, chance.choice((0, 5, 60, 200))))
    asking = [one for _ in range(2) for one in questions(chance)]

    for _ in range(3):
        for kind, body in asking:
            assert kept(kind, body) == raw(kind, body), (kind, body)
        late = some_events(chance, chance.choice((1, 1, 10)))
        client.insert("events", columns(late), token=f"late-{seed}-{next(_token)}")


BODY = {
    "from": "2026-03-20", "to": "2026-04-11", "series": [{"event": "a", "math": "unique_users"}],
}  # fmt: skip


def test_closed_days_are_read_once() -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(22)])
    kept("trend", BODY)

    with fast.only("rows"):
        again = asked("trend", BODY)

    assert again.meta.forms == ("rows: 21 days kept, 0 read again",)


def test_only_the_day_of_a_late_event_is_read_again_and_the_answer_says_so() -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(22)])
    kept("trend", BODY)
    late = [Event("a", FIRST + timedelta(days=3, hours=1), "u2")]
    client.insert("events", columns(late), token=f"late-{next(_token)}")

    with fast.only("rows"):
        again = asked("trend", BODY)

    assert again.meta.forms == ("rows: 20 days kept, 1 read again",)
    assert again.extra["series"][0]["points"][3]["value"] == 2
    assert any(
        "closed day changed" in text and "2026-03-23" in text for text in again.meta.warnings
    )


def test_rows_are_kept_from_the_second_time_on() -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(5)])

    forms = [asked("trend", BODY).meta.forms for _ in range(3)]

    assert forms[0] == ()
    assert forms[1] == ("rows: 0 days kept, 5 read again",)
    assert forms[2] == ("rows: 5 days kept, 0 read again",)


def test_who_is_asked_for_by_today_is_never_kept() -> None:
    load([Event("a", FIRST, "u1")])
    found = {"property": "plan", "of": "person", "op": "is_not_set"}

    with fast.only("rows"):
        answer = asked("trend", BODY | {"where": [found]})

    assert answer.meta.forms == ()


def test_the_folder_may_be_deleted_while_the_portal_runs(settings: Settings) -> None:
    load([Event("a", FIRST + timedelta(days=day), f"u{day}") for day in range(5)])
    kept("trend", BODY)
    shutil.rmtree(settings.DATA_DIR / "kept")
    # Another process begins anew, with other numbers for the same persons.
    other = BODY | {"from": "2026-03-23"}
    reading.shelf_at.cache_clear()
    kept("trend", other)

    assert kept("trend", BODY) == raw("trend", BODY)


def test_two_processes_never_mix_their_numbers(tmp_path: Path) -> None:
    ours, theirs = Persons(tmp_path / "persons"), Persons(tmp_path / "persons")
    mark = ours.begun()
    ours.given(np.array([7, 8], np.uint64), mark)
    (tmp_path / "persons").unlink()
    theirs.given(np.array([9], np.uint64), theirs.begun())

    with pytest.raises(Renumbered):
        ours.given(np.array([7], np.uint64), mark)

    again = ours.begun()
    assert again == theirs.begun()
    assert ours.given(np.array([9, 7], np.uint64), again).tolist() == [0, 1]
    assert theirs.given(np.array([7], np.uint64), again).tolist() == [1]


def test_a_folder_that_cannot_be_written_hinders_no_answer(
    settings: Settings, tmp_path: Path
) -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(5)])
    settings.DATA_DIR = tmp_path
    (tmp_path / "kept").write_text("a file where the folder should be")

    assert kept("trend", BODY) == raw("trend", BODY)


def test_what_is_used_least_makes_room(settings: Settings) -> None:
    load([Event(name, FIRST + timedelta(days=day), "u1") for day in range(5) for name in "ab"])
    for name in "ab":
        kept("trend", BODY | {"series": [{"event": name, "math": "unique_users"}]})
    folders = [file.parent for file in (settings.DATA_DIR / "kept").rglob("2026-03-20.arrow")]
    older, newer = sorted(set(folders), key=lambda folder: folder.stat().st_mtime_ns)
    settings.KEPT_MAX_BYTES = room.size_of(newer)

    freed = room.make_room()

    assert freed > 0
    assert (older.exists(), newer.exists()) == (False, True)


def test_what_was_kept_before_events_were_rewritten_goes(settings: Settings) -> None:
    load([Event("a", FIRST, "u1")])
    kept("trend", BODY)
    Epoch.rewritten()

    room.make_room()

    assert list((settings.DATA_DIR / "kept").rglob("*.arrow")) == []


def test_a_file_that_cannot_be_read_is_read_again_from_the_engine(settings: Settings) -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(5)])
    before = kept("trend", BODY)
    for file in (settings.DATA_DIR / "kept").rglob("*.arrow"):
        file.write_bytes(file.read_bytes()[:50])

    assert kept("trend", BODY) == before
