"""What an empty answer says of itself."""

from __future__ import annotations

import pytest

from analytics.promql.evaluate import evaluate
from analytics.promql.hints import Hint, hints
from analytics.promql.outcome import Instant
from tests.promql.memory import MemoryStorage

AT = Instant(600_000)


@pytest.fixture
def storage() -> MemoryStorage:
    """Make errors by type and requests by route, which share no label but the platform."""
    made, steps = MemoryStorage(), list(range(41))
    for platform in ("web", "ios"):
        labels = {"platform": platform}
        for kind in ("timeout", "crash"):
            name = {"__name__": "errors_total", "error_type": kind}
            made.load(labels | name, 15_000, steps)
        for route in ("/a", "/b"):
            name = {"__name__": "requests_total", "route": route}
            made.load(labels | name, 15_000, steps)
        made.load(labels | {"__name__": "info"}, 15_000, [1] * 41)
    made.load({"__name__": "other_total", "zone": "x"}, 15_000, steps)
    return made


def only_hint(storage: MemoryStorage, query: str) -> Hint:
    (hint,) = hints(query, evaluate(query, AT, storage))
    return hint


def is_answered(storage: MemoryStorage, query: str | None) -> bool:
    return query is not None and len(evaluate(query, AT, storage).series) > 0


def test_an_operator_that_matches_nothing_names_the_labels_and_what_would_match(
    storage: MemoryStorage,
) -> None:
    query = "(rate(errors_total[1m]) / rate(requests_total[1m])) * 100"

    hint = only_hint(storage, query)

    assert query[hint.start : hint.end] == "rate(errors_total[1m]) / rate(requests_total[1m])"
    assert "Only the left has: error_type." in hint.message
    assert "Only the right has: route." in hint.message
    assert '{error_type="' in hint.message
    assert hint.suggestion == (
        "(sum by (platform) (rate(errors_total[1m])) / sum by (platform)"
        " (rate(requests_total[1m]))) * 100"
    )
    assert is_answered(storage, hint.suggestion)


def test_without_a_common_label_both_sides_are_added_up(storage: MemoryStorage) -> None:
    hint = only_hint(storage, "rate(errors_total[1m]) / rate(other_total[1m])")

    assert hint.suggestion == "sum(rate(errors_total[1m])) / sum(rate(other_total[1m]))"
    assert is_answered(storage, hint.suggestion)


def test_where_one_side_is_unique_it_is_joined(storage: MemoryStorage) -> None:
    hint = only_hint(storage, "errors_total * info")

    assert hint.suggestion == "errors_total * on (platform) group_left () info"
    assert is_answered(storage, hint.suggestion)


def test_sets_are_matched_on_what_is_common(storage: MemoryStorage) -> None:
    hint = only_hint(storage, "errors_total and requests_total")

    assert hint.suggestion == "errors_total and on (platform) requests_total"
    assert is_answered(storage, hint.suggestion)


def test_a_selector_without_series_is_named(storage: MemoryStorage) -> None:
    query = "sum(errors_total) / sum(eror_total{a='b'})"

    hint = only_hint(storage, query)

    assert query[hint.start : hint.end] == "eror_total{a='b'}"
    assert "has no series" in hint.message


def test_what_is_answered_or_empty_on_purpose_has_no_hints(storage: MemoryStorage) -> None:
    for query in (
        "errors_total", "errors_total > 1e9", "errors_total unless requests_total",
        "errors_total == ignoring (error_type) group_left () info",
    ):  # fmt: skip
        assert hints(query, evaluate(query, AT, storage)) == []


def test_an_answer_says_what_it_took(storage: MemoryStorage) -> None:
    stats = evaluate("sum(rate(errors_total[1m])) + 1", AT, storage).stats

    assert (stats.series, stats.samples, stats.pushed_down) == (4, 16, 0)
    assert [(node.depth, node.text, node.series) for node in stats.nodes] == [
        (0, "sum(rate(errors_total[1m])) + 1", 1),
        (1, "sum(rate(errors_total[1m]))", 1),
        (2, "rate(errors_total[1m])", 4),
        (1, "1", 1),
    ]
    assert sum(node.own_s for node in stats.nodes) <= stats.elapsed_s
