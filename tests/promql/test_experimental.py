"""What Prometheus has behind flags, where the settings let it in."""

from __future__ import annotations

import pytest

from analytics.promql.errors import BadQuery, EvaluationFailed
from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Options
from tests.promql.memory import MemoryStorage
from tests.promql.worlds import MINUTE, Answer, asked, small_world

EXPERIMENTAL = Options.of(["promql-experimental-functions"])


@pytest.fixture
def storage() -> MemoryStorage:
    return small_world()


def test_limit_takes_some_of_each_group(storage: MemoryStorage) -> None:
    def count(query: str) -> Answer:
        return asked(storage, query, 100_000, EXPERIMENTAL)

    assert count("count(limitk(1, metric))") == {"": [1]}
    assert count("count(limitk by (job) (1, metric))") == {"": [2]}
    assert count("limitk(0, metric)") == {}
    assert count("count(limit_ratio(0.3, metric) or limit_ratio(-0.7, metric))") == {"": [2]}
    assert count("limit_ratio(0.3, metric) and limit_ratio(-0.7, metric)") == {}
    assert count("count(limit_ratio(1, metric))") == {"": [2]}


def test_labels_are_sorted_whatever_digits_they_hold(storage: MemoryStorage) -> None:
    for value in ("9" * 5_000, "1" + "0" * 5_000, "²1", "²0"):
        storage.load({"__name__": "odd", "x": value}, 10_000, [1] * 4)

    found = evaluate(
        "sort_by_label(odd, 'x')", Instant(30_000), storage, Limits(), EXPERIMENTAL
    ).series

    assert [dict(one)["x"][:2] for one in found] == ["99", "10", "²0", "²1"]


def test_info_puts_labels_of_info_metrics_on_series(storage: MemoryStorage) -> None:
    def info(query: str) -> list[dict[str, str]]:
        outcome = evaluate(query, Instant(30_000), storage, Limits(), EXPERIMENTAL)
        return [dict(labels) for labels in outcome.series]

    here = {"job": "a", "instance": "i"}
    storage.load({"__name__": "m", **here}, 10_000, [1] * 4)
    storage.load({"__name__": "m", "job": "b", "instance": "i"}, 10_000, [1] * 4)
    target = {"__name__": "target_info", **here, "version": "7", "zone": "x", "job": "a"}
    storage.load(target, 10_000, [1] * 4)
    storage.load({"__name__": "build_info", **here, "version": "8", "branch": "y"}, 10_000, [1] * 4)

    enriched = {"__name__": "m", **here, "version": "7", "zone": "x"}
    plain = {"__name__": "m", "job": "b", "instance": "i"}
    assert info("info(m)") == [enriched, plain]
    assert info("info(m, {zone=~'.+'})") == [{"__name__": "m", **here, "zone": "x"}]
    assert info("info(m, {__name__='build_info', branch=~'.*'})") == [
        {"__name__": "m", **here, "branch": "y"}, plain,
    ]  # fmt: skip
    assert info("info(target_info)") == info("info(target_info, {zone=~'.+'})") == [target]
    assert info("info(m{job='a'}, {__name__!='target_info'})") == [
        {"__name__": "m", **here, "version": "8", "branch": "y"}
    ]
    assert info("info(m, {__name__!~'.*_info', zone='x'})") == []
    with pytest.raises(EvaluationFailed, match="conflicting label: version"):
        info("info(m, {__name__=~'.*_info'})")
    storage.load(target | {"zone": "z"}, 10_000, [1] * 4)
    with pytest.raises(EvaluationFailed, match="duplicate series for info metric"):
        info("info(m)")
    for query in ("info(m, n)", "info(m, sum(n))", "info(m, 1)", "info(m, {}, {})"):
        with pytest.raises(BadQuery):
            info(query)


def test_info_of_each_time_is_the_newest_of_that_time(storage: MemoryStorage) -> None:
    here = {"job": "a", "instance": "i"}
    storage.load({"__name__": "m", **here}, 10_000, [1] * 7)
    storage.load({"__name__": "target_info", **here, "v": "1"}, 20_000, [1, 1])
    storage.load({"__name__": "target_info", **here, "v": "2"}, 20_000, [None, None, 1, 1])

    answer = asked(storage, "info(m)", MINUTE, EXPERIMENTAL)

    assert answer == {"m/i/a/1": [1, 1, None, None], "m/i/a/2": [None, None, 1, 1]}
