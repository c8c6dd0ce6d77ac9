"""Queries of a request end with its client, and may run as long as the client's roles allow."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from portal.accounts.access import require
from portal.lib.asker import Asker, CancelsWhenGone, asking, current
from portal.store import client
from portal.store.query import Query
from tests.people import People

ENDLESS = Query("SELECT count() FROM system.numbers WHERE NOT ignore(number)")


def test_a_query_ends_when_its_client_goes(store_schema: None) -> None:
    failed: list[client.QueryFailed] = []

    def work() -> None:
        try:
            client.run(ENDLESS)
        except client.QueryFailed as problem:
            failed.append(problem)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asker = current()
        assert asker is not None
        working = asyncio.create_task(asyncio.to_thread(work))
        while not asker.left():  # noqa: ASYNC110  # a query tells nobody that it begins
            await asyncio.sleep(0)
        await receive()  # as Django listens for the client's end
        await working

    async def gone() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def nowhere(_: MutableMapping[str, Any]) -> None:
        raise AssertionError("nobody is there to hear it")

    asyncio.run(CancelsWhenGone(app, client.cancel)({"type": "http"}, gone, nowhere))

    assert [problem.code for problem in failed] == [client.CANCELLED]


def test_nothing_more_is_asked_for_a_client_that_has_gone(store_schema: None) -> None:
    asker = Asker()
    asker.leave()

    with asking(asker), pytest.raises(client.QueryFailed) as problem:
        client.run(Query("SELECT 1"))

    assert problem.value.code == client.CANCELLED


def test_a_query_may_run_as_long_as_the_roles_allow(people: People) -> None:
    found = []
    for user in (people.viewer, people.analyst, people.admin):
        asker = Asker()
        with asking(asker):
            require(user, "insights.explore")
        found.append(asker.time_limit)

    assert found == [timedelta(seconds=seconds) for seconds in (30, 60, 120)]
