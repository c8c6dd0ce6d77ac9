"""All rooms of this process, and who may still be in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from contextlib import suppress

from portal.live.opening import openings
from portal.live.rights import Rights, rights_now, still_signed_in
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
    signed_in, version, room.rights = await in_thread(DOOR, found_now, room, viewers)
    for viewer in viewers:
        if viewer not in signed_in or viewer.user_id not in room.rights.allowed:
            viewer.is_revoked = True
        elif viewer.user_id in room.rights.moved:
            viewer.is_moved = True
        elif version is not None and version != room.topic.version:
            viewer.changed_to = version
        if viewer.must_leave:
            viewer.wake.set()


def found_now(room: Room, viewers: list[Viewer]) -> tuple[set[Viewer], int | None, Rights]:
    """Return whose account and session still hold, the version, and everybody's rights."""
    entry = topic_kinds.get(room.kind)
    ids = {viewer.user_id for viewer in viewers}
    signed_in = set(viewers) if entry.is_for_anybody else still_signed_in(viewers)
    rights = rights_now(entry, room.ident, room.topic, ids, room.rights)
    return signed_in, entry.version(room.ident), rights


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
