"""The socket as a viewer meets it, through the real ASGI application and the real hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers
from django.conf import settings
from django.test import Client
from pytest_django.fixtures import Settings

from dashboards import evaluate as evaluating
from dashboards.models import Dashboard
from portal.accounts.models import User
from portal.asgi import application
from portal.live import hub as hubs
from portal.live import publish, rooms
from portal.sign_in.models import Session
from tests.factories import make_dashboard, make_staff, make_widget

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("store_schema", "fast_rechecks"),
]
VALKEY_AWAY = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
    }
}


class Talk:
    """One socket of a browser; channels' own needs daphne, which we do not run."""

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket", "path": path, "query_string": b"", "headers": headers,
            "subprotocols": [],
        }  # fmt: skip
        self.asgi: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # untyped

    async def connect(self) -> bool:
        await self.asgi.send_input({"type": "websocket.connect"})
        answer = await self.event()
        return bool(answer["type"] == "websocket.accept")

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.asgi.send_input({"type": "websocket.receive", "text": text})

    async def event(self, within_s: float = 5) -> dict[str, Any]:
        found: dict[str, Any] = await self.asgi.receive_output(timeout=within_s)
        return found

    async def leave(self) -> None:
        await self.asgi.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.asgi.wait(timeout=5)


@pytest.fixture
def fast_rechecks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check rights often, and send every value anew: most boards here never move."""
    monkeypatch.setattr(hubs, "RECHECK_S", 0.2)
    monkeypatch.setattr(rooms, "REPEAT_S", 0.0)


@pytest.fixture
def owner() -> User:
    return make_staff("editor", name="owner")


@pytest.fixture
def board(owner: User) -> Dashboard:
    return make_dashboard("board", is_public=True, created_by=owner)


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@asynccontextmanager
async def watching(user: User | None, path: str = "/ws/dashboards/board/") -> AsyncIterator[Talk]:
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    if user is not None:
        cookie = await sync_to_async(cookie_of)(user)
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    talk = Talk(path, headers)
    assert await talk.connect()
    try:
        yield talk
    finally:
        await talk.leave()


async def hear(talk: Talk, wanted: str, within_s: float = 8) -> dict[str, Any]:
    """Return the next message of a type, passing over others."""
    async with asyncio.timeout(within_s):
        while True:
            event = await talk.event(within_s)
            assert event["type"] == "websocket.send", event
            message: dict[str, Any] = json.loads(event["text"])
            if message["type"] == wanted:
                return message


async def test_a_viewer_gets_everything_then_what_moves(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        first = await hear(talk, "initial_data")
        second = await hear(talk, "dashboard_update")

    assert first["dashboardId"] == "board"
    assert first["dashboard"]["widgets"][0]["id"] == "note"
    assert first["data"]["note"]["data"]["plain"] == "**Hello**"
    assert first["data"]["note"]["seq"] == 1
    assert second["updates"]["note"]["seq"] == 2
    assert set(second["updates"]["note"]) == {"data", "lastUpdated", "digest", "seq"}


async def test_a_resync_answers_with_everything(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await talk.say({"type": "resync"})

        assert "note" in (await hear(talk, "initial_data"))["data"]


async def test_anonymous_visitors_and_outsiders_are_closed_out(
    board: Dashboard, owner: User
) -> None:
    await sync_to_async(Dashboard.objects.filter(pk=board.pk).update)(is_public=False)
    stranger = await sync_to_async(make_staff)("viewer", name="stranger")

    for user, code in ((None, 4401), (stranger, 4404)):
        async with watching(user) as talk:
            closed = await talk.event()
            assert (closed["type"], closed["code"]) == ("websocket.close", code)


async def test_a_foreign_origin_is_refused(board: Dashboard) -> None:
    talk = Talk("/ws/dashboards/board/", [(b"origin", b"http://evil.test")])

    assert not await talk.connect()


@pytest.mark.parametrize("text", ["not json", "[]", '{"type": "dance"}', "x" * 20_000])
async def test_a_malformed_message_is_answered_and_the_socket_lives(
    board: Dashboard, owner: User, text: str
) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await talk.say(text)

        assert (await hear(talk, "error"))["message"]
        assert await hear(talk, "dashboard_update")


async def test_a_flood_of_messages_closes_the_socket(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        for _ in range(60):
            await talk.say({"type": "resync"})

        async with asyncio.timeout(5):
            while (await talk.event())["type"] != "websocket.close":
                pass


async def test_another_range_is_another_look(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await talk.say({"type": "time", "from": "-30d", "to": "", "variables": {}})
        again = await hear(talk, "initial_data")
        await talk.say({"type": "time", "from": "last tuesday"})
        refused = await hear(talk, "error")

    assert again["data"]["note"]
    assert "from" in refused["message"]


async def test_one_evaluation_serves_every_viewer(
    board: Dashboard, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = counted_evaluations(monkeypatch)
    async with watching(owner) as first:
        await hear(first, "initial_data")
        async with watching(owner) as second, watching(owner) as third:
            for talk in (second, third):
                await hear(talk, "initial_data")
            before = len(asked)
            for talk in (first, second, third):
                await hear(talk, "dashboard_update")

            assert len(hubs.hub.rooms) == 1
            assert len(asked) - before <= 2


async def test_nothing_is_evaluated_that_nobody_watches(
    board: Dashboard, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = counted_evaluations(monkeypatch)
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
    before = len(asked)

    await asyncio.sleep(1.3)  # longer than the widget's interval of 1 s

    assert hubs.hub.rooms == {}
    assert len(asked) == before


async def test_a_lost_right_ends_the_watching(board: Dashboard, owner: User) -> None:
    viewer = await sync_to_async(make_staff)("viewer", name="watcher")
    async with watching(viewer) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(Dashboard.objects.filter(pk=board.pk).update)(is_public=False)

        assert await hear(talk, "revoked", within_s=5)


async def test_signing_out_ends_the_watching(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(end_sessions)()

        assert await hear(talk, "revoked", within_s=5)


async def test_a_new_password_ends_the_watching_of_older_sessions(
    board: Dashboard, owner: User
) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(change_password)(owner)

        assert await hear(talk, "revoked", within_s=5)


def change_password(user: User) -> None:
    user.set_password("another long passphrase")
    user.save()


def end_sessions() -> None:
    Session.objects.all().delete()


async def test_an_edit_is_told_and_followed(board: Dashboard, owner: User) -> None:
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(make_widget)(board, "second", query="new")
        await sync_to_async(Dashboard.objects.filter(pk=board.pk).update)(version=2)

        assert (await hear(talk, "changed", within_s=5))["version"] == 2
        assert "second" in (await hear(talk, "initial_data"))["data"]


async def test_a_wake_up_through_valkey_is_heard_at_once(
    board: Dashboard, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "RECHECK_S", 60)
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(Dashboard.objects.filter(pk=board.pk).update)(version=2)

        async def woken() -> None:
            while True:
                await sync_to_async(publish.changed)("dashboards", "board")
                await asyncio.sleep(0.2)

        calling = asyncio.create_task(woken())
        assert await hear(talk, "changed", within_s=5)
        calling.cancel()


async def test_watching_goes_on_without_valkey(
    board: Dashboard, owner: User, settings: Settings
) -> None:
    settings.CHANNEL_LAYERS = VALKEY_AWAY
    channel_layers.backends.clear()
    async with watching(owner) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(publish.changed)("dashboards", "board")

        assert await hear(talk, "dashboard_update")
    channel_layers.backends.clear()


def counted_evaluations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the evaluations of widgets without changing them."""
    asked: list[str] = []
    real: Callable[..., Any] = evaluating.answer

    def counting(widget: Any, *args: Any) -> Any:
        asked.append(widget.key)
        return real(widget, *args)

    monkeypatch.setattr(evaluating, "answer", counting)
    return asked
