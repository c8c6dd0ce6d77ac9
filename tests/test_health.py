"""Alive and ready, as the supervisor and a balancer ask."""

from __future__ import annotations

import pytest
from django.test import Client

from portal import health
from portal.health import Dependency, Finding, summary

NEEDED = Dependency("needed", health.ask_postgresql, needed=True)
HELPFUL = Dependency("helpful", health.ask_valkey, needed=False)
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def finding(dependency: Dependency, *, is_up: bool) -> Finding:
    return Finding(dependency, is_up, latency_ms=1.0)


def test_alive_asks_nobody() -> None:
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_names_each_dependency_with_its_latency() -> None:
    answer = Client().get("/readyz")

    checks = answer.json()["checks"]
    assert answer.status_code == 200
    assert set(checks) >= {"postgresql", "valkey", "engine", "writer"}
    assert all(check["state"] == "ok" and check["latency_ms"] >= 0 for check in checks.values())


def test_not_ready_without_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.conf.settings.DATABASE_URL", NOWHERE)

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["postgresql"]["state"] == "down"


def test_not_ready_without_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.conf.settings.CLICKHOUSE_URL", "http://127.0.0.1:1/portal")

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (503, "down")


@pytest.mark.parametrize(
    ("needed", "helpful", "status"),
    [
        (True, True, "ok"),
        (True, False, "degraded"),
        (False, True, "down"),
        (False, False, "down"),
    ],
)
def test_what_only_helps_makes_it_degraded_not_down(
    needed: bool, helpful: bool, status: str
) -> None:
    findings = [finding(NEEDED, is_up=needed), finding(HELPFUL, is_up=helpful)]

    assert summary(findings) == status


def test_a_writer_that_lags_makes_it_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "lag", lambda now: 120.0)

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["writer"]["state"] == "down"
