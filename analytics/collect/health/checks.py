"""What is checked, and how one check goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from portal.lib import http
from portal.lib.http import Call, Failed, Limits, Refused
from portal.store.probe import ask_engine

OWN_PATIENCE_S = 5.0
PATIENCE_S = 10.0
MOST_BYTES = 1 << 20
WRONG = (psycopg.Error, RedisError, OSError, Failed, Refused)


class Unwell(Exception):
    """It answered, and said that something is wrong."""


@dataclass(frozen=True)
class Check:
    """`ask` raises when it is not well. `about` says in words what is asked."""

    name: str
    about: str
    ask: Callable[[], None]


@dataclass(frozen=True)
class Result:
    """How a check went. `took_s` is how long the answer took; None: there was none."""

    name: str
    about: str
    is_up: bool
    took_s: float | None
    problem: str = ""


def every() -> list[Check]:
    """Return the portal's own servers, and the services that the settings name."""
    return [
        Check("postgresql", "The database answers a query.", ask_postgresql),
        Check("valkey", "The cache and the broker answer a ping.", ask_valkey),
        Check(
            "engine", "The engine answers a query.", partial(ask_engine, timeout_s=OWN_PATIENCE_S)
        ),
        *(
            Check(name, f"{shown(url)} answers 200 to 399.", partial(ask_service, url))
            for name, url in settings.HEALTH_CHECKS.items()
        ),
    ]


def carried_out(check: Check) -> Result:
    """Do one check. Never raises."""
    began = time.perf_counter()
    try:
        check.ask()
    except Unwell as problem:
        return Result(check.name, check.about, False, time.perf_counter() - began, str(problem))
    except WRONG as problem:
        return Result(check.name, check.about, False, None, words_of(problem))
    return Result(check.name, check.about, True, time.perf_counter() - began)


def words_of(problem: Exception) -> str:
    """Say what went wrong in one line, without an address's password or query."""
    if isinstance(problem, Failed | Refused):
        return str(problem).splitlines()[0][:300]
    return f"It does not answer ({type(problem).__name__})."


def ask_postgresql() -> None:
    # A connection of its own: it must tell the truth when the pool is exhausted or stale.
    with psycopg.connect(
        settings.DATABASE_URL,
        connect_timeout=int(OWN_PATIENCE_S),
        autocommit=True,
        options=f"-c statement_timeout={int(OWN_PATIENCE_S * 1000)}",
    ) as connection:
        connection.execute("SELECT 1")


def ask_valkey() -> None:
    with Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_connect_timeout=OWN_PATIENCE_S,
        socket_timeout=OWN_PATIENCE_S,
    ) as client:
        client.ping()


def ask_service(url: str) -> None:
    """Ask an address that the operator named. Raises Unwell, http.Failed, http.Refused."""
    host = urlsplit(url).hostname or ""
    answer = http.request(
        Call("GET", url), limits=Limits(timeout_s=PATIENCE_S, max_bytes=MOST_BYTES), named=(host,)
    )
    if not 200 <= answer.status < 400:
        raise Unwell(f"{host} answered {answer.status}.")


def shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
