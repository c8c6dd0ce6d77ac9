"""Rows that are kept beside the engine give the answers that the engine gives (docs/fast-forms.md)."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from analytics.insights import fast
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.window import parse_asked
from analytics.insights.kept import reading, room, use
from analytics.insights.kept.numbers import Persons, Renumbered
from portal.lib.asker import Asker, asking, current
from portal.store import client
from portal.store.frame import Frame
from portal.store.models import Epoch
from portal.store.sources import Question, ask, sources
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
            session=chance.choice(("", "", "s", "t")),
            position=chance.choice((0, 0, 1)),
            id=f"{next(_token) % 97:02}-{next(_token)}",  # in another order than they come in
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
    gap = chance.choice((30, 1440))
    yield "sessions", common | {
        "event": event, "where": where, "interval": longer, "session_gap_minutes": gap,
    }  # fmt: skip
    yield "paths", common | {
        "steps": chance.randint(2, 4), "where": where, "session_gap_minutes": gap,
        "start": chance.choice((None, None, "a")), "end": chance.choice((None, None, "c")),
        "by": chance.choice(("event", "event", {"property": "plan"})),
    }  # fmt: skip
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


def members(kind: str, body: dict[str, Any], cell: dict[str, Any]) -> list[tuple[int, int]]:
    found = parse_asked(body, NOW, "UTC")
    source: Any = sources.get(kind)
    asked = source.members(Question(found.params, found.window, NOW), Reader(cell))
    return sorted(zip(asked.person.tolist(), asked.entered.tolist(), strict=True))


def cells_of(kind: str, answer: Any) -> list[dict[str, Any]]:
    """Return some cells of an answer, and one that nobody is in."""
    if kind == "paths":
        links = [
            {
                "step": one["from"]["step"],
                "name": one["from"]["name"],
                "next_name": one["to"]["name"],
            }
            for one in answer["links"]
        ]
        places = [{"step": one["step"], "name": one["name"]} for one in answer["nodes"]]
        ends = [one | {"next_name": "$end"} for one in places]
        return [*links[:3], *places[:3], *ends[:3], {"step": 1, "name": "never"}]
    points = [
        {"t": one["t"], "bounced": one["sessions"] > 1} for one in answer["series"][0]["points"][:4]
    ]
    entries = [{"entry": one["name"], "exit": "b"} for one in answer["entries"]]
    return [{}, *points, *entries, {"entry": "never"}]


@pytest.mark.parametrize("seed", range(4))
def test_who_took_a_path_or_had_a_session_is_told_as_by_the_engine(seed: int) -> None:
    chance = random.Random(seed)
    load(some_events(chance, 150))
    for kind, body in (one for one in questions(chance) if one[0] in {"paths", "sessions"}):
        for cell in cells_of(kind, raw(kind, body)):
            with fast.only():
                wanted = members(kind, body, cell)
            with fast.only("rows"):
                assert members(kind, body, cell) == wanted, (kind, body, cell)


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


@pytest.mark.django_db(transaction=True)
def test_very_many_rows_of_sessions_are_read_aside_and_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(5)])
    monkeypatch.setattr(use, "EVENTS_WHILE_ONE_WAITS", 3)
    span = {"from": "2026-03-20", "to": "2026-04-11"}

    forms = [asked(kind, span).meta.forms for kind in ("paths", "sessions")]

    assert forms == [("rows: 5 days kept, 0 read again",)] * 2


def test_what_is_read_aside_is_waited_for_no_longer_than_the_asker_may_and_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load([Event("a", FIRST + timedelta(days=day), "u1") for day in range(5)])
    span = {"from": "2026-03-20", "to": "2026-04-11"}
    hurried = Asker(time_limit=timedelta(seconds=1))
    gone = Asker()

    def goes(*_: Any) -> Future[None]:
        if current() is gone:
            gone.leave()
        return Future()

    monkeypatch.setattr(use, "EVENTS_WHILE_ONE_WAITS", 3)
    monkeypatch.setattr(use, "kept_aside", goes)
    began = time.monotonic()

    with asking(hurried):
        forms = asked("paths", span).meta.forms
    with asking(gone), pytest.raises(client.QueryFailed, match="Nobody waits"):
        asked("paths", span)

    assert forms == ()
    assert time.monotonic() - began < 20


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


def test_an_answer_follows_what_comes_in_today() -> None:
    """Closed days are passed over once; today's persons, old and new, are looked at again."""
    days = [FIRST + timedelta(days=day, hours=10) for day in range(21)]
    load([Event("a", at, f"u{number % 7}") for number, at in enumerate(days)])
    body = {"from": FIRST.isoformat(), "to": (NOW + timedelta(days=1)).isoformat()}
    chance = random.Random(5)
    asking = [(kind, one | body) for _ in range(2) for kind, one in questions(chance)]
    for number in range(4):
        at = NOW - timedelta(minutes=40 - number)
        today = [Event(name, at, f"u{5 + number}") for name in "abc"]
        client.insert("events", columns(today), token=f"today-{number}-{next(_token)}")
        for kind, one in asking:
            assert kept(kind, one) == raw(kind, one), (kind, one)
