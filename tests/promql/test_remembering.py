"""Answers that are remembered are what the engine would say now, whatever came since."""

from __future__ import annotations

import random
from datetime import timedelta

import numpy as np
import pytest

from analytics.promql import asking, moments, remembering
from analytics.promql.asking import Asked
from analytics.promql.outcome import Outcome, Range
from analytics.promql.parse import parse
from analytics.series import downsampling
from analytics.series.deleting import delete_samples
from analytics.series.identity import Series
from portal.lib import clock
from portal.store import client
from tests.series.conftest import T0, keep, no_samples

__all__ = ["no_samples"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema")]
MINUTE, HOUR = 60_000, 3_600_000
LONG_AGO = timedelta(hours=1)
QUERIES = (
    "{m}", "rate({m}[5m])", "sum by (job) (rate({m}[5m]))", "topk(1, {m})", "{m} offset 7m > 3",
    "max_over_time(sum({m})[10m:1m])", 'count_values("v", {m} % 3)', "absent({m}) or {m} - {m}",
    "{m} and on () (vector(time() % 600) == 0)", "scalar({m}) + {m}",
)  # fmt: skip


def stored_long_ago(series: Series, samples: dict[int, float]) -> None:
    """Keep samples, by seconds after T0, as if they had come an hour ago."""
    keep({series: [(min(samples), 0.0), (max(samples), 0.0)]})  # announces the series
    at = int((clock.now() - LONG_AGO).timestamp())
    rows = ", ".join(
        f"({series.id}, fromUnixTimestamp64Milli({T0 + s * 1000}), {value}, {at})"
        for s, value in samples.items()
    )
    client.command(f"INSERT INTO samples (series, ts, value, written_at) VALUES {rows}")
    client.command(
        f"ALTER TABLE samples UPDATE written_at = {at} WHERE series = {series.id}",
        settings_={"mutations_sync": 2},
    )


def window(first: int, last: int) -> Range:
    return Range(T0 + first * MINUTE, T0 + last * MINUTE, MINUTE)


def cells(outcome: Outcome) -> dict[tuple[object, int], float]:
    return {
        (labels, ms): value
        for row, labels in enumerate(outcome.series)
        for ms, value in zip(*(part.tolist() for part in outcome.points(row)), strict=True)
    }


def check(query: str, at: Range) -> Outcome:
    """Ask both ways; returns the remembering answer."""
    found, wanted = remembering.answered(Asked(query, at)), asking.answered(Asked(query, at))
    assert cells(found) == pytest.approx(cells(wanted), rel=1e-9, nan_ok=True)
    assert list(found.series) == list(wanted.series)
    assert found.times.tolist() == wanted.times.tolist()
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_a_window_that_moves_on_is_answered_as_if_it_were_asked_for_the_first_time(
    query: str, metric: str
) -> None:
    rng, asked = random.Random(query), query.format(m=metric)
    series = [Series.of(metric, {"job": job, "n": n}) for job in "ab" for n in "12"]
    for one in series:
        begins, ends = rng.randrange(60), rng.randrange(90, 240)
        stored_long_ago(one, {60 * m: float(rng.randrange(9)) for m in range(begins, ends)})

    for first in range(0, 120, 20):
        check(asked, window(first, first + 90))
        late = rng.randrange(first, first + 95)
        keep({rng.choice(series): [(60 * late + rng.randrange(60), float(rng.randrange(9)))]})
        check(asked, window(first + 1, first + 91))


def test_only_what_is_new_is_read(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    stored_long_ago(series, {15 * n: float(n) for n in range(4 * 190)})

    first = check(f"rate({metric}[5m])", window(0, 120))
    again = check(f"rate({metric}[5m])", window(0, 120))
    moved = check(f"rate({metric}[5m])", window(10, 130))

    assert first.stats.samples > 400
    assert again.stats.samples == 0
    assert 0 < moved.stats.samples <= 4 * 15
    assert moved.stats.resolutions == ("raw",)


@pytest.mark.usefixtures("no_samples")
def test_answers_from_buckets_are_those_of_the_last_look_for_late_samples(metric: str) -> None:
    series, minutes, later = Series.of(metric, {"job": "a"}), 26 * 60, timedelta(minutes=3)
    stored_long_ago(series, {60 * m: float(m) for m in range(minutes)})
    downsampling.run(clock.now)
    at = Range(T0 + HOUR, T0 + 26 * HOUR, 10 * MINUTE)

    first = check(f"rate({metric}[10m])", at)
    again = check(f"rate({metric}[10m])", at)
    keep({series: [(60 * 600 + 7, 1e6)]})
    downsampling.run(lambda: clock.now() + later)
    after = check(f"rate({metric}[10m])", at)

    assert first.stats.resolutions == ("5m",)
    assert again.stats.samples == 0
    assert cells(after) != cells(first)


def test_what_is_deleted_is_not_remembered(metric: str) -> None:
    series = Series.of(metric, {"job": "a"})
    stored_long_ago(series, {15 * n: float(n) for n in range(4 * 90)})
    assert cells(check(metric, window(0, 80)))

    delete_samples("name = {name:String}", {"name": metric})

    assert not cells(check(metric, window(0, 80)))


def test_a_range_that_begins_earlier_is_asked_as_a_whole(metric: str) -> None:
    stored_long_ago(Series.of(metric, {"job": "a"}), {15 * n: float(n) for n in range(4 * 190)})

    check(metric, window(60, 180))
    earlier = check(metric, window(0, 120))

    assert earlier.stats.samples >= 4 * 120


@pytest.mark.parametrize(
    ("query", "stands"),
    [
        ("sum(rate(up[5m] offset 1h)) / 2", True),
        ("max_over_time(up[1h:1m])", True),
        ("up offset -5m", False),
        ("rate(up[5m] @ end())", False),
        ("up - up @ 1000", False),
        ("max_over_time(up[1h:1m] offset -1h)", False),
        ("limitk(2, up)", False),
        (" + ".join(["up"] * 3_000), True),
    ],
)
def test_moments_stand_alone_unless_a_query_looks_ahead_or_at_the_whole_range(
    query: str, stands: bool
) -> None:
    assert moments.stands_alone(parse(query, experimental_functions=True)) is stands


def test_the_least_recently_asked_go_when_there_is_too_much(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_long_ago(Series.of(metric, {"job": "a"}), {15 * n: float(n) for n in range(4 * 90)})
    one = remembering.Known(remembering.answered(Asked(metric, window(0, 80))), clock.now())
    monkeypatch.setattr(remembering, "MOST_BYTES", 3 * one.size)
    answers = remembering.Answers()

    for name in range(5):
        answers.keep(name, one)

    assert [name for name in range(5) if answers.find(name)] == [2, 3, 4]


def test_rows_of_the_same_labels_become_one_when_joined() -> None:
    times, ones = np.array([1, 2]), np.ones((2, 2))
    twice = Outcome("matrix", times, [(("a", "b"),)] * 2, ones, np.array([[1, 0], [0, 1]], bool))
    after = Outcome(
        "matrix", np.array([3]), [(("a", "b"),)], np.ones((1, 1)), np.ones((1, 1), bool)
    )

    assert moments.joined(twice, after).points(0)[0].tolist() == [1, 2, 3]


def test_times_are_whole_after_joining() -> None:
    empty = np.zeros((0, 2), np.bool_)
    before = Outcome("matrix", np.array([1, 2]), [], empty.astype(float), empty)
    after = Outcome(
        "matrix", np.array([3]), [(("a", "b"),)], np.ones((1, 1)), np.ones((1, 1), bool)
    )

    whole = moments.joined(before, after)

    assert whole.times.tolist() == [1, 2, 3]
    assert whole.points(0)[0].tolist() == [3]
    assert not moments.between(whole, 1, 2).series
