"""What is older than it is to be kept is deleted, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from analytics.ingest import actions as ingest
from analytics.ingest.models import Quarantined, RetentionRule, Source
from analytics.ingest.writer import Writer
from analytics.privacy import actions, retention
from analytics.series.models import Kept
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store import client
from portal.store.models import Epoch
from portal.store.query import Query
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.ingest.conftest import DoorClient, rows, write_all
from tests.running import eventually

METRICS = ("samples", "samples_5m", "samples_1h")


def kept(
    data_set: str, days: int, source: Source | None = None, *, on: bool = True
) -> RetentionRule:
    admin = make_staff("admin")
    given = {"data_set": data_set, "source": source, "days": days}
    row = actions.save_retention(admin, given, clock.now())
    if on:
        actions.switch_retention(admin, row, on=True)
    return row


def run(now: datetime | None = None) -> None:
    """Let all rules that are due come to their end."""

    def is_over() -> bool:
        retention.apply(now or clock.now())
        return not RetentionRule.objects.filter(deleting_at__isnull=False).exists()

    eventually(is_over, within_s=30, what="the engine has deleted")


def aged(days: int, name: str) -> dict[str, Any]:
    at = clock.now() - timedelta(days=days)
    return {"id": name, "name": name, "timestamp": at.isoformat()}


def names() -> set[str]:
    return {name for (name,) in rows("SELECT DISTINCT name FROM events")}


def test_only_what_is_older_goes_and_the_space_is_counted(door: DoorClient, writer: Writer) -> None:
    door.send(aged(400, "old"), aged(100, "older"), aged(80, "young"), aged(0, "today"))
    write_all(writer)
    before = Epoch.current().rewrites
    row = kept("events", 90)
    assert retention.old(row, clock.now()).rows == 2

    run()

    row.refresh_from_db()
    assert names() == {"young", "today"}
    assert (row.deleted_rows, row.freed_bytes > 0, row.trouble) == (2, True, "")
    assert Epoch.current().rewrites > before
    assert AuditEntry.objects.get(action="retention.run").after["deleted_rows"] == 2  # type: ignore[index]  # not null
    assert retention.old(row, clock.now()).rows == 0


def test_a_source_with_a_rule_of_its_own_is_left_alone_by_the_rule_for_all(
    door: DoorClient, writer: Writer, source: Source
) -> None:
    other = ingest.create_source(None, name="other")
    door.send(aged(400, "shop-400"), aged(100, "shop-100"), aged(10, "shop-10"))
    write_all(writer)
    client.command(
        "INSERT INTO events (day, name, ts, source)"
        f" SELECT toDate32(now() - INTERVAL 100 DAY), 'other-100', now() - INTERVAL 100 DAY, {other.pk}"
    )
    kept("events", 300, source)
    kept("events", 30)

    run()

    assert names() == {"shop-100", "shop-10"}


def test_a_rule_that_is_off_deletes_nothing_and_one_runs_once_a_day(
    door: DoorClient, writer: Writer
) -> None:
    row = kept("events", 30, on=False)
    door.send(aged(100, "first"))
    write_all(writer)
    run()
    assert names() == {"first"}
    actions.switch_retention(make_staff("admin"), row, on=True)
    run()
    assert names() == set()

    door.send(aged(100, "second"))
    write_all(writer)
    run()
    assert names() == {"second"}
    run(clock.now() + timedelta(hours=21))
    assert names() == set()


def test_old_rejected_events_go(writer: Writer, source: Source) -> None:
    for days in (5, 50):
        Quarantined.objects.create(
            source=source, origin=f"x-{days}", index=0, field="name", message="", event="{}",
            received_at=clock.now() - timedelta(days=days),
        )  # fmt: skip
    kept("quarantine", 30, source)

    run()

    assert [one.origin for one in Quarantined.objects.all()] == ["x-5"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"data_set": "events", "source": None, "days": 0}, "days"),
        ({"data_set": "samples", "source": None, "days": 401}, "days"),
        ({"data_set": "x", "source": None, "days": 3}, "data_set"),
    ],
)
def test_wrong_rules_are_refused_by_their_field(
    transactional_db: None, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        actions.save_retention(make_staff("admin"), given, clock.now())

    assert refused.value.field == field


def test_the_page_says_what_would_go_and_a_change_switches_off(
    door: DoorClient, writer: Writer, browse: PageClient
) -> None:
    door.send(aged(100, "old"), aged(1, "young"))
    write_all(writer)
    page = browse(make_staff("admin"))

    page.post("/settings/privacy/retention/", {"data_set": "events", "days": "90"})
    again = page.post("/settings/privacy/retention/", {"data_set": "events", "days": "9"})
    row = RetentionRule.objects.get()
    page.post(f"/settings/privacy/retention/{row.pk}/switch/", {"on": "1"})
    page.post(f"/settings/privacy/retention/{row.pk}/", {"data_set": "events", "days": "95"})
    shown = page.get("/settings/privacy/retention/").text

    row.refresh_from_db()
    assert "There is a rule for this already" in again.text
    assert (row.days, row.is_on) == (95, False)
    assert "Switch on" in shown
    assert "95 days" in shown


def every(days: int, until: int, table: str = "samples") -> None:
    """Put samples, or buckets, each so many days, of so many before now, into the engine."""
    value = "value" if table == "samples" else "last"
    client.command(
        f"INSERT INTO {table} (series, ts, {value})"
        f" SELECT 7, now() - INTERVAL number * {days} DAY, 1 FROM numbers({until // days + 1})"
    )


def days_kept(table: str) -> float:
    sql = f"SELECT (toUnixTimestamp(now()) - toUnixTimestamp(min(ts))) / 86400 FROM {table}"
    return float(client.run(Query(sql)).value())


@pytest.fixture
def metrics(transactional_db: None, store_schema: None) -> None:
    for table in METRICS:
        client.command(f"TRUNCATE TABLE {table}")


def test_metrics_go_by_default_each_resolution_in_its_time(metrics: None) -> None:
    every(2, 34)
    every(10, 190, "samples_5m")
    every(10, 190, "samples_1h")
    for name in ("5m", "1h"):
        Kept.objects.create(resolution=name, until=clock.now())

    run()

    rules = {row.data_set: (row.days, row.is_on) for row in RetentionRule.objects.all()}
    assert rules == {
        "samples": (30, True), "samples_5m": (180, True), "samples_1h": (1826, True)
    }  # fmt: skip
    assert [round(days_kept(table)) for table in METRICS] == [30, 180, 190]
    gone = Kept.objects.get(resolution="raw").since
    assert gone is not None
    assert timedelta(days=31) < clock.now() - gone < timedelta(days=33)  # of what was deleted last
    assert RetentionRule.objects.get(data_set="samples").deleted_rows == 2


def test_an_admin_may_keep_metrics_longer_and_shorter(metrics: None) -> None:
    every(2, 34)
    every(2, 20, "samples_5m")
    for name in ("5m", "1h"):
        Kept.objects.create(resolution=name, until=clock.now())
    kept("samples", 32)
    kept("samples_5m", 7)

    run()

    assert [round(days_kept(table)) for table in METRICS[:2]] == [32, 6]


def test_samples_that_are_not_downsampled_yet_stay_however_old(metrics: None) -> None:
    every(2, 34)
    Kept.objects.create(resolution="5m", until=clock.now())
    Kept.objects.create(resolution="1h", until=clock.now() - timedelta(days=32))

    run()

    assert round(days_kept("samples")) == 32
