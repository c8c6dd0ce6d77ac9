"""The only socket consumer: one socket a page, one topic a socket (SEMANTICS 11, CONTRACT 7)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer

from portal.lib import clock
from portal.lib.registry import UnknownKind
from portal.live.hub import FIRST_VALUES_WITHIN_S, Room, Viewer, hub, in_thread
from portal.live.publish import listen
from portal.live.topics import BadRequest, NotVisible, Topic, TopicKind, topic_kinds

log = logging.getLogger(__name__)

ANONYMOUS, REVOKED, NOT_VISIBLE, TOO_MANY = 4401, 4403, 4404, 4429
FAILED = 1011
LONGEST_MESSAGE = 16_384
MESSAGES, PER_S = 30, 10.0

_listener: asyncio.Task[None] | None = None


def ensure_listening() -> None:
    """Start this process's listener with its first socket."""
    global _listener  # one task a process
    if _listener is None or _listener.done():
        _listener = asyncio.create_task(listen(hub))


class LiveConsumer(AsyncWebsocketConsumer):
    """Sends the newest values of one topic until the viewer leaves or loses the right."""

    channel_layer_alias = "none"  # sockets need no layer of their own; they outlive Valkey

    async def connect(self) -> None:
        self.room: Room | None = None
        self.sender: asyncio.Task[None] | None = None
        self.sequence: dict[str, int] = {}
        self.received: deque[float] = deque(maxlen=MESSAGES)
        route = self.scope["url_route"]["kwargs"]
        self.ident: str = route["ident"]
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated or not user.is_active:
            await self.close(ANONYMOUS)
            return
        try:
            self.kind: TopicKind = topic_kinds.get(route["kind"])
            topic = await self._open({})
        except (UnknownKind, NotVisible):
            await self.close(NOT_VISIBLE)
            return
        ensure_listening()
        await self._watch(topic)

    async def disconnect(self, code: int) -> None:
        self._leave()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._is_flooding():
            await self.close(TOO_MANY)
            return
        try:
            await self._handle(parsed(text_data))
        except BadRequest as problem:
            await self._send({"type": "error", "message": str(problem)})
        except NotVisible:
            await self._revoke()

    async def _handle(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "resync" and self.room is not None:
            await self._greet(self.room)
        elif kind == "time":
            await self._watch(await self._open(message))
        elif kind != "resync":
            raise BadRequest("`type` should be resync or time")

    async def _open(self, wanted: Mapping[str, Any]) -> Topic:
        topic = await in_thread(self.kind.open, self.scope["user"], self.ident, wanted)
        self.wanted = wanted
        return topic

    async def _watch(self, topic: Topic) -> None:
        """Leave what was watched, join this, and send from now on."""
        self._leave()
        session_key = self.scope["session"].session_key or ""
        self.viewer = Viewer(self.scope["user"].pk, session_key)
        self.room = hub.join(self.kind.kind, self.ident, topic, self.viewer)
        self.sender = asyncio.create_task(self._keep_sending(self.room, self.viewer))

    def _leave(self) -> None:
        if self.sender is not None:
            self.sender.cancel()
        if self.room is not None:
            hub.leave(self.room, self.viewer)
            self.room = None

    async def _keep_sending(self, room: Room, viewer: Viewer) -> None:
        try:
            await self._send_newest(room, viewer)
        except Exception:
            log.exception("A live socket failed.", extra={"topic": room.ident})
            await self.close(FAILED)

    async def _send_newest(self, room: Room, viewer: Viewer) -> None:
        try:
            async with asyncio.timeout(FIRST_VALUES_WITHIN_S):
                await room.first_values.wait()
        except TimeoutError:
            log.info("A topic's first values are slow.", extra={"topic": room.ident})
        await self._greet(room)
        while True:
            await viewer.wake.wait()
            viewer.wake.clear()
            if viewer.is_revoked:
                await self._revoke()
                return
            if viewer.changed_to is not None:
                await self._follow_change(viewer.changed_to)
                return
            if viewer.dirty:
                await self._send_dirty(room, viewer)

    async def _greet(self, room: Room) -> None:
        values = {part: self._numbered(part, value) for part, value in room.values.items()}
        self.viewer.dirty.clear()
        await self._send(room.topic.greeting(values, clock.now()))

    async def _send_dirty(self, room: Room, viewer: Viewer) -> None:
        dirty, viewer.dirty = viewer.dirty, set()
        values = {part: self._numbered(part, room.values[part]) for part in sorted(dirty)}
        await self._send(room.topic.update(values, clock.now()))

    async def _follow_change(self, version: int) -> None:
        """Say that the thing was edited, then watch its new form."""
        await self._send({"type": "changed", "version": version})
        try:
            topic = await self._open(self.wanted)
        except (NotVisible, BadRequest):
            await self._revoke()
            return
        self.sender = None  # this very task: it ends by itself
        await self._watch(topic)

    async def _revoke(self) -> None:
        await self._send({"type": "revoked"})
        await self.close(REVOKED)

    def _numbered(self, part: str, value: Any) -> dict[str, Any]:
        """Count what this socket is sent, so that the viewer can see a gap."""
        self.sequence[part] = self.sequence.get(part, 0) + 1
        return {**value, "seq": self.sequence[part]}

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.send(
            text_data=orjson.dumps(message, default=str, option=orjson.OPT_UTC_Z).decode()
        )

    def _is_flooding(self) -> bool:
        now = time.monotonic()
        full = len(self.received) == MESSAGES and now - self.received[0] < PER_S
        self.received.append(now)
        return full


def parsed(text: str | None) -> Mapping[str, Any]:
    """Read a viewer's message. Raises BadRequest."""
    if text is None or len(text) > LONGEST_MESSAGE:
        raise BadRequest(f"a message is JSON text of at most {LONGEST_MESSAGE} characters")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise BadRequest("a message is a JSON object with a `type`")
    return message
