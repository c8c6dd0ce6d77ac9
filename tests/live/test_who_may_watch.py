"""Who may open a socket: every kind of topic, as everybody (tests/permissions.toml)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.live.consumer import ANONYMOUS, NOT_VISIBLE
from portal.live.topics import topic_kinds
from tests.factories import make_dashboard, make_public_link, make_staff
from tests.live.test_socket import watching
from tests.objects import PRIVATE, Cast
from tests.test_permissions import ACCESS, EVERYBODY, ROWS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store_schema")]

# What each kind of topic is watched on: makes it and returns its name in the address.
WATCHED: dict[str, Callable[[], str]] = {
    "dashboards": lambda: make_dashboard(is_public=True).uid,
    "open": lambda: make_public_link(make_dashboard(is_public=True), make_staff("admin"))[1],
}


@pytest.mark.parametrize("kind", [entry.kind for entry in topic_kinds])
async def test_everybody_watches_what_the_table_says(kind: str, settings: Settings) -> None:
    settings.PUBLIC_LINKS = True
    line = f"WS {kind}"
    assert line in ROWS, f'tests/permissions.toml has no line "{line}" = "..."'
    ident = await sync_to_async(WATCHED[kind])()

    found = {who: await outcome(who, f"/ws/{kind}/{ident}/") for who in EVERYBODY}

    may = {who for who, code in found.items() if code is None}
    assert may == set(ACCESS[ROWS[line]]), found
    if "anonymous" not in may:
        assert found["anonymous"] == ANONYMOUS
        assert found["outsider"] == NOT_VISIBLE


async def test_a_private_one_is_watched_by_those_it_is_shared_with() -> None:
    cast = await sync_to_async(Cast.make)()
    made = await sync_to_async(PRIVATE["dashboard"].make)(cast)

    for who, level in PRIVATE["dashboard"].levels.items():
        async with watching(getattr(cast, who), f"/ws/dashboards/{made['uid']}/") as talk:
            event = await talk.event()
            closed_with = event.get("code") if event["type"] == "websocket.close" else None
            assert closed_with == (NOT_VISIBLE if level is None else None), who


async def outcome(who: str, path: str) -> int | None:
    """Return the code that the socket is closed with; None when it sends what there is."""
    async with watching(await sync_to_async(person)(who), path) as talk:
        event = await talk.event()
        return int(event["code"]) if event["type"] == "websocket.close" else None


def person(who: str) -> User | None:
    return None if who == "anonymous" else make_staff(*({who} & ROLES.keys()))
