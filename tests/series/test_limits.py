"""A source may have so many series: what is new beyond is refused by name, what is there goes on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from analytics.series import limits
from analytics.series.announcing import announcer
from analytics.series.identity import Series
from analytics.series.instruments import refused_series
from analytics.series.limits import Refusal
from analytics.series.models import SeriesLimit
from analytics.series.writing import Batch, write
from portal.lib import clock
from portal.store import client
from portal.store.query import Query

pytestmark = pytest.mark.django_db
NOW = datetime.now(tz=UTC).replace(microsecond=0) - timedelta(minutes=10)
SOURCE = "scrape:shop"


@pytest.fixture(autouse=True)
def none_yet(engine_tables: None, settings: Settings) -> Iterator[None]:
    client.command("TRUNCATE TABLE series")
    restart()
    settings.MOST_SERIES_PER_SOURCE = 3
    yield
    restart()


def restart() -> None:
    """Forget what the process remembers, as a new one has it."""
    announcer.forget()
    limits.limits.forget()


def send(
    metric: str, shops: Sequence[int], source: str = SOURCE, *, minute: int = 0
) -> list[Refusal]:
    at = NOW + timedelta(minutes=minute)
    rows = [(Series.of(metric, {"shop": str(shop)}), 1.0) for shop in shops]
    return write(Batch.of_instant(rows, at), token=uuid.uuid4().hex, source=source)


def shops(metric: str, *, minute: int = 0) -> set[int]:
    sql = (
        "SELECT DISTINCT toInt64(labels['shop']) FROM samples INNER JOIN series"
        " ON samples.series = series.id WHERE name = {name:String} AND ts = {at:DateTime64(3)}"
    )
    at = NOW + timedelta(minutes=minute)
    return {shop for (shop,) in client.run(Query(sql, {"name": metric, "at": at})).rows()}


def test_what_is_new_beyond_the_limit_is_refused_and_named(metric: str) -> None:
    before = refused_series.labels(SOURCE)._value.get()
    assert send(metric, [1, 2]) == []

    (refusal,) = send(metric, [1, 2, 3, 4, 5], minute=1)

    assert refusal == Refusal(metric, 2, SOURCE, 3)
    assert str(refusal) == (
        f"scrape:shop has 3 live series, which is the limit: 2 new series of {metric} refused."
        " Drop a label, or have the limit raised under Cardinality."
    )
    assert shops(metric, minute=1) == {1, 2, 3}
    assert refused_series.labels(SOURCE)._value.get() == before + 2


def test_a_refused_series_is_refused_again_without_asking_the_engine(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(metric, [1, 2, 3, 4])
    monkeypatch.setattr(client, "run", lambda query: pytest.fail("asked the engine"))

    (again,) = send(metric, [1, 4], minute=1)

    assert again.series == 1


def test_after_a_restart_those_that_are_there_go_on_and_new_ones_are_refused(metric: str) -> None:
    send(metric, [1, 2, 3])
    restart()

    refused = send(metric, [4, 3, 2, 1], minute=1)

    assert [one.series for one in refused] == [1]
    assert shops(metric, minute=1) == {1, 2, 3}


def test_each_source_has_its_own_limit_and_the_portal_only_that_of_all(
    metric: str, settings: Settings
) -> None:
    settings.MOST_SERIES = 9
    assert send(metric, [1, 2, 3]) == []
    assert send(metric, [11, 12, 13], "intake:app") == []
    assert send(metric, [21, 22], limits.OWN) == []

    (own,) = send(metric, [23, 24], limits.OWN, minute=1)

    assert own == Refusal(metric, 1, limits.OWN, 9)
    assert str(own).startswith("All sources together have 9 live series")
    assert send(metric, [12], "intake:app", minute=2) == []


def test_a_source_may_be_allowed_more_or_less(metric: str, settings: Settings) -> None:
    settings.MOST_SERIES_PER_SOURCE = 5_000
    SeriesLimit.objects.create(source="intake:much", most=7_000, changed_at=clock.now())
    SeriesLimit.objects.create(source="intake:little", most=1_000, changed_at=clock.now())

    assert send(metric, range(7_000), "intake:much") == []
    assert sum(one.series for one in send(metric, range(7_000, 8_200), "intake:little")) == 200
    assert sum(one.series for one in send(metric, range(9_000, 14_001), "intake:other")) == 1


def test_a_series_that_nobody_sends_any_more_makes_room(metric: str) -> None:
    send(metric, [1, 2, 3])
    client.command(
        "ALTER TABLE series UPDATE heard_last = now() - INTERVAL 3 HOUR WHERE labels['shop'] = '1'",
        settings_={"mutations_sync": 1},
    )
    restart()

    refused = send(metric, [2, 3, 4, 5], minute=1)

    assert [one.series for one in refused] == [1]
    assert shops(metric, minute=1) == {2, 3, 4}
