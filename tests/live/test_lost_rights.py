"""However a right is lost, open sockets hear of it: at once, and without Valkey by the next check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async

from portal.accounts import actions
from portal.accounts.models import Folder, Grant, Level
from portal.lib import clock
from portal.live import hub as hubs
from portal.live import rooms
from tests.factories import make_dashboard, make_staff
from tests.live.test_socket import hear, watching

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store_schema")]


class Scene:
    """A board in a folder that is shared with a team, and a viewer in that team."""

    def __init__(self) -> None:
        self.owner = make_staff("editor", name="owner")
        self.viewer = make_staff("viewer", name="watcher")
        self.team = actions.create_team(None, name="Payments")
        actions.add_member(None, self.team, self.viewer)
        self.folder = self.folder_of("Payments")
        self.board = make_dashboard("board", created_by=self.owner, folder=self.folder)
        self.grant = actions.share(self.owner, self.folder, self.team.group, Level.VIEW)

    def folder_of(self, name: str) -> Folder:
        now = clock.now()
        return actions.create_folder(self.owner, name=name, parent=None, now=now, is_public=False)

    def unshare(self) -> None:
        actions.unshare(self.owner, self.folder, self.grant)

    def leave_team(self) -> None:
        actions.remove_member(None, self.team, self.viewer)

    def delete_team(self) -> None:
        actions.delete_team(None, self.team)

    def lose_role(self) -> None:
        actions.set_roles(None, self.viewer, [])

    def switch_off(self) -> None:
        actions.set_active(None, self.viewer, active=False)

    def move_board(self) -> None:
        actions.move(self.owner, self.board, None)

    def move_folder(self) -> None:
        """Share the folder around instead, and take this one out of it."""
        around = self.folder_of("Around")
        actions.move(self.owner, self.folder, around)
        actions.share(self.owner, around, self.team.group, Level.VIEW)
        actions.unshare(self.owner, self.folder, self.grant)
        actions.move(self.owner, Folder.objects.get(pk=self.folder.pk), None)

    def stop_inheriting(self) -> None:
        actions.set_inheriting(self.owner, self.board, stops=True)


LOSSES: list[Callable[[Scene], None]] = [
    Scene.unshare, Scene.leave_team, Scene.delete_team, Scene.lose_role, Scene.switch_off,
    Scene.move_board, Scene.move_folder, Scene.stop_inheriting,
]  # fmt: skip


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
async def test_a_lost_right_is_told_at_once(
    lose: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "RECHECK_S", 60)  # nobody finds out by looking
    scene = await sync_to_async(Scene)()
    async with watching(scene.viewer) as talk:
        await hear(talk, "initial_data")

        await sync_to_async(lose)(scene)

        assert await hear(talk, "revoked", within_s=5)


async def test_a_right_lost_behind_the_portal_s_back_is_found_within_5_s() -> None:
    scene = await sync_to_async(Scene)()
    async with watching(scene.viewer) as talk:
        await hear(talk, "initial_data")

        await sync_to_async(Grant.objects.all().delete)()

        assert await hear(talk, "revoked", within_s=5)


async def test_who_keeps_a_right_goes_on_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "RECHECK_S", 60)
    monkeypatch.setattr(rooms, "REPEAT_S", 0.0)  # the board never moves; send it again and again
    scene = await sync_to_async(Scene)()
    async with watching(scene.viewer) as talk:
        await hear(talk, "initial_data")
        await sync_to_async(actions.share)(scene.owner, scene.board, scene.viewer, Level.VIEW)

        await sync_to_async(scene.unshare)()

        assert await hear(talk, "dashboard_update", within_s=5)
        assert await hear(talk, "dashboard_update", within_s=5)
