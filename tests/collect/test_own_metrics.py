"""The named datasets: samples in, points out."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from analytics.collect.sources.own_metrics import OwnMetric, as_quantiles, by_label
from analytics.collect.sql import samples
from analytics.collect.sql.samples import Selection
from analytics.series.identity import Series
from analytics.series.samples import STALE
from analytics.series.writing import Batch, write
from portal.store.models import Epoch
from portal.store.query import TimeRange
from portal.store.sources import Question, sources

# Samples older than 30 days are dropped by the engine at once, so the past has to be near.
START = datetime.now(tz=UTC).replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=2)
EVERY = timedelta(seconds=10)


def keep(name: str, labels: dict[str, str], values: list[float | None]) -> None:
    """Write one value every 10 s from START; None is a sample that was missed."""
    for number, value in enumerate(values):
        if value is not None:
            at = START + number * EVERY
            write(
                Batch.of_instant([(Series.of(name, labels), value)], at),
                token=f"{name}{labels}{number}",
            )


def asked(metric: OwnMetric, *, slots: int) -> list[tuple[datetime, str, float]]:
    """Ask for the first `slots` of 10 s."""
    end = START + slots * EVERY
    question = Question({}, TimeRange(START, end), end, epoch=Epoch())
    return [tuple(row) for row in metric.run(question).rows()]


def rate_of(metric: str, by: str = "") -> OwnMetric:
    return OwnMetric(
        "t", "All", Selection(metric, by=by), samples.rate, by_label, "count/s", "As counted."
    )


def test_a_rate_is_the_increase_per_second_of_each_step(metric: str) -> None:
    keep(metric, {}, [100, 150, 150, 170])

    points = asked(rate_of(metric), slots=3)

    assert points == [
        (START, "All", 5.0),
        (START + EVERY, "All", 0.0),
        (START + 2 * EVERY, "All", 2.0),
    ]


def test_a_counter_that_began_again_counts_from_zero(metric: str) -> None:
    keep(metric, {}, [100, 120, 30, 40])

    values = [value for _, _, value in asked(rate_of(metric), slots=3)]

    assert values == [2.0, 3.0, 1.0]


def test_the_mark_that_a_series_ended_is_no_figure_of_it(metric: str) -> None:
    keep(metric, {"process": "web"}, [100, 150, STALE, 170])
    gauge = OwnMetric(
        "t", "All", Selection(metric, by="process"), samples.gauge, by_label, "bytes", "."
    )
    first, third = START, START + 2 * EVERY

    assert asked(rate_of(metric), slots=3) == [(first, "All", 5.0), (third, "All", 2.0)]
    assert asked(gauge, slots=3) == [(first, "web", 150.0), (third, "web", 170.0)]


def test_what_another_server_read_of_the_portal_and_sent_back_counts_only_once(
    metric: str,
) -> None:
    keep(metric, {}, [0, 10])
    keep(metric, {"job": "portal", "instance": "web"}, [0, 30])
    keep(metric, {"job": "prometheus", "instance": "portal.example.com"}, [0, 30])

    assert asked(rate_of(metric), slots=1) == [(START, "All", 4.0)]


def test_series_are_added_up_unless_told_apart_by_a_label(metric: str) -> None:
    keep(metric, {"code": "200", "route": "a"}, [0, 10])
    keep(metric, {"code": "200", "route": "b"}, [0, 20])
    keep(metric, {"code": "500", "route": "a"}, [0, 40])

    assert [point[1:] for point in asked(rate_of(metric), slots=1)] == [("All", 7.0)]
    assert [point[1:] for point in asked(rate_of(metric, by="code"), slots=1)] == [
        ("200", 3.0),
        ("500", 4.0),
    ]


def test_the_increase_over_any_steps_adds_up_to_a_plain_count(metric: str) -> None:
    moments = random.Random(7)
    values: list[float | None] = [0]
    total, last = 0.0, 0.0
    for _ in range(200):
        if moments.random() < 0.1:
            values.append(None)
            continue
        now = moments.randrange(50) if moments.random() < 0.1 else last + moments.randrange(50)
        total += now - last if now >= last else now
        values.append(now)
        last = now
    values[-1] = last
    keep(metric, {}, values)

    points = asked(rate_of(metric), slots=200)

    assert sum(value * 10 for _, _, value in points) == pytest.approx(total)


def test_the_step_that_still_runs_is_left_out(metric: str) -> None:
    for number in range(3):
        at = START + number * EVERY
        write(
            Batch.of_instant([(Series.of(metric, {}), float(number * 10))], at),
            token=f"{metric}{number}",
        )
    half_a_day = TimeRange(START - timedelta(hours=12), START + timedelta(seconds=20))
    question = Question({}, half_a_day, half_a_day.end, epoch=Epoch())

    frame = rate_of(metric).run(question)

    assert samples.step_of(half_a_day) == 300
    assert list(frame.rows()) == []


def test_a_gauge_is_averaged_over_a_step_after_adding_up_its_series(metric: str) -> None:
    keep(metric, {"process": "web", "part": "a"}, [0, 10, 30])
    keep(metric, {"process": "web", "part": "b"}, [0, 1, 3])
    gauge = OwnMetric(
        "t", "All", Selection(metric, by="process"), samples.gauge, by_label, "bytes", "."
    )

    assert [point[1:] for point in asked(gauge, slots=2)] == [("web", 11.0), ("web", 33.0)]


def test_quantiles_come_from_the_histograms_increase(metric: str) -> None:
    for bound, counts in {"0.1": [5, 5], "1": [5, 95], "+Inf": [5, 105]}.items():
        keep(f"{metric}_bucket", {"le": bound}, [float(count) for count in counts])
    histogram = OwnMetric("t", "All", Selection(metric), samples.buckets, as_quantiles, "s", ".")

    points = {name: value for _, name, value in asked(histogram, slots=1)}

    assert points["median"] == pytest.approx(0.1 + 0.9 * 50 / 90)
    assert points["95th percentile"] == 1.0


@pytest.mark.parametrize(
    ("share", "counts", "expected"),
    [
        (0.5, [0, 0, 0], None),
        (0.5, [], None),
        (0.5, [10, 10, 10], 0.5),
        (0.5, [0, 10, 10], 1.5),
        (0.99, [0, 0, 10], 2.0),
    ],
)
def test_a_quantile_is_estimated_as_promql_does(
    share: float, counts: list[float], expected: float | None
) -> None:
    assert samples.quantile(share, [1.0, 2.0, float("inf")], counts) == expected


@pytest.mark.parametrize(
    "name",
    [
        "events_accepted", "events_rejected", "writer_lag", "spool_size", "query_times",
        "request_times", "requests", "process_memory", "process_cpu", "errors_logged",
    ],
)  # fmt: skip
def test_every_dataset_answers_with_time_series_and_value(name: str) -> None:
    source = sources.get(f"dataset.{name}")
    question = Question({}, None, START + timedelta(days=1), epoch=Epoch())

    frame = source.run(question)

    assert [column.name for column in frame.columns] == ["t", "series", "value"]
    assert frame.meta.counted
    assert frame.meta.sql


@pytest.mark.parametrize(
    ("hours", "step"), [(1, 10), (6, 60), (24, 300), (7 * 24, 3600), (365 * 24, 86400)]
)
def test_a_longer_window_has_longer_steps(hours: int, step: int) -> None:
    assert samples.step_of(TimeRange(START, START + timedelta(hours=hours))) == step
