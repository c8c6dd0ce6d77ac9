"""What helps whoever writes a query: what can stand at the cursor, and what words mean."""

from __future__ import annotations

import pytest

from analytics.promql.completing import Completion, completion, metrics_of
from analytics.promql.parse import parse
from analytics.promql.reference import entries
from analytics.promql.signatures import FUNCTIONS, OF_NATIVE_HISTOGRAMS
from analytics.promql.tokens import AGGREGATORS
from analytics.series.matching import Matcher


def at_cursor(text: str) -> Completion:
    """Complete at the bar."""
    return completion(text.replace("|", "", 1), text.index("|"))


@pytest.mark.parametrize(
    ("text", "kind", "typed"),
    [
        ("|", "expression", ""), ("ra|", "expression", "ra"), ("sum(ra|", "expression", "ra"),
        ("sum(rate(up[5m])) / |", "expression", ""), ("up{|", "label", ""), ("up{jo|", "label", "jo"),
        ("up{job='a', |}", "label", ""), ("up{job|=", "label", "job"), ("up{job=|", "nothing", ""),
        ("up{job='a' |", "nothing", ""), ("up{job=\"|", "value", ""), ("up{job=~'a.|'}", "value", "a."),
        ("rate(up[|", "duration", ""), ("rate(up[5|", "duration", "5"), ("sum by (|", "grouping", ""),
        ("sum(up) by (job, in|", "grouping", "in"), ("a / on(|) b", "grouping", ""),
        ("up # wh|", "nothing", ""), ("up # why\nan|", "expression", "an"), ("1|", "nothing", "1"),
        ("label_replace(up, 'x|", "nothing", "'x"), ("a + b|", "expression", "b"),
        ("up{job='}'}|", "expression", ""), (") } ]|", "expression", ""),
    ],
)  # fmt: skip
def test_what_can_stand_at_the_cursor(text: str, kind: str, typed: str) -> None:
    found = at_cursor(text)

    assert (found.kind, found.typed) == (kind, typed)
    assert found.start == text.index("|") - len(typed)


def test_a_value_is_completed_among_the_series_that_the_rest_leaves() -> None:
    found = at_cursor(
        "sum(rate(requests_total{job=\"api\", code!~'5..', path=~\"/a|\", x='y'}[5m]))"
    )

    assert (found.metric, found.label, found.typed) == ("requests_total", "path", "/a")
    assert found.matchers == (Matcher("job", "=", "api"), Matcher("code", "!~", "5.."))


def test_a_grouping_is_completed_among_the_labels_of_the_query_s_metrics() -> None:
    found = at_cursor("sum by (|) (rate(requests_total{job='api'}[5m])) / count(up)")

    assert found.metrics == ("requests_total", "up")


def test_metrics_are_told_from_everything_else() -> None:
    query = "sum by (job) (rate(a:b{c='d'}[5m] offset 1m)) > bool Inf and on (x) min or nan # not"

    assert metrics_of(query) == ("a:b",)


def test_nothing_that_is_written_halfway_is_an_error() -> None:
    query = "sum by (job) (rate(up{job=~\"a.*\", x!='}'}[5m:1m])) / on (job) group_left (y) b # why"

    for cursor in range(-1, len(query) + 2):
        for text in (query, query[: max(cursor, 0)], query[::-1]):
            completion(text, cursor)


def test_every_function_and_aggregation_is_explained() -> None:
    listed = {one.name for one in entries(experimental=True) if one.kind != "keyword"}

    assert listed == (set(FUNCTIONS) - OF_NATIVE_HISTOGRAMS) | AGGREGATORS
    assert not any(one.is_experimental for one in entries())
    assert all(one.does.endswith((".", "…")) for one in entries(experimental=True))


def test_what_is_written_as_an_example_can_be_read() -> None:
    for one in entries(experimental=True):
        if one.kind != "keyword":
            text = one.written.replace("[number]", "1").replace('["text", …]', '"t"')
            text = text.replace("[number, …]", "1").replace("[v]", "v").replace("k,", "1,")
            text = text.replace("[{", "{").replace("}]", "}")
            parse(text.replace("number", "1"), experimental_functions=True)
