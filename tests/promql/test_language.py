"""What PromQL means, case by case, on a few series at hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics.promql.errors import BadQuery, BadRange, EvaluationFailed
from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Options, Range
from tests.promql.memory import MemoryStorage
from tests.promql.worlds import MINUTE, asked, small_world

NAMES_LATE = Options.of(["promql-delayed-name-removal"])
EXPERIMENTAL = Options.of(["promql-experimental-functions"])


@pytest.fixture
def storage() -> MemoryStorage:
    return small_world()


INSTANTS = [
    # @ and offset, in either order, also negative.
    ("metric{job='a'} @ 100", 500, {"metric/a": 10}),
    ("metric{job='a'} @ 100 offset 50s", 0, {"metric/a": 5}),
    ("metric{job='a'} offset 50s @ 100", 0, {"metric/a": 5}),
    ("metric{job='a'} offset -50s", 0, {"metric/a": 5}),
    ("metric{job='a'} @ end() - metric{job='a'} @ start()", 700, {"a": 0}),
    ("-metric{job='a'} @ 100", 0, {"a": -10}),
    ("sum_over_time(metric{job='a'}[30s] @ 100)", 0, {"a": 27}),
    ("sum_over_time(metric{job='a'}[30s] @ 100 offset 50s)", 0, {"a": 12}),
    ("rate(metric{job='a'}[100s] @ 1000)", 0, {"a": 0.1}),
    ("timestamp(metric{job='a'} @ 95)", 0, {"a": 90}),
    ("timestamp(timestamp(metric{job='a'}))", 95, {"a": 95}),
    ("timestamp(metric{job='a'})", 95, {"a": 90}),
    ("predict_linear(metric{job='a'}[50s] @ 100, 100)", 200, {"a": 30}),
    # Windows are open on the left; the look-back is five minutes, open on the left.
    ("count_over_time(metric{job='a'}[20s])", 100, {"a": 2}),
    ("count_over_time(metric{job='a'}[10s])", 100, {"a": 1}),
    ("rate(metric{job='a'}[10s])", 100, {}),
    ("count(metric)", 1_299, {"": 2}),
    ("count(metric)", 1_300, {}),
    # Stale markers end an instant vector at once, and are not seen by ranges.
    ("gone", 15, {"gone/a": 2}),
    ("gone", 20, {}),
    ("gone", 39, {}),
    ("gone", 40, {"gone/a": 5}),
    ("gone", 51, {}),
    ("count_over_time(gone[1m])", 50, {"a": 3}),
    ("last_over_time(gone[1m])", 60, {"gone/a": 5}),
    ("timestamp(gone)", 20, {}),
    # Subqueries run at multiples of their step.
    ("sum_over_time(metric{job='a'}[50s:10s])", 105, {"a": 40}),
    ("sum_over_time(metric{job='a'}[50s:7s])", 105, {"a": 61}),
    ("count_over_time(vector(1)[1h:])", 0, {"": 60}),
    ("count_over_time(vector(1)[1h:])", 30, {"": 60}),
    ("count_over_time(time()[0.5:0.1])", 0, None),
    ("sum_over_time(metric{job='a'}[50s:10s] offset 50s)", 105, {"a": 15}),
    ("sum_over_time(metric{job='a'}[50s:10s] @ 50)", 999, {"a": 15}),
    ("max_over_time(sum_over_time(metric{job='a'}[20s])[1m:20s])", 100, {"a": 19}),
    ("max_over_time((metric{job='a'} @ 100)[30s:10s])", 5, {"a": 10}),
    ("min_over_time(metric{job='a'}[30s:10s])", -10, {}),
    ("rate(reset_total[200s:10s])", 400, {"": 18 / 190}),
    # Counters.
    ("increase(reset_total[50s])", 220, {"": 3.75}),
    ("resets(reset_total[1000s])", 1_000, {"": 5}),
    ("changes(reset_total[100s])", 1_000, {"": 9}),
    ("irate(reset_total[100s])", 200, {"": 0}),
    ("idelta(reset_total[100s])", 200, {"": -19}),
    ("delta(metric{job='b'}[100s])", 500, {"b": 20}),
    ("deriv(metric{job='b'}[100s])", 500, {"b": 0.2}),
    # Absence.
    ("absent(nothing{a='1', b='2', c=~'x', a='3'})", 0, {"2": 1}),
    ("absent(metric)", 0, {}),
    ("absent(sum(nothing))", 0, {"": 1}),
    ("absent_over_time(nothing{a='1'}[5m])", 0, {"1": 1}),
    ("absent_over_time((sum(nothing))[5m:])", 0, {"": 1}),
    ("present_over_time(metric[5m])", 10, {"a": 1, "b": 1}),
    # Scalars and vectors.
    ("vector(scalar(metric))", 0, {"": math.nan}),
    ("vector(scalar(one) + time())", 7, {"": 8}),
    ("hour(vector(3600 * 5 + 61)) * 100 + minute(vector(3600 * 5 + 61))", 0, {"": 501}),
    ("year() * 10000 + month() * 100 + day_of_month()", 951_782_400, {"": 20_000_229}),
    ("days_in_month(vector(951782400)) + day_of_week(vector(951782400))", 0, {"": 31}),
    ("day_of_year(vector(951782400))", 0, {"": 60}),
    ("year(vector(-1))", 0, {"": 1969}),
    ("day_of_month(vector(Inf)) * 100 + minute(vector(NaN))", 0, {"": 430}),
    ("1 / (vector(0) * 0) > 5", 0, {"": math.inf}),
    ("deriv(vector(1)[1m:10s])", 0, {"": 0}),
    ("round(vector(2.5)) + round(vector(-2.5)) + round(vector(7), 5)", 0, {"": 6}),
    ("sgn(vector(-3)) + clamp(vector(9), 1, 5) + clamp_min(vector(1), 2)", 0, {"": 6}),
    ("clamp(vector(9), 5, 1)", 0, {}),
    ("deg(vector(pi())) + rad(vector(180)) - pi()", 0, {"": 180}),
    ("sinh(vector(0)) + cosh(vector(0)) + tanh(vector(0)) + acosh(vector(1))", 0, {"": 1}),
    ("asin(vector(2))", 0, {"": math.nan}),
    ("vector(1) atan2 vector(0)", 0, {"": 1.570796327}),
    ("vector(-7 % 3) + vector(2 ^ 3 ^ 0)", 0, {"": 1}),
    ("vector(-2 ^ 2)", 0, {"": -4}),
    ("vector(1 / 0) - vector(1 / 0)", 0, {"": math.nan}),
    ("vector(1 == bool 1)", 0, {"": 1}),
    # Operators and matching.
    ("metric == 10", 100, {"metric/a": 10}),
    ("10 < metric", 100, {"metric/b": 20}),
    ("metric > bool 10", 100, {"a": 0, "b": 1}),
    ("metric * on (job) group_left (version) one", 100, {"a/7": 10}),
    ("one * on (job) group_right (version) metric", 100, {"a/7": 10}),
    ("metric == on (job) one * 10", 100, {"a": 10}),
    ("metric > ignoring (version) one", 100, {"metric/a": 10}),
    ("metric and on (job) one", 100, {"metric/a": 10}),
    ("metric unless on (job) one", 100, {"metric/b": 20}),
    ("one or on (job) metric", 100, {"one/a/7": 1, "metric/b": 20}),
    ("metric / nothing", 100, {}),
    # Aggregations.
    ("sum(metric)", 100, {"": 30}),
    ("sum by (nothing) (metric)", 100, {"": 30}),
    ("max without (job) (metric) - min(metric)", 100, {"": 10}),
    ("avg(metric) + stddev(metric) + stdvar(metric)", 100, {"": 45}),
    ("group by (job) (metric)", 100, {"a": 1, "b": 1}),
    ("quantile(0.25, metric)", 100, {"": 12.5}),
    ("quantile(2, metric)", 100, {"": math.inf}),
    ("topk(1, metric)", 100, {"metric/b": 20}),
    ("bottomk by (job) (5, metric)", 100, {"metric/a": 10, "metric/b": 20}),
    ("topk(0, metric)", 100, {}),
    ("topk(scalar(one), metric)", 100, {"metric/b": 20}),
    ("count_values('v', metric)", 100, {"10": 1, "20": 1}),
    ("count_values without (job) ('job', metric * 0)", 100, {"": 2}),
    ("sum by (__name__) ({job='a'})", 0, {"gone": 1, "metric": 0, "one": 1}),
    # Labels.
    ("label_replace(metric{job='a'}, 'x', '$1-${2}$$', 'job', '(a)(b)?')", 0, {"metric/a/a-$": 0}),
    ("label_replace(metric{job='a'}, 'job', '', '', '')", 0, {"metric": 0}),
    ("label_replace(metric{job='a'}, '__name__', 'new', 'job', 'a')", 0, {"new/a": 0}),
    ("label_join(metric{job='a'}, 'x', '-', '__name__', 'job', 'no')", 0, {"metric/a/metric-a-": 0}),
    ("{__name__=~'met.*', job!='b'}", 0, {"metric/a": 0}),
    ("{'metric', job=~'a|'}", 0, {"metric/a": 0}),
    ("metric{job=~'A'} or metric{job=~'(?i)A'}", 0, {"metric/a": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "at_s", "expected"), INSTANTS)
def test_an_instant_query_means(
    storage: MemoryStorage, query: str, at_s: float, expected: dict[str, float] | None
) -> None:
    if expected is None:
        with pytest.raises(BadQuery):
            asked(storage, query, int(at_s * 1000))
        return

    answer = asked(storage, query, int(at_s * 1000))

    found = {key: values[0] for key, values in answer.items()}
    assert found.keys() == expected.keys()
    np.testing.assert_allclose(
        [found[key] or 0 for key in expected], list(expected.values()), rtol=1e-8
    )


RANGES = [
    ("metric{job='a'}", {"metric/a": [0, 2, 4, 6]}),
    ("metric{job='a'} @ end()", {"metric/a": [6, 6, 6, 6]}),
    ("metric{job='a'} @ start() + metric{job='a'}", {"a": [0, 2, 4, 6]}),
    ("rate(metric{job='a'}[20s] @ end())", {"a": [0.1, 0.1, 0.1, 0.1]}),
    ("predict_linear(metric{job='a'}[50s] @ 100, 0)", {"a": [0, 2, 4, 6]}),
    ("timestamp(metric{job='a'} @ 5)", {"a": [0, 0, 0, 0]}),
    ("gone", {"gone/a": [1, None, 5, None]}),
    ("absent(gone)", {"": [None, 1, None, 1]}),
    ("absent_over_time(gone[10s])", {"": [None, 1, None, 1]}),
    ("time() + 1", {"": [1, 21, 41, 61]}),
    ("5", {"": [5, 5, 5, 5]}),
    ("sum_over_time(vector(1)[1m:10s])", {"": [6, 6, 6, 6]}),
    ("sum_over_time(metric{job='a'}[20s:10s])", {"a": [0, 3, 7, 11]}),
    ("sum_over_time(time()[20s:10s] @ end())", None),
    ("sum_over_time(vector(time())[20s:10s] @ end())", {"": [110, 110, 110, 110]}),
    ("metric{job='a'} > 2 and metric{job='a'} < 6", {"metric/a": [None, None, 4, None]}),
    ("gone or one{job='a'} * 0", {"gone/a": [1, None, 5, None], "a/7": [0, 0, 0, 0]}),
    ("topk(1, metric or vector(5))", {"metric/b": [None, None, 8, 12], "": [5, 5, None, None]}),
    ("topk(scalar(metric{job='a'}), metric)", {"metric/a": [None, 2, 4, 6], "metric/b": [None, 4, 8, 12]}),
    ("quantile(scalar(one) / 2, metric)", {"": [0, 3, 6, 9]}),
    ("count_values('v', gone)", {"1": [1, None, None, None], "5": [None, None, 1, None]}),
    ("sort_desc(metric)", {"metric/a": [0, 2, 4, 6], "metric/b": [0, 4, 8, 12]}),
    ("increase(reset_total[40s])", {"": [None, 2, 4, 4]}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), RANGES)
def test_a_range_query_means(
    storage: MemoryStorage, query: str, expected: dict[str, list[float | None]] | None
) -> None:
    if expected is None:
        with pytest.raises(BadQuery):
            asked(storage, query, MINUTE)
        return

    assert asked(storage, query, MINUTE) == expected


def test_ordered_answers_keep_their_order(storage: MemoryStorage) -> None:
    assert list(asked(storage, "sort(metric)", 100_000)) == ["metric/a", "metric/b"]
    assert list(asked(storage, "sort_desc(metric)", 100_000)) == ["metric/b", "metric/a"]
    assert list(asked(storage, "topk(5, metric)", 100_000)) == ["metric/b", "metric/a"]
    assert list(asked(storage, "bottomk(5, metric)", 100_000)) == ["metric/a", "metric/b"]


def test_raw_samples_of_one_moment_keep_their_times(storage: MemoryStorage) -> None:
    outcome = evaluate("gone[1m]", Instant(60_000), storage)

    assert outcome.kind == "matrix"
    assert [list(part) for part in outcome.points(0)] == [[10_000, 40_000], [2, 5]]


def test_raw_samples_take_no_more_room_than_they_need() -> None:
    storage = MemoryStorage()
    for row in range(300):
        points = [(row + 1_000 * step, 1.0) for step in range(200)]
        storage.add({"__name__": "many", "row": str(row)}, points)

    outcome = evaluate("many[1h]", Instant(3_600_000), storage, Limits(samples=60_000))

    assert len(outcome.series) == 300
    assert sum(len(outcome.points(row)[0]) for row in range(300)) == 60_000 - 1


def test_a_subquery_of_one_moment_gives_its_steps(storage: MemoryStorage) -> None:
    outcome = evaluate("(metric{job='a'} * 2)[30s:10s]", Instant(35_000), storage)

    assert list(outcome.series) == [(("job", "a"),)]
    assert [list(part) for part in outcome.points(0)] == [[10_000, 20_000, 30_000], [2, 4, 6]]


FAILURES = [
    ("metric + on () one", "many-to-one matching must be explicit"),
    ("one + on () metric", "found duplicate series for the match group {} on the right hand-side"),
    ("metric * on () group_right () one", "on the left hand-side of the operation"),
    ("sum without () ({job='a'}) * 0 + on () group_right () ({job='a'} * 0)", "same labelset"),
    ("rate({__name__=~'metric|one'}[1m]) or -{job='a'}", "same labelset"),
    ("ceil({job='a', __name__=~'metric|gone'})", "same labelset"),
    ("label_replace(metric, 'job', 'x', '', '')", "same labelset"),
    ("label_replace(metric, '', 'x', '', '')", "invalid destination label name"),
    ("label_replace(metric, 'x', 'x', '', '(')", "invalid regular expression"),
    ("label_join(metric, 'x', '-', '')", "invalid source label name"),
    ("topk(NaN, metric)", "Parameter value is NaN"),
    ("topk(1e30, metric)", "overflows int64"),
]


@pytest.mark.parametrize(("query", "words"), FAILURES)
def test_what_cannot_be_computed_says_why(storage: MemoryStorage, query: str, words: str) -> None:
    with pytest.raises(EvaluationFailed) as failed:
        asked(storage, query, 10_000)

    assert words in str(failed.value)


def test_names_go_at_once_or_in_the_end(storage: MemoryStorage) -> None:
    by_name = "sum by (__name__) (rate(metric[1m]))"

    assert asked(storage, by_name, 100_000) == {"": [0.3]}
    assert asked(storage, by_name, 100_000, NAMES_LATE) == {"": [0.3]}

    renamed = (
        "label_replace(rate(metric{job='a'}[1m]), '__name__', '${1}_rate', '__name__', '(.*)')"
    )
    assert asked(storage, renamed, 100_000) == {"_rate/a": [0.1]}
    assert asked(storage, renamed, 100_000, NAMES_LATE) == {"metric_rate/a": [0.1]}

    kept = "count(-{__name__=~'metric|gone', job='a'})"
    assert asked(storage, kept, 10_000, NAMES_LATE) == {"": [2]}
    with pytest.raises(EvaluationFailed):
        asked(storage, kept, 10_000)


def test_names_of_raw_samples_go_in_the_end_too(storage: MemoryStorage) -> None:
    query = "(metric{job='a'} * 2 or one)[20s:10s]"

    for options in (NAMES_LATE, Options()):
        outcome = evaluate(query, Instant(20_000), storage, Limits(), options)
        assert [dict(labels).get("__name__") for labels in outcome.series] == [None, "one"]


def test_a_metric_s_type_and_unit_go_with_its_name(storage: MemoryStorage) -> None:
    labels = {"__name__": "size", "__type__": "gauge", "__unit__": "bytes", "job": "z"}
    storage.load(labels, 10_000, [1, 2])

    assert asked(storage, "size * 2", 10_000) == {"z": [4]}
    assert asked(storage, "size", 10_000) == {"size/gauge/bytes/z": [2]}


NOTES = [
    ("rate(metric[1m])", "info", 'does not end in _total/_sum/_count/_bucket: "metric" (1:6)'),
    ("  increase(metric[1m])", "info", "(1:12)"),
    ("rate(reset_total[1m])", "none", ""),
    ("quantile(2, metric)", "warning", "between 0 and 1, got 2 (1:10)"),
    ("quantile_over_time(-1, metric[1m])", "warning", "between 0 and 1, got -1 (1:20)"),
    ("histogram_quantile(NaN, nothing)", "warning", "between 0 and 1, got NaN (1:20)"),
    ("histogram_quantile(0.5, metric)", "warning", 'malformed value of "" for metric name "metric"'),
]  # fmt: skip


@pytest.mark.parametrize(("query", "kind", "words"), NOTES)
def test_what_looks_wrong_is_noted(
    storage: MemoryStorage, query: str, kind: str, words: str
) -> None:
    outcome = evaluate(query, Instant(100_000), storage)

    notes = {"warning": outcome.warnings, "info": outcome.infos, "none": ()}[kind]
    assert any(words in note for note in notes) or kind == "none"
    assert len(outcome.warnings + outcome.infos) == len(notes)


def test_a_grid_that_makes_no_sense_is_refused(storage: MemoryStorage) -> None:
    for asked_at, words in (
        (Range(0, 10, 0), "zero or negative"),
        (Range(10, 0, 1), "must not be before"),
        (Range(0, 11_001, 1), "exceeded maximum resolution of 11,000 points"),
    ):
        with pytest.raises(BadRange, match=words):
            evaluate("1", asked_at, storage)
    with pytest.raises(BadQuery, match="invalid expression type"):
        evaluate("metric[1m]", Range(0, 10, 1), storage)

    assert evaluate("1", Range(0, 11_000, 1), storage).values.shape == (1, 11_001)


def test_the_end_of_a_query_need_not_be_one_of_its_steps(storage: MemoryStorage) -> None:
    uneven = Range(0, 50_000, 20_000)

    assert asked(storage, "metric{job='a'} @ end()", uneven) == {"metric/a": [5, 5, 5]}
    assert asked(storage, "end() - start()", uneven, EXPERIMENTAL) == {"": [50, 50, 50]}
    assert asked(storage, "range() + step()", uneven, EXPERIMENTAL) == {"": [70, 70, 70]}
