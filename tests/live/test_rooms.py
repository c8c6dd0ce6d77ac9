"""A room: what is evaluated, what is sent, and how it is numbered."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from portal.lib import clock
from portal.live import rooms
from portal.live.memory import Encoded, Memory, Remembered
from portal.live.rooms import Room, Viewer
from portal.live.topics import Part
from portal.live.values import MEMORY

pytestmark = pytest.mark.django_db(transaction=True)
_names = itertools.count()


@dataclass
class Counters:
    """A topic whose parts count how often they are evaluated."""

    parts: list[Part]
    moves: bool = True
    asked: dict[str, list[datetime]] = field(default_factory=dict)
    blocked: threading.Event = field(default_factory=threading.Event)  # holds evaluations up
    key: Hashable = field(default_factory=lambda: f"counters {next(_names)}")
    version: int = 1

    def evaluate(self, part: str, now: datetime, last: Any) -> dict[str, Any]:
        asked = self.asked.setdefault(part, [])
        asked.append(now)
        while self.blocked.is_set():
            time.sleep(0.02)
        return {"data": len(asked) if self.moves else 0}

    def essence(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def overdue(self, last: Any, now: datetime) -> dict[str, Any]:
        return {**last, "stale": True}

    def stands(self, value: Any) -> bool:
        return True

    def stamp(self) -> Hashable:
        return 0

    def greeting(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        return {"data": values}

    def update(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        return {"updates": values}


@asynccontextmanager
async def room_of(topic: Counters, *viewers: Viewer) -> AsyncIterator[Room]:
    MEMORY.clear()
    room = Room("counters", "one", topic)
    room.open()
    for viewer in viewers:
        room.join(viewer)
    try:
        yield room
    finally:
        room.close()


def viewer(*in_view: str, all_parts: bool = True) -> Viewer:
    return Viewer(1, "", None if all_parts else frozenset(in_view))


async def news(room: Room, one: Viewer) -> dict[str, Any]:
    """Wait for what a viewer is sent next."""
    async with asyncio.timeout(8):
        while True:
            await one.wake.wait()
            one.wake.clear()
            text = room.news(one)
            if text is not None:
                updates: dict[str, Any] = orjson.loads(text)["updates"]
                return updates


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not check():  # noqa: ASYNC110  # what is counted rings no bell
            await asyncio.sleep(0.02)


async def test_values_are_numbered_one_by_one_for_each_viewer() -> None:
    first, second = viewer(), viewer()
    async with room_of(Counters([Part("a", 0.2)]), first) as room:
        seen = [(await news(room, first))["a"] for _ in range(2)]
        room.join(second)
        greeted = orjson.loads(room.greeting(second))["data"]["a"]
        later = (await news(room, second))["a"]

    assert [value["seq"] for value in seen] == [1, 2]
    assert later["seq"] == greeted["seq"] + 1


async def test_a_slow_viewer_gets_the_newest_value_and_sees_no_gap() -> None:
    quick, slow = viewer(), viewer()
    async with room_of(Counters([Part("a", 0.2)]), quick, slow) as room:
        first = (await news(room, slow))["a"]
        newest = [(await news(room, quick))["a"] for _ in range(4)][-1]
        slow.wake.set()
        skipped = (await news(room, slow))["a"]

    assert skipped["data"] == newest["data"] > first["data"] + 1
    assert skipped["seq"] == first["seq"] + 1


async def test_viewers_who_are_in_step_are_sent_the_very_same_text() -> None:
    first, second = viewer(), viewer()
    async with room_of(Counters([Part("a", 60)]), first, second) as room:
        await until(lambda: room.revision == 1)

        assert room.greeting(first) is room.greeting(second)
        room._publish("a", Encoded({}, b'{"data":9', b"9", clock.now()))
        assert room.news(first) is room.news(second) is not None


async def test_an_equal_value_is_sent_again_only_to_say_that_it_is_still_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = viewer()
    topic = Counters([Part("a", 0.2)], moves=False)
    async with room_of(topic, one) as room:
        assert (await news(room, one))["a"]["seq"] == 1
        await until(lambda: len(topic.asked["a"]) > 3)
        assert room.news(one) is None

        monkeypatch.setattr(rooms, "REPEAT_S", 0.0)
        assert (await news(room, one))["a"]["seq"] == 2


async def test_a_value_that_is_counted_for_too_long_stays_and_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rooms, "OVERDUE_S", 0.1)
    topic, one = Counters([Part("a", 0.2)]), viewer()
    async with room_of(topic, one) as room:
        first = (await news(room, one))["a"]
        topic.blocked.set()
        marked = (await news(room, one))["a"]
        while "stale" not in marked:
            first, marked = marked, (await news(room, one))["a"]
        topic.blocked.clear()
        recovered = (await news(room, one))["a"]

    assert marked["data"] == first["data"]
    assert "stale" not in recovered
    assert recovered["data"] > first["data"]


async def test_only_what_somebody_has_in_view_is_evaluated() -> None:
    topic = Counters([Part("a", 0.2), Part("b", 0.2), Part("c", 0.2)])
    top, bottom = viewer("a", all_parts=False), viewer("b", all_parts=False)
    async with room_of(topic, top, bottom) as room:
        await until(lambda: len(topic.asked.get("a", ())) > 2 and len(topic.asked["b"]) > 2)
        assert "c" not in topic.asked

        room.leave(bottom)
        before = len(topic.asked["b"])
        count = len(topic.asked["a"])
        await until(lambda: len(topic.asked["a"]) > count + 2)
        assert len(topic.asked["b"]) <= before + 1  # one may have been under way

        top.in_view = frozenset({"c"})
        room.look_again()
        await until(lambda: len(topic.asked.get("c", ())) > 1)


async def test_parts_are_asked_as_of_multiples_of_their_interval() -> None:
    topic = Counters([Part("a", 0.5)])
    async with room_of(topic, viewer()):
        await until(lambda: len(topic.asked.get("a", ())) > 3)

    later = [one.timestamp() % 0.5 for one in topic.asked["a"][1:]]
    assert later == [0.0] * len(later)


async def test_a_room_begins_with_what_was_evaluated_a_moment_ago() -> None:
    topic = Counters([Part("a", 30)])
    async with room_of(topic, viewer()):
        await until(lambda: "a" in topic.asked)
    again = Room("counters", "one", topic)
    again.open()
    again.join(viewer())

    await until(lambda: "a" in again.kept)
    again.close()

    assert len(topic.asked["a"]) == 1


def test_memory_keeps_no_more_than_it_may_and_nothing_old(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    monkeypatch.setattr("portal.live.memory.MOST_BYTES", 100)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(5):
        memory.keep("room", str(number), Remembered(Encoded({}, b"x" * 40, b"", now), 0))

    kept = [one for one in "01234" if memory.find("room", one, 0, 1e12)]

    assert kept == []  # older than anything that is served
    assert len(memory._values) == 2
