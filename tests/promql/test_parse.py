"""Which texts are PromQL, what they mean, and how they are written."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from analytics.promql.errors import BadQuery
from analytics.promql.formatting import formatted
from analytics.promql.literals import shown_number, shown_plain
from analytics.promql.parse import parse
from analytics.promql.selectors import parse_selector
from analytics.promql.tree import Number, Text

FOLDER = Path(__file__).resolve().parents[3] / "shared/data"

WRITTEN = [
    ("sum(foo)by(a)/on()group_left sum(bar)", "sum by (a) (foo) / on () group_left () sum(bar)"),
    ("SUM BY (a,b,) (foo)", "sum by (a, b) (foo)"),
    ("foo{a='b',}[5m:]@end()", 'foo{a="b"}[5m:] @ end()'),
    ('{"a.b","c.d"="e"}', '{"c.d"="e",__name__="a.b"}'),
    ("{__name__='up',a!~`x\\d`}", '{__name__="up",a!~"x\\\\d"}'),
    ('sum by ("a.b") (foo)', 'sum by ("a.b") (foo)'),
    ("foo + 90m - -1d", "foo + 1h30m - -1d"),
    ("-foo^2^-1", "-foo ^ 2 ^ -1"),
    ("foo[90s]offset-1w@1.5", "foo[1m30s] @ 1.500 offset -1w"),
    ("1+2*3==bool 4or vector(1)", None),
    ("a + b and c or d", "a + b and c or d"),
    ("foo # why\n+ bar", "foo + bar"),
    ("by + offset", "by + offset"),
    ("sum + avg without", None),
    ("0x1F + 010 + 1_000 + 1e3 + 1h", "31 + 8 + 1000 + 1000 + 1h"),
    ("sum by (on, bool, and) (a)", "sum by (on, bool, and) (a)"),
    ("topk by (a) (5, foo) > bool 1", "topk by (a) (5, foo) > bool 1"),
    ("count_values('v', foo)", 'count_values("v", foo)'),
    ("foo offset 0s", "foo"),
    ("start + end", "start + end"),
    ("fill + fill_left", "fill + fill_left"),
    ("rate(foo:bar:rate5m[1d12h])", "rate(foo:bar:rate5m[1d12h])"),
    ("foo == on (a,) group_right (b,) bar", "foo == on (a) group_right (b) bar"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "written"), WRITTEN)
def test_a_query_is_written_as_prometheus_writes_it(query: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(BadQuery):
            formatted(query)
        return

    assert formatted(query) == written
    assert formatted(written) == written


def test_a_long_query_is_split_at_its_parts() -> None:
    query = (
        "histogram_quantile(0.99, sum by (le, job, instance) (rate(http_request_duration_seconds"
        '_bucket{job="api",code!~"5.."}[5m]))) > bool 1000000'
    )

    assert formatted(query).splitlines() == [
        "  histogram_quantile(",
        "    0.99,",
        '    sum by (le, job, instance) (rate(http_request_duration_seconds_bucket{code!~"5..",'
        'job="api"}[5m]))',
        "  )",
        "> bool",
        "  1000000",
    ]


REFUSED = [
    ("", "1:1: parse error: no expression found in input"),
    ("foo bar", '1:5: parse error: unexpected identifier "bar"'),
    ("foo{", "1:5: parse error: unexpected end of input inside braces"),
    ("foo{a}", '1:6: parse error: unexpected "}" in label matching, expected label matching'),
    ("foo{a=b}", '1:7: parse error: unexpected identifier "b" in label matching, expected string'),
    ("(foo", "1:5: parse error: unclosed left parenthesis"),
    ("foo)", "1:4: parse error: unexpected right parenthesis ')'"),
    ("foo[5m", "1:7: parse error: unclosed left bracket"),
    ("'foo", "1:1: parse error: unterminated quoted string"),
    ("sum(", "1:5: parse error: unclosed left parenthesis"),
    ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
    ("topk(foo)", "1:1: parse error: wrong number of arguments for aggregate expression"),
    ("nope(1)", '1:1: parse error: unknown function with name "nope"'),
    ("holt_winters(a[1m], 1, 1)", "Prometheus 3 calls it double_exponential_smoothing"),
    ("rate(foo[5m],)", "1:13: parse error: trailing commas not allowed"),
    ("rate(foo)", "1:6: parse error: expected type range vector in call to function"),
    ("abs()", '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'),
    ("round(a, 1, 2)", "1:1: parse error: expected at most 2 argument(s)"),
    ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    ("{a=~'.*', b=''}", "must contain at least one non-empty matcher"),
    ("foo{__name__='bar'}", "metric name must not be set twice"),
    ("1 == 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
    ("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators"),
    ("a and 1", 'set operator "and" not allowed in binary scalar expression'),
    ("a + on (b) 1", "vector matching only allowed between instant vectors"),
    ("a and on (b) group_left c", 'no grouping allowed for "and" operation'),
    ("a + on (b) group_left (b) c", 'label "b" must not occur in ON and GROUP clause at once'),
    ("a + group_left b", "1:5: parse error: unexpected <group_left>"),
    ("foo[5m][5m]", "ranges only allowed for vector selectors"),
    ("foo offset 5m [5m]", "no offset modifiers allowed before range"),
    ("foo @ 5 [5m]", "no @ modifiers allowed before range"),
    ("sum(a) offset 5m", "offset modifier must be preceded by"),
    ("foo offset 5m offset 5m", "offset may not be set multiple times"),
    ("foo @ 5 @ 5", "may not be set multiple times"),
    ("foo @ Inf", "timestamp out of bounds for @ modifier"),
    ("foo[0]", "1:5: parse error: duration must be greater than 0"),
    ("foo[5m:0]", "duration must be greater than 0"),
    ("foo[5]m", "unexpected identifier"),
    ("foo{a=~'('}", "1:5: parse error: error parsing regexp: missing )"),
    ("'\\q'", "unknown escape sequence"),
    ("1_", "bad number or duration syntax"),
    ("5m6", "bad number or duration syntax"),
    ("1e999", "error parsing number"),
    ("0x" + "f" * 400, "error parsing number"),
    ("0" + "7" * 500, "error parsing number"),
    ("1" * 5_000 + "h", "duration out of range"),
    ("foo[" + "1" * 5_000 + "h]", "duration out of range"),
    ("foo offset " + "9" * 5_000 + "s", "duration out of range"),
    ("a ! b", "1:3: parse error: unexpected character after '!': ' '"),
    ("a =~ b", "unexpected character after '=': '~'"),
    ("a = b", "unexpected <op:=>"),
    ("☃", "unexpected character: '☃'"),
    ("-'a'", "unary expression only allowed"),
    ("'a' + 1", "binary expression must contain only scalar and instant vector types"),
    ("sum(1)", "expected type instant vector in aggregation expression, got scalar"),
    ("1[5m:1m]", "subquery is only allowed on instant vector, got scalar instead"),
    # What Prometheus has behind a flag, or for native histograms.
    ("foo[1m+1m]", "duration expressions are experimental"),
    ("foo[step()]", "duration expressions are experimental"),
    ("foo offset max_of(1m, 2m)", "duration expressions are experimental"),
    ("foo offset -(1m)", "duration expressions are experimental"),
    ("rate(foo[1m] smoothed)", "smoothed modifier is experimental"),
    ("foo anchored", "anchored modifier is experimental"),
    ("a + fill (0) b", "fill modifiers are experimental"),
    ("info(a)", 'function "info" is not enabled'),
    ("mad_over_time(a[1m])", 'function "mad_over_time" is not enabled'),
    ("limitk(1, a)", "limitk() is experimental"),
    ("histogram_count(a)", '"histogram_count" acts on native histograms'),
    ("a </ 5", 'the trim operator "</" acts on native histograms'),
]


@pytest.mark.parametrize(("query", "message"), REFUSED)
def test_what_is_no_promql_says_where_and_why(query: str, message: str) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(query)

    assert message in str(refused.value)
    assert refused.value.position is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a\\'b\"'", "a'b\""), ("`\\n`", "\\n"), ('"\\x41\\101\\u00e9\\U0001F600"', "AAé😀"),
        ('"\\xc3\\xa9"', "é"), ('"\\t"', "\t"), ('"é"', "é"),
    ],
)  # fmt: skip
def test_text_is_unquoted_as_go_does(text: str, value: str) -> None:
    tree = parse(text)

    assert isinstance(tree, Text)
    assert tree.value == value


@pytest.mark.parametrize(
    ("value", "general", "plain"),
    [
        (1.0, "1", "1"), (-0.5, "-0.5", "-0.5"), (1e6, "1e+06", "1000000"), (1e-5, "1e-05", "0.00001"),
        (123456.5, "123456.5", "123456.5"), (1.5e-7, "1.5e-07", "0.00000015"), (0.0, "0", "0"),
        (1e300, "1e+300", "1" + "0" * 300), (float("inf"), "+Inf", "+Inf"),
        (float("nan"), "NaN", "NaN"), (1234567.0, "1.234567e+06", "1234567"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_go_does(value: float, general: str, plain: str) -> None:
    assert (shown_number(value), shown_plain(value)) == (general, plain)


def test_a_sign_before_a_number_is_the_number_s() -> None:
    tree = parse("-1")

    assert isinstance(tree, Number)
    assert tree.value == -1


def test_a_selector_alone_is_read_with_its_name() -> None:
    found = [(one.name, one.op, one.value) for one in parse_selector('up{job="a",x!~"y"}')]

    assert found == [("job", "=", "a"), ("x", "!~", "y"), ("__name__", "=", "up")]
    for text in ("up[5m]", "{}", "sum(up)", "", "up offset 5m", "1"):
        with pytest.raises(BadQuery):
            parse_selector(text)


def test_the_parser_of_pypi_reads_the_same_queries() -> None:
    queries = [
        case["q"]
        for file in sorted((FOLDER / "promql").glob("*.json"))
        for case in json.loads(file.read_text())["cmds"]
        if case["op"] == "eval"
    ]
    if not queries:
        pytest.skip("the cases are beside the project, in shared/data/promql")

    other = pytest.importorskip("promql_parser")
    differ = [query for query in queries if reads(query) != reads_there(other, query)]

    assert [query for query in differ if "histogram_" not in query] == []


def reads(query: str) -> bool:
    try:
        parse(query, experimental_functions=True)
    except BadQuery:
        return False
    return True


def reads_there(other: ModuleType, query: str) -> bool:
    try:
        other.parse(query)
    except ValueError:
        return False
    return True
