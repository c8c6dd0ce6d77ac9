"""Evaluate what is watched, once for all who watch it the same way, and only while they do.

One room a topic key. A room evaluates each part when it is due and leaves the newest value with
every viewer; a slow viewer therefore skips values but never queues them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.utils.crypto import constant_time_compare

from portal.lib import clock
from portal.live.topics import Topic, topic_kinds

log = logging.getLogger(__name__)
T = TypeVar("T")

# Short of the 5 s within which a lost right must take effect.
RECHECK_S = 3.0
FIRST_VALUES_WITHIN_S = 5.0
EVALUATORS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live")


async def in_thread(call: Callable[..., T], *args: Any) -> T:
    """Run blocking work, with database connections given back afterwards."""

    def work() -> T:
        try:
            return call(*args)
        finally:
            close_old_connections()

    return await SyncToAsync(work, thread_sensitive=False, executor=EVALUATORS)()


@dataclass(eq=False)
class Viewer:
    """One open socket. `dirty` names the parts whose newest value it has not been sent."""

    user_id: int
    session_key: str
    dirty: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_revoked: bool = False
    changed_to: int | None = None

    def mark(self, part: str) -> None:
        self.dirty.add(part)
        self.wake.set()


@dataclass(eq=False)
class Room:
    kind: str
    ident: str
    topic: Topic
    viewers: set[Viewer] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    first_values: asyncio.Event = field(default_factory=asyncio.Event)
    recheck_now: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def open(self) -> None:
        loops = [self._evaluate_part(part.key, part.every_s) for part in self.topic.parts]
        self.tasks = [asyncio.create_task(loop) for loop in [*loops, self._watch_rights()]]
        if not self.topic.parts:
            self.first_values.set()

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def _evaluate_part(self, part: str, every_s: float) -> None:
        while True:
            started = time.monotonic()
            try:
                value = await in_thread(self.topic.evaluate, part, clock.now())
            except Exception:
                log.exception("A live part failed.", extra={"topic": self.ident, "part": part})
            else:
                self._publish(part, value)
            await asyncio.sleep(max(0.2, every_s - (time.monotonic() - started)))

    def _publish(self, part: str, value: Any) -> None:
        self.values[part] = value
        for viewer in self.viewers:
            viewer.mark(part)
        if len(self.values) == len(self.topic.parts):
            self.first_values.set()

    async def _watch_rights(self) -> None:
        while True:
            # Not wait_for: on Python 3.11 it may swallow the cancellation that ends this loop.
            with suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_S):
                    await self.recheck_now.wait()
            self.recheck_now.clear()
            try:
                await self._recheck()
            except Exception:
                log.exception("Rights could not be checked.", extra={"topic": self.ident})

    async def _recheck(self) -> None:
        viewers = list(self.viewers)
        allowed, version = await in_thread(still_allowed, self.kind, self.ident, viewers)
        for viewer in viewers:
            if viewer not in allowed:
                viewer.is_revoked = True
                viewer.wake.set()
            elif version is not None and version != self.topic.version:
                viewer.changed_to = version
                viewer.wake.set()


def still_allowed(kind: str, ident: str, viewers: list[Viewer]) -> tuple[set[Viewer], int | None]:
    """Return the viewers whose account, session and right all still hold."""
    entry = topic_kinds.get(kind)
    ids = {viewer.user_id for viewer in viewers}
    keys = {viewer.session_key for viewer in viewers}
    now = clock.now()
    active = {
        user.pk: user
        for user in get_user_model()._default_manager.filter(pk__in=ids, is_active=True)
    }
    sessions = {
        row.session_key: row.get_decoded()
        for row in Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    }
    may = active.keys() & entry.allowed(ident, ids)
    holding = {
        one
        for one in viewers
        if one.user_id in may and is_of(active[one.user_id], sessions.get(one.session_key))
    }
    return holding, entry.version(ident)


def is_of(user: AbstractBaseUser, session: Mapping[str, Any] | None) -> bool:
    """Tell whether a session is still this user's: a new password ends the sessions before it."""
    if session is None or session.get(SESSION_KEY) != str(user.pk):
        return False
    kept = session.get(HASH_SESSION_KEY, "")
    return constant_time_compare(kept, user.get_session_auth_hash())


class Hub:
    """All rooms of this process."""

    def __init__(self) -> None:
        self.rooms: dict[Hashable, Room] = {}

    def join(self, kind: str, ident: str, topic: Topic, viewer: Viewer) -> Room:
        key = (kind, topic.key, topic.version)
        room = self.rooms.get(key)
        if room is None:
            room = self.rooms[key] = Room(kind, ident, topic)
            room.open()
        room.viewers.add(viewer)
        return room

    def leave(self, room: Room, viewer: Viewer) -> None:
        room.viewers.discard(viewer)
        if not room.viewers:
            room.close()
            self.rooms = {key: kept for key, kept in self.rooms.items() if kept is not room}

    def nudge(self, kind: str, ident: str) -> None:
        """Check rights and version of a topic now instead of at the next turn."""
        for room in self.rooms.values():
            if (room.kind, room.ident) == (kind, ident):
                room.recheck_now.set()


hub = Hub()
