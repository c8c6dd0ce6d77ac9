"""The demo's commands against a running portal: in through the door, and out again."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.running import RunningPortal, eventually, running_portal, trend

pytestmark = [pytest.mark.slow]  # one portal for all


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    with running_portal(tmp_path_factory.mktemp("sample"), "--no-demo") as found:
        yield found


@pytest.fixture(autouse=True)
def without_sample(portal: RunningPortal) -> None:
    """Take out what another test loaded: they run in any order."""
    if (portal.data_dir / "run" / "demo.json").exists():
        portal.command("remove_demo")


@pytest.fixture(scope="module")
def token(portal: RunningPortal) -> str:
    portal.command("create_staff", "own@example.org", "--role", "analyst")
    return portal.command("create_token", "own@example.org")


def totals(portal: RunningPortal, token: str, until: datetime, *names: str) -> list[float]:
    answer = trend(
        portal, token, refresh=True, interval="day",
        series=[{"event": name, "math": "total"} for name in names],
        **{"from": (until - timedelta(days=10)).isoformat(), "to": until.isoformat()},
    )  # fmt: skip
    return [series["total"] for series in answer["series"]]


def told(portal: RunningPortal, token: str, query: str) -> float:
    """Return what a PromQL query adds up to now."""
    answer = httpx.get(
        f"{portal.url}/prometheus/api/v1/query",
        params={"query": f"sum({query})"},
        headers={"Authorization": f"Bearer {token}"},
    )
    return sum(float(one["value"][1]) for one in answer.json()["data"]["result"])


def send_own(portal: RunningPortal) -> None:
    key = portal.command("create_source", "own")
    answer = httpx.post(
        f"{portal.url}/api/v1/events",
        json={"events": [{"name": "page_view", "userId": "real", "id": "own-1"}]},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.json()["accepted"] == 1


def can_log_in(portal: RunningPortal, email: str, password: str) -> bool:
    with httpx.Client(base_url=portal.url) as http:
        page = http.get("/accounts/login/")
        cookie = next(value for name, value in page.cookies.items() if name.endswith("csrf"))
        answer = http.post(
            "/accounts/login/",
            data={"login": email, "password": password, "csrfmiddlewaretoken": cookie},
            headers={"Referer": f"{portal.url}/accounts/login/"},
        )
        return answer.status_code == 302


def test_the_sample_company_comes_in_whole_and_leaves_without_a_trace(
    portal: RunningPortal, token: str
) -> None:
    send_own(portal)
    own_at = datetime.now(tz=UTC)

    def own() -> list[float]:
        return totals(portal, token, own_at, "page_view")

    eventually(lambda: own() == [1], within_s=15, what="the own event")

    said = portal.command("load_demo", "--url", portal.url, "--days", "3")

    loaded_at = datetime.now(tz=UTC)
    views, purchases = totals(portal, token, loaded_at, "page_view", "purchase")
    login = portal.login("viewer")
    assert "0 known already, 0 rejected" in said
    assert views > 5_000
    assert purchases > 50
    assert can_log_in(portal, *login)
    sold, failed = (
        "increase(tanqory_revenue_total[24h])",
        'increase(tanqory_errors_total{job="shop"}[1d])',
    )
    assert told(portal, token, sold) > 1_000
    eventually(lambda: told(portal, token, failed) > 10, within_s=30, what="the shop's errors")

    portal.command("remove_demo")

    assert told(portal, token, sold) == 0
    assert told(portal, token, 'last_over_time({job="shop"}[2d])') == 0

    assert totals(portal, token, loaded_at, "page_view", "purchase") == [1, 0]
    assert own() == [1]
    assert not can_log_in(portal, *login)
    assert not (portal.data_dir / "run" / "demo-logins.txt").exists()
    assert not (portal.data_dir / "run" / "demo.json").exists()


def test_an_interrupted_load_goes_on_and_doubles_nothing(portal: RunningPortal, token: str) -> None:
    begun_at = datetime.now(tz=UTC)  # what lies later, the second load rightly adds to
    portal.command("load_demo", "--url", portal.url, "--days", "1")
    before = totals(portal, token, begun_at, "app_opened", "purchase")
    noted = portal.data_dir / "run" / "demo.json"
    noted.write_text(json.dumps(json.loads(noted.read_text()) | {"is_complete": False}))

    said = portal.command("load_demo", "--url", portal.url)

    assert "0 rejected" in said
    assert totals(portal, token, begun_at, "app_opened", "purchase") == before
    assert "already" in portal.command("load_demo", "--url", portal.url)


def test_logins_are_for_the_owners_eyes_and_one_for_each_role(portal: RunningPortal) -> None:
    portal.command("load_demo", "--url", portal.url, "--days", "1")
    logins = portal.data_dir / "run" / "demo-logins.txt"

    roles = [line.split()[0] for line in logins.read_text().splitlines()]

    assert roles == ["viewer", "analyst", "editor", "responder", "admin", "auditor"]
    assert stat.S_IMODE(logins.stat().st_mode) == 0o600
    assert stat.S_IMODE((portal.data_dir / "run" / "demo.json").stat().st_mode) == 0o600


def test_once_removed_it_stays_out_on_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "demo-removed").touch()

    with running_portal(tmp_path) as found:
        assert "trickle" not in found.processes()
        assert not (tmp_path / "run" / "demo.json").exists()
