"""A door and a writer over a spool of the test's own, the real engine and the real database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import Response
from pytest_django import Settings

from analytics.ingest import actions, keys, spool
from analytics.ingest.intake import Intake
from analytics.ingest.keys import KeyHolder, Keys
from analytics.ingest.models import Source
from analytics.ingest.writer import Writer
from analytics.series import metadata
from analytics.series.announcing import announcer
from portal.lib import clock
from portal.lib.secrets import digest_of
from portal.store import client
from portal.store.query import Query

KEY = f"pik_shop0000_{'x' * 43}"
TABLES = ("events", "event_ids", "person_overrides", "person_properties")


@pytest.fixture
def engine(store_schema: None) -> None:
    """Empty the event tables."""
    for table in TABLES:
        client.command(f"TRUNCATE TABLE {table}")


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def writer(data_dir: Path, engine: None, transactional_db: None) -> Iterator[Writer]:
    made = Writer(spool.Spool(spool.path()))
    yield made
    made.spool.close()


@pytest.fixture
def source(transactional_db: None) -> Source:
    return actions.create_source(None, name="shop", service="web", environment="test")


@pytest.fixture
def key(source: Source) -> str:
    _, text = actions.create_key(None, source)
    return text


async def nothing_behind(scope: Any, receive: Any, send: Any) -> None:
    """Stand for Django: what is no intake goes on to it."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


class DoorClient:
    """Speaks to an intake that runs in an event loop of its own, as under uvicorn."""

    def __init__(self, key: str) -> None:
        self.intake = Intake(nothing_behind)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def post(self, body: Any = None, path: str = "/api/v1/events", **options: Any) -> Response:
        """Send JSON, or `content` as it is."""
        return self.request("POST", path, json=body, **options)

    def send(self, *events: dict[str, Any], **batch: Any) -> dict[str, Any]:
        """Send events and return the answer, which must be 200."""
        answer = self.post({"events": events, **batch})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def request(self, method: str, path: str, **options: Any) -> Response:
        options["headers"] = self._headers | options.get("headers", {})
        return asyncio.run_coroutine_threadsafe(
            self._request(method, path, options), self._loop
        ).result(timeout=30)

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> Response:
        transport = httpx.ASGITransport(app=self.intake)
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as opened:
            return await opened.request(method, path, **options)

    def close(self) -> None:
        self.intake.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def door(data_dir: Path, request: pytest.FixtureRequest) -> Iterator[DoorClient]:
    """Open a client that holds the key of source "shop".

    A test that asks for nothing of the database gets a key that is in none, which is faster.
    """
    has_database = "transactional_db" in request.fixturenames
    made = DoorClient(request.getfixturevalue("key") if has_database else KEY)
    if not has_database:
        known = {digest_of(KEY): KeyHolder(1, "shop", "web", "test", None)}
        made.intake.door.keys = Keys(keys.file(), lambda: known)
    yield made
    made.close()


def write_all(writer: Writer) -> None:
    """Bring everything that is in the spool into the engine."""
    while writer.round(clock.now(), is_last=True):
        pass


def rows(sql: str, **params: object) -> list[tuple[Any, ...]]:
    return client.run(Query(sql, params)).rows()


@pytest.fixture
def samples_tables(store_schema: None) -> None:
    """Empty the tables of samples."""
    for table in ("series", "samples", "samples_5m", "samples_1h", "metric_metadata"):
        client.command(f"TRUNCATE TABLE {table}")
    announcer.forget()
    metadata._told.clear()
