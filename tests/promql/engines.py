"""A database of the engine that one test file has for itself, where samples may be as old as 1970."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from analytics.series.announcing import announcer
from analytics.series.identity import Series
from analytics.series.matching import Matcher
from analytics.series.reading import EngineStorage, Found
from analytics.series.sql.lookups import Sets
from portal.store import client, migrate

WORLD = "world_of_the_test"


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """Let the portal use a database of its own, in which nothing is ever too old."""
    before = settings.CLICKHOUSE_URL
    database = f"{name}_{os.getpid()}"
    client.command(f"CREATE DATABASE {database}")
    settings.CLICKHOUSE_URL = urlunsplit(urlsplit(before)._replace(path=f"/{database}"))
    announcer.forget()
    try:
        for file in migrate.pending():
            migrate.apply(file)
        client.command("ALTER TABLE samples REMOVE TTL")
        yield
    finally:
        settings.CLICKHOUSE_URL = before
        announcer.forget()
        client.command(f"DROP DATABASE {database}")


@dataclass(frozen=True)
class OneWorld(EngineStorage):
    """Sees only the series that bear one number in the label WORLD, and none of that label.

    So that all that a file of cases loads one after the other is stored at once.
    """

    number: ClassVar[str] = ""

    def find(self, sets: Sets, start_ms: int, end_ms: int, *, limit: int = 0) -> Found:
        here = Matcher(WORLD, "=", self.number)
        found = super().find([[*one, here] for one in sets], start_ms, end_ms, limit=limit)
        return Found(found.ids, {key: outside(one) for key, one in found.series.items()})


def inside(series: Series, number: str) -> Series:
    return Series.of(series.name, dict(series.labels), {WORLD: number})


def outside(series: Series) -> Series:
    return Series(series.name, tuple(label for label in series.labels if label[0] != WORLD))
