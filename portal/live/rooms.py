"""A room: one thing looked at in one way, evaluated while somebody looks, told to all at once.

A part is evaluated while at least one viewer has it in view, at multiples of its interval, so that
rooms that ask the same ask it as of the same moment. What is sent is encoded once for all viewers
who are in step; a slow one skips values, and only its numbers are its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from portal.lib import clock
from portal.lib.secrets import masked
from portal.live.memory import Encoded
from portal.live.rights import Rights
from portal.live.threads import DOOR, EVALUATORS, in_thread
from portal.live.topics import Part, Topic
from portal.live.values import encoded, evaluated, remembered, room_key

log = logging.getLogger(__name__)

# An equal value is sent again so often, so that a viewer knows that it is still so.
REPEAT_S = 15.0
ALIVE_S = 20.0  # a browser cannot see pings; it opens a new socket after a longer silence
ALIVE = '{"type":"alive"}'
OVERDUE_S = 10.0  # an evaluation that takes longer leaves the last value stale
QUIET_S = 0.02  # parts that are ready together are sent together
BETWEEN_SENDS_S = 0.1
PER_VIEWER_S = 0.000_1  # and so much more for each viewer: sending must not take all the time
SHORTEST_PAUSE_S = 0.2
AFTER_SLOT_S = 0.005  # clocks must not wake us just before the moment that is asked for


@dataclass(eq=False)
class Viewer:
    """One open socket. `in_view` names the parts that it has on the screen; None: all of them."""

    user_id: int
    session_key: str
    in_view: frozenset[str] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = 0  # of the room, as far as this viewer was told
    numbers: dict[str, int] = field(default_factory=dict)  # of the values that it was sent
    told_at: float = field(default_factory=time.monotonic)
    is_revoked: bool = False
    changed_to: int | None = None
    is_moved: bool = False  # may read other rows: must watch another room

    @property
    def must_leave(self) -> bool:
        return self.is_revoked or self.is_moved or self.changed_to is not None


@dataclass(frozen=True)
class Kept:
    """The newest value of a part: how many there were, and at which revision it came."""

    encoded: Encoded
    number: int
    revision: int
    sent_at: float

    def numbered(self, number: int) -> orjson.Fragment:
        return orjson.Fragment(self.encoded.open_json + b',"seq":%d}' % number)


@dataclass(eq=False)
class Room:
    kind: str
    ident: str
    topic: Topic
    viewers: set[Viewer] = field(default_factory=set)
    kept: dict[str, Kept] = field(default_factory=dict)
    revision: int = 0
    rights: Rights = field(default_factory=Rights)
    recheck_now: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _seen: dict[str, asyncio.Event] = field(default_factory=dict)
    _messages: dict[int, str] = field(default_factory=dict)  # by the revision that they follow
    _memories: asyncio.Future[dict[str, Encoded]] | None = None
    _next_wake: asyncio.TimerHandle | None = None
    _woke_at: float = 0.0

    @property
    def logged(self) -> str:
        """Return the name for the log: where that is itself a right, only its visible start."""
        return masked(self.ident)

    @property
    def key(self) -> Hashable:
        return room_key(self.kind, self.topic)

    def open(self) -> None:
        self.tasks.append(asyncio.create_task(self._break_silences()))
        for part in self.topic.parts:
            self._seen[part.key] = asyncio.Event()
            self.tasks.append(asyncio.create_task(self._keep_current(part)))

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self._next_wake is not None:
            self._next_wake.cancel()

    def join(self, viewer: Viewer) -> None:
        self.viewers.add(viewer)
        self.look_again()

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        self.look_again()

    def look_again(self) -> None:
        """Find out which parts somebody has in view now."""
        views = {viewer.in_view for viewer in self.viewers}
        seen = None if None in views else {key for view in views if view for key in view}
        for key, event in self._seen.items():
            if seen is None or key in seen:
                event.set()
            else:
                event.clear()

    async def _keep_current(self, part: Part) -> None:
        """Evaluate a part at once when it comes into view, then at multiples of its interval."""
        seen, moment = self._seen[part.key], clock.now()
        found = (await self._known()).get(part.key)
        if found is not None:
            self._publish(part.key, found)
            moment = await wait_for_slot(found.at, part.every_s)
        while True:
            if not seen.is_set():
                await seen.wait()
                moment = clock.now()
            await self._evaluate(part.key, moment)
            moment = await wait_for_slot(moment, part.every_s)

    async def _known(self) -> dict[str, Encoded]:
        """Return what pages and rooms before this one evaluated, looked up once."""
        if self._memories is None:
            looked_up = in_thread(DOOR, remembered, self.kind, self.topic)
            self._memories = asyncio.ensure_future(looked_up)
        return await asyncio.shield(self._memories)

    async def _evaluate(self, part: str, moment: datetime) -> None:
        before = self.kept.get(part)
        last = before.encoded.value if before else None
        call = in_thread(EVALUATORS, evaluated, self.kind, self.topic, part, moment, last)
        evaluating = asyncio.ensure_future(call)
        await asyncio.wait({evaluating}, timeout=OVERDUE_S)
        if last is not None and not evaluating.done():
            overdue = self.topic.overdue(last, clock.now())
            self._publish(part, encoded(self.topic, overdue, moment))
        try:
            self._publish(part, await evaluating)
        except Exception:
            log.exception("A live part failed.", extra={"topic": self.logged, "part": part})

    def _publish(self, part: str, new: Encoded) -> None:
        now, before = time.monotonic(), self.kept.get(part)
        self._messages.clear()
        if before and before.encoded.essence == new.essence and now - before.sent_at < REPEAT_S:
            self.kept[part] = replace(before, encoded=new)
            return
        self.revision += 1
        self.kept[part] = Kept(new, before.number + 1 if before else 1, self.revision, now)
        if self._next_wake is None:
            least = BETWEEN_SENDS_S + PER_VIEWER_S * len(self.viewers)
            wait = max(QUIET_S, self._woke_at + least - now)
            self._next_wake = asyncio.get_running_loop().call_later(wait, self._wake_all)

    def _wake_all(self) -> None:
        self._next_wake, self._woke_at = None, time.monotonic()
        for viewer in self.viewers:
            viewer.wake.set()

    async def _break_silences(self) -> None:
        """Wake whoever was told nothing for long, to be told that nothing moved."""
        while True:
            await asyncio.sleep(ALIVE_S / 4)
            for viewer in self.viewers:
                if is_left_alone(viewer):
                    viewer.wake.set()

    def is_ready_for(self, viewer: Viewer) -> bool:
        """Tell whether every part has a first value; who named its view waits for none."""
        return viewer.in_view is not None or self.kept.keys() >= self._seen.keys()

    def greeting(self, viewer: Viewer) -> str:
        """Return the message with everything there is, and note that the viewer has it."""
        viewer.revision, viewer.told_at = self.revision, time.monotonic()
        viewer.numbers = {part: kept.number for part, kept in self.kept.items()}
        message = self._messages.get(-1)
        if message is None:
            values = {part: kept.numbered(kept.number) for part, kept in self.kept.items()}
            message = self._messages[-1] = text_of(self.topic.greeting(values, clock.now()))
        return message

    def news(self, viewer: Viewer) -> str | None:
        """Return the message with what moved since the viewer was told, or after a long silence that
        nothing did, and note that it has it.
        """
        since, viewer.revision = viewer.revision, self.revision
        moved = [part for part, kept in self.kept.items() if kept.revision > since]
        if not moved and not is_left_alone(viewer):
            return None
        viewer.told_at = time.monotonic()
        if not moved:
            return ALIVE
        numbers = {part: viewer.numbers.get(part, self.kept[part].number - 1) for part in moved}
        is_in_step = all(self.kept[part].number == number + 1 for part, number in numbers.items())
        viewer.numbers.update((part, number + 1) for part, number in numbers.items())
        if not is_in_step:
            return self._update(moved, viewer)
        if since not in self._messages:
            self._messages[since] = self._update(moved, viewer)
        return self._messages[since]

    def _update(self, parts: Iterable[str], viewer: Viewer) -> str:
        values = {part: self.kept[part].numbered(viewer.numbers[part]) for part in parts}
        return text_of(self.topic.update(values, clock.now()))


def is_left_alone(viewer: Viewer) -> bool:
    return time.monotonic() - viewer.told_at > ALIVE_S


def text_of(message: Any) -> str:
    return orjson.dumps(message, default=str, option=orjson.OPT_UTC_Z).decode()


async def wait_for_slot(after: datetime, every_s: float) -> datetime:
    """Sleep until the next multiple of an interval after a moment; returns it, or a later one."""
    now = clock.now()
    began = max(after.timestamp(), now.timestamp() - every_s)
    slot = (began // every_s + 1) * every_s
    pause = max(SHORTEST_PAUSE_S, slot - now.timestamp() + AFTER_SLOT_S)
    await asyncio.sleep(pause)
    return datetime.fromtimestamp(slot, UTC)
