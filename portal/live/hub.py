"""All rooms of this process, and who may still be in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from portal.lib import clock
from portal.live.opening import openings
from portal.live.rooms import Room, Viewer
from portal.live.threads import DOOR, in_thread
from portal.live.topics import Topic, topic_kinds
from portal.live.values import room_key

log = logging.getLogger(__name__)

# Short of the 5 s within which a lost right must take effect.
RECHECK_S = 3.0
FIRST_VALUES_WITHIN_S = 5.0
EVERYTHING = "*"  # instead of a topic kind: all that is watched


async def watch_rights(room: Room) -> None:
    """Find out again and again who may go on watching, until cancelled."""
    while True:
        # Not wait_for: on Python 3.11 it may swallow the cancellation that ends this loop.
        with suppress(TimeoutError):
            async with asyncio.timeout(RECHECK_S):
                await room.recheck_now.wait()
        room.recheck_now.clear()
        try:
            await recheck(room)
        except Exception:
            log.exception("Rights could not be checked.", extra={"topic": room.logged})


async def recheck(room: Room) -> None:
    """Tell viewers who must leave."""
    viewers = list(room.viewers)
    allowed, version = await in_thread(DOOR, still_allowed, room.kind, room.ident, viewers)
    moved = await in_thread(DOOR, now_elsewhere, room.kind, room.topic, viewers)
    for viewer in viewers:
        if viewer not in allowed:
            viewer.is_revoked = True
        elif viewer.user_id in moved:
            viewer.is_moved = True
        elif version is not None and version != room.topic.version:
            viewer.changed_to = version
        if viewer.must_leave:
            viewer.wake.set()


def still_allowed(kind: str, ident: str, viewers: list[Viewer]) -> tuple[set[Viewer], int | None]:
    """Return the viewers whose account, session and right all still hold."""
    entry = topic_kinds.get(kind)
    ids = {viewer.user_id for viewer in viewers}
    if entry.is_for_anybody:
        may = entry.allowed(ident, ids)
        return {one for one in viewers if one.user_id in may}, entry.version(ident)
    keys = {viewer.session_key for viewer in viewers}
    now = clock.now()
    active = {
        user.pk: user
        for user in get_user_model()._default_manager.filter(pk__in=ids, is_active=True)
    }
    sessions = {
        row.session_key: row.get_decoded()
        for row in session_rows().filter(session_key__in=keys, expire_date__gt=now)
    }
    may = active.keys() & entry.allowed(ident, ids)
    holding = {
        one
        for one in viewers
        if one.user_id in may and is_of(active[one.user_id], sessions.get(one.session_key))
    }
    return holding, entry.version(ident)


def session_rows() -> QuerySet[AbstractBaseSession]:
    """Return all sessions of whichever engine keeps them."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows: QuerySet[AbstractBaseSession] = store.get_model_class().objects.all()
    return rows


def now_elsewhere(kind: str, topic: Topic, viewers: list[Viewer]) -> set[int]:
    """Return the users among the viewers whose rights lead to another topic now."""
    return topic_kinds.get(kind).moved(topic, {viewer.user_id for viewer in viewers})


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
        key = room_key(kind, topic)
        room = self.rooms.get(key)
        if room is None:
            room = self.rooms[key] = Room(kind, ident, topic)
            room.open()
            room.tasks.append(asyncio.create_task(watch_rights(room)))
        room.join(viewer)
        return room

    def leave(self, room: Room, viewer: Viewer) -> None:
        room.leave(viewer)
        if not room.viewers:
            room.close()
            self.rooms = {key: kept for key, kept in self.rooms.items() if kept is not room}

    def nudge(self, kind: str, ident: str) -> None:
        """Check rights and version of a topic, or of EVERYTHING, now instead of at the next turn."""
        openings.forget()
        for room in self.rooms.values():
            if kind == EVERYTHING or (room.kind, room.ident) == (kind, ident):
                room.recheck_now.set()


hub = Hub()
