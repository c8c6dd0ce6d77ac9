"""An engine of the test process's own, and a fresh database per test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from tests.store.engines import EngineProcess, running_engine

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with running_engine(tmp_path_factory.mktemp("engine")) as process:
        yield process


@pytest.fixture
def database(engine: EngineProcess) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with engine.client() as client:
        client.command(f"CREATE DATABASE {name}")
        yield name
        client.command(f"DROP DATABASE {name}")


@pytest.fixture
def client(engine: EngineProcess, database: str) -> Iterator[Client]:
    with engine.client(database) as opened:
        yield opened
