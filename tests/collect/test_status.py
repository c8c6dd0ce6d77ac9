"""The status line: true, cheap, and there when things are down."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from analytics.collect import status
from analytics.ingest.spool import Entry, Spool
from tests.conftest import PageClient
from tests.people import People

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    (tmp_path / "run").mkdir()
    return tmp_path


def keep_batch(data_dir: Path, age_s: float) -> None:
    """Let a batch wait in the spool that came `age_s` before NOW."""
    arrived = (NOW - timedelta(seconds=age_s)).timestamp()
    spool = Spool(data_dir / "spool" / "events.sqlite3")
    spool.append([Entry(source=1, received_at=int(arrived * 1e6), events=1, body=b"x")])
    spool.close()


def test_data_is_as_of_now_when_nothing_waits(data_dir: Path) -> None:
    found = status.read(NOW)

    assert (found.as_of, found.intake_lag_s) == (NOW, 0)


def test_data_is_as_of_the_oldest_batch_that_waits(data_dir: Path) -> None:
    keep_batch(data_dir, 42)
    keep_batch(data_dir, 3)

    found = status.read(NOW)

    assert found.intake_lag_s == pytest.approx(42)
    assert found.as_of == NOW - timedelta(seconds=42)


def test_a_spool_that_cannot_be_read_leaves_the_lag_unknown(data_dir: Path) -> None:
    (data_dir / "spool").mkdir()
    (data_dir / "spool" / "events.sqlite3").write_bytes(b"this is no database" * 1000)

    assert status.read(NOW).intake_lag_s is None


def test_only_living_workers_count(data_dir: Path) -> None:
    listed = [
        {"name": "web", "pid": os.getpid()},
        {"name": "worker", "pid": 2**22 + 1},
        {"name": "postgres", "pid": os.getpid()},
    ]
    (data_dir / "run" / "processes.json").write_text(json.dumps(listed))

    assert status.read(NOW).workers == 1


def test_an_engine_that_is_away_is_said_to_be(data_dir: Path, settings: Settings) -> None:
    assert status.read(NOW).engine_ok
    settings.CLICKHOUSE_URL = "http://127.0.0.1:9/nothing"

    assert not status.read(NOW).engine_ok


@pytest.mark.django_db
def test_staff_see_the_line_and_visitors_do_not(browse: PageClient, people: People) -> None:
    seen = browse(people.auditor).get("/status/")

    assert seen.status_code == 200
    assert b"Data as of" in seen.content
    assert browse(None).get("/status/").status_code in {302, 401}
