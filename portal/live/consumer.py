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
from django.http import QueryDict

from portal.lib.counting import strangers_call_is_too_many
from portal.lib.registry import UnknownKind
from portal.live.hub import FIRST_VALUES_WITHIN_S, hub
from portal.live.opening import openings
from portal.live.publish import listen
from portal.live.rooms import Room, Viewer, text_of
from portal.live.threads import DOOR, in_thread
from portal.live.topics import BadRequest, NotVisible, Topic, TopicKind, topic_kinds

log = logging.getLogger(__name__)

BAD_ADDRESS, ANONYMOUS, REVOKED, NOT_VISIBLE, TOO_MANY = 4400, 4401, 4403, 4404, 4429
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
        self.received: deque[float] = deque(maxlen=MESSAGES)
        route = self.scope["url_route"]["kwargs"]
        self.ident: str = route["ident"]
        await self.accept()
        self.is_open = is_for_anybody(route["kind"])
        if not self.is_open and not is_signed_in(self.scope.get("user")):
            await self.close(ANONYMOUS)
            return
        try:
            self.kind: TopicKind = topic_kinds.get(route["kind"])
            if await self._asks_too_often():
                await self.close(TOO_MANY)
                return
            query = QueryDict(self.scope.get("query_string", b""))
            self.in_view = named_parts(query.get("view"))
            topic = await self._open(self.kind.wanted(query))
        except (UnknownKind, NotVisible):
            await self.close(NOT_VISIBLE)
            return
        except BadRequest as problem:
            await self._send({"type": "error", "message": str(problem)})
            await self.close(BAD_ADDRESS)
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
            message = parsed(text_data)
            if message.get("type") == "time" and await self._asks_too_often():
                await self.close(TOO_MANY)
                return
            await self._handle(message)
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
        elif kind == "view":
            self._look_at(message.get("parts"))
        elif kind != "resync":
            raise BadRequest("`type` should be resync, time or view")

    def _look_at(self, parts: Any) -> None:
        """Note what is on the viewer's screen; nothing else is evaluated for them."""
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise BadRequest("`parts` is a list of the ids that are in view")
        self.in_view = frozenset(parts)
        if self.room is not None:
            self.viewer.in_view = self.in_view
            self.room.look_again()

    async def _open(self, wanted: Mapping[str, Any]) -> Topic:
        topic = await openings.open(self.kind, self.scope["user"], self.ident, wanted)
        self.wanted = wanted
        return topic

    async def _watch(self, topic: Topic) -> None:
        """Leave what was watched, join this, and send from now on."""
        self._leave()
        session_key = self.scope["session"].session_key or ""
        user_id = 0 if self.is_open else self.scope["user"].pk
        self.viewer = Viewer(user_id, session_key, self.in_view)
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
            log.exception("A live socket failed.", extra={"topic": room.logged})
            await self.close(FAILED)

    async def _send_newest(self, room: Room, viewer: Viewer) -> None:
        await self._wait_for_first_values(room, viewer)
        await self._greet(room)
        while True:
            await viewer.wake.wait()
            viewer.wake.clear()
            if viewer.is_revoked:
                await self._revoke()
                return
            if viewer.is_moved:
                await self._follow_rights()
                return
            if viewer.changed_to is not None:
                await self._follow_change(viewer.changed_to)
                return
            news = room.news(viewer)
            if news is not None:
                await self._send_text(news)

    async def _wait_for_first_values(self, room: Room, viewer: Viewer) -> None:
        try:
            async with asyncio.timeout(FIRST_VALUES_WITHIN_S):
                while not room.is_ready_for(viewer) and not viewer.must_leave:
                    await viewer.wake.wait()
                    viewer.wake.clear()
        except TimeoutError:
            log.info("A topic's first values are slow.", extra={"topic": room.logged})
        viewer.wake.set()  # whatever else it was woken for

    async def _greet(self, room: Room) -> None:
        await self._send_text(room.greeting(self.viewer))

    async def _follow_change(self, version: int) -> None:
        """Say that the thing was edited, then watch its new form."""
        await self._send({"type": "changed", "version": version})
        await self._follow_rights()

    async def _follow_rights(self) -> None:
        """Watch the thing as the viewer may see it now; the greeting replaces all that was sent."""
        openings.forget()
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

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._send_text(text_of(message))

    async def _send_text(self, text: str) -> None:
        await self.scope["send"]({"type": "websocket.send", "text": text})

    def _is_flooding(self) -> bool:
        now = time.monotonic()
        full = len(self.received) == MESSAGES and now - self.received[0] < PER_S
        self.received.append(now)
        return full

    async def _asks_too_often(self) -> bool:
        """Tell whether a stranger's address asked for more than it may in this minute."""
        if not self.is_open:
            return False
        address = (self.scope.get("client") or ["unknown"])[0]
        return await in_thread(DOOR, strangers_call_is_too_many, address)


def is_for_anybody(kind: str) -> bool:
    return kind in topic_kinds and topic_kinds.get(kind).is_for_anybody


def is_signed_in(user: Any) -> bool:
    return user is not None and user.is_authenticated and user.is_active


def named_parts(text: str | None) -> frozenset[str] | None:
    """Read `view=a,b` of an address: the parts in view; None, all of them, where nothing is said."""
    return None if text is None else frozenset(filter(None, text.split(",")))


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
