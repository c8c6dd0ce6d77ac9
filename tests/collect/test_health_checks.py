"""Health checks: what is asked, what is kept, and what it looks like while something is away."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pytest_django.fixtures import Settings

from analytics.collect.health import checking, history, standing
from analytics.collect.health.checking import RESPONSE_TIME, STATUS, Rounds
from analytics.collect.health.checks import Check, every
from portal.celery import app
from portal.lib.env import Env, Misconfigured
from portal.lib.ticking import AllTicks, Ticks
from portal.store import client
from portal.store.client import EngineUnavailable
from portal.store.query import Query
from tests.conftest import PageClient
from tests.people import People

OWN = ("postgresql", "valkey", "engine")
AT = datetime.now(tz=UTC).replace(minute=10, second=30, microsecond=0) - timedelta(days=2)
ROUND = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path, store_schema: None) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def check() -> str:
    """Return a check's name that no other test uses: the engine's tables are shared."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def service() -> Iterator[dict[str, int | str]]:
    """Serve an address whose status is to taste."""
    told: dict[str, int | str] = {"status": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(told["status"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told["url"] = f"http://127.0.0.1:{server.server_port}/alive?token=secret"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def kept(check: str) -> dict[str, dict[datetime, float]]:
    """Return what was kept of a check: a metric's values by their times."""
    rows = client.run(
        Query(
            "SELECT name, ts, value FROM samples FINAL INNER JOIN (SELECT * FROM series FINAL)"
            " AS known ON samples.series = known.id WHERE labels['check'] = {check:String}",
            {"check": check},
        )
    ).rows()
    found: dict[str, dict[datetime, float]] = {STATUS: {}, RESPONSE_TIME: {}}
    for name, ts, value in rows:
        found[name][ts] = value
    return found


def failing() -> None:
    raise ConnectionError("refused")


def test_the_portals_own_servers_are_checked_and_named_services_as_well(
    settings: Settings, service: dict[str, int | str], check: str
) -> None:
    settings.HEALTH_CHECKS = {check: service["url"]}

    results = {one.name: one for one in Rounds().go(AT)}

    assert set(results) == {*OWN, check}
    assert all(one.is_up and one.took_s is not None for one in results.values()), results
    assert kept(check)[STATUS] == {AT: 1.0}
    assert 0 < kept(check)[RESPONSE_TIME][AT] < 10
    assert "secret" not in results[check].about


def test_an_answer_that_says_something_is_wrong_fails_with_its_time(
    settings: Settings, service: dict[str, int | str], check: str
) -> None:
    settings.HEALTH_CHECKS = {check: service["url"]}
    service["status"] = 503

    Rounds().go(AT)

    found = next(one for one in standing.read() if one.name == check)
    assert (found.is_up, found.problem) == (False, "127.0.0.1 answered 503.")
    assert kept(check)[STATUS] == {AT: 0.0}
    assert AT in kept(check)[RESPONSE_TIME]


def test_no_answer_has_no_time_which_is_a_gap_and_no_zero(check: str) -> None:
    Rounds(lambda: [Check(check, "It answers.", failing)]).go(AT)

    assert kept(check) == {STATUS: {AT: 0.0}, RESPONSE_TIME: {}}


def test_a_server_that_is_away_fails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATABASE_URL = "postgresql://nobody@127.0.0.1:1/none"
    settings.CLICKHOUSE_URL = "http://127.0.0.1:1/none"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    monkeypatch.setattr(checking, "write", lambda *a, **k: [])
    monkeypatch.setattr("analytics.series.metadata.write", lambda *a: None)

    results = Rounds(lambda: every()[:3]).go(AT)

    assert [one.is_up for one in results] == [False] * 3
    assert all(one.problem.startswith("It does not answer") for one in results)


def test_since_when_it_fails_is_told_and_only_a_change_is_logged(
    check: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([None, ConnectionError(), ConnectionError(), None])

    def ask() -> None:
        if (problem := next(answers)) is not None:
            raise problem

    rounds = Rounds(lambda: [Check(check, "It answers.", ask)])
    with caplog.at_level("INFO"):
        for number in range(3):
            rounds.go(AT + number * ROUND)
        [failed] = standing.read()
        rounds.go(AT + 3 * ROUND)

    assert (failed.is_up, failed.since) == (False, AT + ROUND)
    assert [one.message for one in caplog.records if "health check" in one.message] == [
        "A health check fails.",
        "A health check is well again.",
    ]


def test_a_round_that_is_done_twice_counts_once(check: str) -> None:
    Rounds(lambda: [Check(check, "It answers.", lambda: None)]).go(AT)
    Rounds(lambda: [Check(check, "It answers.", failing)]).go(AT)

    assert kept(check)[STATUS] == {AT: 1.0}


def test_while_the_engine_is_away_results_wait_and_keep_their_times(
    check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds(lambda: [Check(check, "It answers.", failing)])

    def away(*args: object, **kwargs: object) -> None:
        raise EngineUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(checking, "write", away)
        rounds.go(AT)
        rounds.go(AT + ROUND)
    early = kept(check)[STATUS]
    rounds.go(AT + 2 * ROUND)

    assert early == {}
    assert kept(check)[STATUS] == {AT: 0.0, AT + ROUND: 0.0, AT + 2 * ROUND: 0.0}


def test_one_that_hangs_delays_no_other_and_is_not_asked_twice(
    check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "PATIENCE_S", 0.05)
    asked: list[int] = []
    let_go = threading.Event()

    def hang() -> None:
        asked.append(1)
        let_go.wait(10)

    rounds = Rounds(
        lambda: [Check(check, "It hangs.", hang), Check(f"{check}-b", "It answers.", lambda: None)]
    )
    first, second = rounds.go(AT), rounds.go(AT + ROUND)
    let_go.set()

    assert [one.is_up for one in first] == [one.is_up for one in second] == [False, True]
    assert len(asked) == 1


@pytest.mark.django_db
def test_the_page_shows_what_fails_and_says_when_nobody_checks_any_more(
    browse: PageClient, people: People, check: str
) -> None:
    viewer = browse(people.viewer)
    empty = viewer.get("/health/").content.decode()
    now = datetime.now(tz=UTC)
    Rounds(lambda: [Check(check, "It answers.", failing)]).go(now - timedelta(seconds=20))
    fresh = viewer.get("/health/").content.decode()
    line = viewer.get("/status/").content.decode()
    metrics = viewer.get("/metrics").content.decode()
    Rounds(lambda: [Check(check, "It answers.", failing)]).go(now - timedelta(minutes=5))
    old = viewer.get("/health/").content.decode()

    assert "Nothing was checked yet" in empty
    assert "It does not answer (ConnectionError)." in fresh
    assert "1 of 1 fail" in fresh
    assert f'{STATUS}{{check="{check}"}} 0.0' in metrics
    assert "Nothing was checked since" in old
    assert STATUS + "{" not in viewer.get("/metrics").content.decode()
    assert "health check" in line or "Data as of" in line


def test_the_page_tells_the_time_of_the_portals_zone_and_draws_the_whole_day(
    browse: PageClient, people: People, check: str, settings: Settings
) -> None:
    settings.PORTAL_TIME_ZONE = "Asia/Bangkok"
    now = datetime.now(tz=UTC)
    Rounds(lambda: [Check(check, "It answers.", failing)]).go(now)

    page = browse(people.viewer).get("/health/").content.decode()
    axis = history.drawn(now, ZoneInfo("Asia/Bangkok"))["layout"]["xaxis"]

    assert set(re.findall(r'data-zone="([^"]*)"', page)) == {"Asia/Bangkok"}
    begin, end = (datetime.fromisoformat(one) for one in axis["range"])
    assert end - begin == timedelta(hours=24)
    assert end.hour == (now.hour + 7) % 24


def test_a_wrong_setting_stops_the_start_and_names_what_it_should_be() -> None:
    def read(text: str) -> dict[str, str]:
        return Env({"PORTAL_HEALTH_CHECKS": text}).addresses("PORTAL_HEALTH_CHECKS", OWN)

    assert read("") == {}
    assert read("pay=https://api.example.com/h, mail=http://mail:8025/") == {
        "pay": "https://api.example.com/h",
        "mail": "http://mail:8025/",
    }
    for wrong in (
        "https://api.example.com", "pay=", "pay=ftp://x", "engine=https://x", "pay=https://",
        "pay=https://x,pay=https://y", "Pay=https://x", "pay=https://me:hidden@x/",
    ):  # fmt: skip
        with pytest.raises(Misconfigured, match="should be pairs such as") as problem:
            read(wrong)
        assert "hidden" not in str(problem.value)


def test_ticks_come_at_exact_times_and_outlive_what_the_job_raises() -> None:
    came: list[datetime] = []
    enough = threading.Event()

    def job(at: datetime) -> None:
        came.append(at)
        if len(came) == 2:
            enough.set()
        raise ValueError("broken")

    ticks = Ticks("test", job, every_s=1)
    ticks.start()
    assert enough.wait(10)
    ticks.stop()

    assert not ticks.is_alive()
    assert all(at.microsecond == 0 for at in came)
    assert came[1] - came[0] >= timedelta(seconds=1)


def test_the_job_stands_in_the_table_of_ticks_and_runs_every_thirty_seconds() -> None:
    table = app.conf.portal_ticks

    assert table["check health"]["every_s"] == 30
    AllTicks(table).stop()
