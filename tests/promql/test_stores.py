"""What a store may do for the evaluator."""

from __future__ import annotations

import pytest

from analytics.promql.errors import QueryFailed
from analytics.promql.evaluate import evaluate
from tests.promql.grammar import Writer
from tests.promql.memory import MemoryStorage, OnGridStorage, PartsStorage
from tests.promql.test_against_prometheus import ASKED, AT, are_alike, points_here, samples
from tests.promql.worlds import MINUTE, shown, small_world


@pytest.fixture
def storage() -> MemoryStorage:
    return small_world()


def test_a_store_that_computes_on_the_grid_is_asked_to(storage: MemoryStorage) -> None:
    expected = evaluate("sum(rate(metric[1m])) + sum(metric)", MINUTE, storage)

    outcome = evaluate("sum(rate(metric[1m])) + sum(metric)", MINUTE, OnGridStorage(storage))

    assert shown(outcome) == shown(expected)
    assert outcome.stats.pushed_down == 2
    assert [node.text for node in outcome.stats.nodes if node.pushed_down] == [
        "rate(metric[1m])", "metric",
    ]  # fmt: skip


def test_a_store_may_hand_out_some_series_at_a_time(storage: MemoryStorage) -> None:
    parts = PartsStorage()
    parts.points = storage.points

    for query in (
        "metric", "rate({__name__=~'metric|reset_total'}[1m])", "sum by (job) ({job=~'a|b'})",
        "sum(rate(metric[1s])) + 1", "avg(metric)", "stddev(metric)", "min by (job) (metric) * 2",
        "metric @ end() offset 10s", "quantile_over_time(0.5, metric[1m] @ 60)", "nothing",
    ):  # fmt: skip
        expected, outcome = (evaluate(query, MINUTE, asked_of) for asked_of in (storage, parts))
        assert shown(outcome) == shown(expected)
        assert outcome.stats.samples == expected.stats.samples


def test_whatever_is_asked_parts_answer_as_the_whole_does() -> None:
    whole, parts, writer = samples(), PartsStorage(), Writer(5)
    parts.points = whole.points

    for _ in range(ASKED):
        query, at = writer.query(), writer.random.choice(AT)
        try:
            expected = points_here(evaluate(query, at, whole))
        except QueryFailed as failed:
            with pytest.raises(type(failed)):
                evaluate(query, at, parts)
            continue
        found = points_here(evaluate(query, at, parts))
        assert found.keys() == expected.keys(), query
        assert all(are_alike(found[labels], expected[labels]) for labels in found), query
