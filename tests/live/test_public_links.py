"""Sockets of public links: no account, the maker's rights, and shut within 5 s."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from dashboards.models import PublicLink
from dashboards.open import actions as links
from portal.accounts import actions
from portal.accounts.models import Level
from portal.lib import clock
from portal.live import hub as hubs
from portal.live.consumer import NOT_VISIBLE, TOO_MANY
from tests.factories import make_dashboard, make_playlist, make_public_link, make_staff
from tests.live.test_socket import hear, watching

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("store_schema", "empty_cache", "on"),
]


@pytest.fixture
def on(settings: Settings) -> None:
    settings.PUBLIC_LINKS = True


class Scene:
    def __init__(self) -> None:
        self.owner = make_staff("editor", name="owner")
        self.maker = make_staff("viewer", name="maker")
        self.board = make_dashboard("board", created_by=self.owner)
        self.grant = actions.share(self.owner, self.board, self.maker, Level.ADMIN)
        self.link, self.secret = make_public_link(self.board, self.maker)
        self.path = f"/ws/open/{self.secret}/"

    def revoke(self) -> None:
        links.revoke_link(self.owner, PublicLink.objects.get(), clock.now())

    def unshare(self) -> None:
        actions.unshare(self.owner, self.board, self.grant)

    def switch_off(self) -> None:
        actions.set_active(None, self.maker, active=False)

    def lose_role(self) -> None:
        actions.set_roles(None, self.maker, [])


LOSSES: list[Callable[[Scene], None]] = [
    Scene.revoke, Scene.unshare, Scene.switch_off, Scene.lose_role
]  # fmt: skip


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
async def test_a_stranger_watches_until_the_link_ends(
    lose: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "RECHECK_S", 60)  # nobody finds out by looking
    scene = await sync_to_async(Scene)()
    async with watching(None, scene.path) as talk:
        first = await hear(talk, "initial_data")

        await sync_to_async(lose)(scene)

        assert await hear(talk, "revoked", within_s=5)
    assert "@" not in json.dumps(first)
    assert set(first["dashboard"]) == {"uid", "name", "version", "tabs", "widgets"}
    assert "query" not in first["dashboard"]["widgets"][0]
    assert set(first["data"]["note"]["data"]) == {"state", "html", "note", "meta"}


async def test_an_expired_link_is_shut_by_the_next_look() -> None:
    scene = await sync_to_async(Scene)()
    async with watching(None, scene.path) as talk:
        await hear(talk, "initial_data")

        await sync_to_async(PublicLink.objects.update)(expires_at=clock.now())

        assert await hear(talk, "revoked", within_s=5)


async def test_what_is_no_link_is_not_visible() -> None:
    scene = await sync_to_async(Scene)()
    for ident in ("nothing", scene.secret[:-1], f"{scene.secret}-999", scene.board.uid):
        async with watching(None, f"/ws/open/{ident}/") as talk:
            assert (await talk.event())["code"] == NOT_VISIBLE


async def test_an_address_that_asks_too_often_waits(settings: Settings) -> None:
    scene = await sync_to_async(Scene)()
    settings.PUBLIC_PER_MINUTE = 1
    codes: list[Any] = []
    for _ in range(3):
        async with watching(None, scene.path) as talk:
            codes.append((await talk.event()).get("code"))
    assert TOO_MANY in codes


async def test_a_dashboard_that_leaves_the_playlist_is_shut_on_its_screens() -> None:
    scene = await sync_to_async(Scene)()
    other = await sync_to_async(make_dashboard)(created_by=scene.owner)
    wall = await sync_to_async(make_playlist)(scene.board, other, created_by=scene.owner)
    _, secret = await sync_to_async(make_public_link)(wall, scene.owner, kind="screen")
    async with watching(None, f"/ws/open/{secret}-{other.pk}/") as talk:
        assert (await hear(talk, "initial_data"))["dashboard"]["uid"] == other.uid

        await sync_to_async(wall.entries.filter(dashboard=other).delete)()

        assert await hear(talk, "revoked", within_s=5)


async def test_the_log_has_no_link_s_secret() -> None:
    scene = await sync_to_async(Scene)()
    async with watching(None, scene.path) as talk:
        await hear(talk, "initial_data")
        rooms = [room.logged for room in hubs.hub.rooms.values()]

    assert any(room.startswith("pub_") for room in rooms)
    assert all(scene.secret not in room for room in rooms)
