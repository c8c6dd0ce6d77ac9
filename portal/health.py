"""Is the portal alive, and can it do its work? Asked by the supervisor, balancers and people."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.asyncio import Redis

from analytics.ingest.state import lag
from portal.lib import clock
from portal.store.probe import ask_engine as ask_engine_itself

TIME_LIMIT_S = 2.0
LAG_LIMIT_S = 30.0  # accepted events are promised in every answer within 5 s

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dependency:
    """`needed` means: without it the portal answers nothing useful and is not ready.

    The probe raises when it is down; what it returns stands beside its state.
    """

    name: str
    probe: Callable[[], Awaitable[dict[str, float]]]
    needed: bool


@dataclass(frozen=True)
class Finding:
    dependency: Dependency
    is_up: bool
    latency_ms: float
    figures: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        state = "ok" if self.is_up else "down"
        return {"state": state, "latency_ms": round(self.latency_ms, 1), **self.figures}


@require_safe
@never_cache
async def alive(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process does; asks nothing of any dependency."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
async def ready(request: HttpRequest) -> JsonResponse:
    """Say how each dependency is: 503 when one is down that nothing works without."""
    findings = await asyncio.gather(*(look_at(dependency) for dependency in DEPENDENCIES))
    status = summary(findings)
    body = {
        "status": status,
        "checks": {finding.dependency.name: finding.as_json() for finding in findings},
    }
    return JsonResponse(body, status=503 if status == "down" else 200)


def summary(findings: list[Finding]) -> str:
    """Return ok, degraded (slower or less live, but everything answers) or down."""
    missing = [finding.dependency for finding in findings if not finding.is_up]
    if any(dependency.needed for dependency in missing):
        return "down"
    return "degraded" if missing else "ok"


async def look_at(dependency: Dependency) -> Finding:
    started = time.perf_counter()
    figures: dict[str, float] = {}
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            figures = await dependency.probe()
        is_up = True
    except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the answer says "down"
        log.warning(
            "A dependency does not answer.",
            extra={"dependency": dependency.name, "reason": type(error).__name__},
        )
        is_up = False
    return Finding(dependency, is_up, (time.perf_counter() - started) * 1000, figures)


async def ask_postgresql() -> dict[str, float]:
    # A connection of its own: it must tell the truth when the pool is exhausted or stale.
    async with await psycopg.AsyncConnection.connect(
        settings.DATABASE_URL, connect_timeout=int(TIME_LIMIT_S), autocommit=True
    ) as connection:
        await connection.execute("SELECT 1")
    return {}


async def ask_valkey() -> dict[str, float]:
    async with Redis.from_url(
        settings.CACHES["default"]["LOCATION"], socket_connect_timeout=TIME_LIMIT_S
    ) as client:
        await client.ping()
    return {}


async def ask_engine() -> dict[str, float]:
    await asyncio.to_thread(ask_engine_itself, timeout_s=TIME_LIMIT_S)
    return {}


async def ask_writer() -> dict[str, float]:
    """Ask how long the oldest accepted batch waits; events are safe in the spool meanwhile."""
    waits_s = await asyncio.to_thread(lag, clock.now())
    if waits_s > LAG_LIMIT_S:
        raise TimeoutError(waits_s)
    return {"lag_s": round(waits_s, 1)}


DEPENDENCIES = (
    Dependency("postgresql", ask_postgresql, needed=True),
    Dependency("valkey", ask_valkey, needed=False),
    Dependency("engine", ask_engine, needed=True),
    Dependency("writer", ask_writer, needed=False),
)
