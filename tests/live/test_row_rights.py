"""Sockets show each viewer the rows that they may read, and follow when these change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest
from asgiref.sync import sync_to_async

from analytics.insights.actions import change_data_set, delete_data_set
from analytics.insights.data_set_drafts import Draft
from analytics.insights.models import DataSet
from portal.accounts import actions
from portal.accounts.models import Grant, Level, User
from portal.lib import clock
from portal.live.hub import hub
from tests.factories import make_dashboard, make_staff, make_widget
from tests.insights.events import Event, load
from tests.live.test_socket import Talk, fast_rechecks, hear, watching

__all__ = ["fast_rechecks"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("store_schema", "empty_cache", "fast_rechecks"),
]


def scene() -> tuple[User, User, DataSet, str]:
    """Make a board of names of events, an admin, and a viewer of the shop's events only.

    Its path is returned, too: what an earlier test's threads still evaluate is of another board.
    """
    now = clock.now()
    load([
        Event("own event", now, "a", service="shop"),
        Event("canary event", now, "a", service="other"),
    ])  # fmt: skip
    admin, viewer = make_staff("admin"), make_staff("viewer")
    board = make_dashboard(f"names-{uuid4().hex}", is_public=True)
    query = "SELECT name, count() AS n FROM events GROUP BY name ORDER BY name"
    make_widget(board, "names", kind="table", source="sql", query=query)
    whole = DataSet.objects.get(is_built_in=True)
    Grant.objects.filter(object_type="data_set", object_id=whole.pk).delete()
    shop = [{"property": "$service", "op": "=", "value": "shop"}]
    own = DataSet.objects.create(name="Shop", filters=shop, created_at=now, updated_at=now)
    actions.share(admin, own, viewer, Level.VIEW)
    return admin, viewer, whole, f"/ws/dashboards/{board.uid}/"


def words(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()


async def greeting(talk: Talk) -> str:
    """Return the next whole state that has the widget in it."""
    message = await hear(talk, "initial_data")
    while "names" not in message["data"]:
        await talk.say({"type": "resync"})
        message = await hear(talk, "initial_data")
    return words(message)


async def test_two_viewers_of_one_board_are_shown_their_own_rows() -> None:
    admin, viewer, _, path = await sync_to_async(scene)()

    async with watching(admin, path) as whole, watching(viewer, path) as part:
        assert "canary event" in await greeting(whole)
        mine = await greeting(part)
        updates = [words(await hear(part, "dashboard_update")) for _ in range(2)]

        assert len(hub.rooms) == 2
    assert "own event" in mine
    assert not any("canary" in one for one in [mine, *updates])


async def test_a_change_of_rights_reaches_an_open_socket() -> None:
    admin, viewer, whole, path = await sync_to_async(scene)()

    async with watching(viewer, path) as talk:
        assert "canary" not in await greeting(talk)
        grant = await sync_to_async(actions.share)(admin, whole, viewer, Level.VIEW)
        assert "canary" in await greeting(talk)
        await sync_to_async(actions.unshare)(admin, whole, grant)
        assert "canary" not in await greeting(talk)
        assert "canary" not in words(await hear(talk, "dashboard_update"))


async def test_a_role_that_is_lost_takes_its_rows_along() -> None:
    admin, _, _, path = await sync_to_async(scene)()
    second = await sync_to_async(make_staff)("admin")

    async with watching(second, path) as talk:
        assert "canary" in await greeting(talk)
        await sync_to_async(actions.set_roles)(admin, second, ["viewer"])
        assert "No data set of events is shared with you" in await greeting(talk)


async def test_what_a_data_set_holds_now_reaches_an_open_socket() -> None:
    admin, viewer, _, path = await sync_to_async(scene)()
    own = await DataSet.objects.aget(name="Shop")
    wider = Draft("Shop", "", [], [{"property": "$service", "op": "is_set"}])

    async with watching(viewer, path) as talk:
        assert "canary" not in await greeting(talk)
        await sync_to_async(change_data_set)(admin, own, wider, clock.now())
        assert "canary" in await greeting(talk)
        await sync_to_async(delete_data_set)(admin, own)
        assert "No data set of events is shared with you" in await greeting(talk)
