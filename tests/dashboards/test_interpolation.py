"""Variables in queries and texts: each language has them in its own way, none can be broken out of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards.variables.builtins import BuiltIns
from dashboards.variables.formats import FORMATS, formatted
from dashboards.variables.insight import in_insight
from dashboards.variables.promql import in_promql
from dashboards.variables.selection import CannotFill, Selected
from dashboards.variables.sql import in_sql
from dashboards.variables.text import in_address, in_markdown, in_text

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = BuiltIns(datetime(2026, 3, 1, 11, tzinfo=UTC), NOON, dashboard="Nodes")
VALUES = {
    one.name: one
    for one in (
        Selected("one", ("10.0.0.1:9100",)),
        Selected("many", ("a.b", "c")),
        Selected("all", ("x", "y"), is_all=True),
        Selected("any", ("x", "y"), is_all=True, all_value=".+"),
        Selected("pattern", (".*api.*",), is_exact=False),
        Selected("span", ("5m",), is_exact=False),
        Selected("fit", ("auto",), is_exact=False),
        Selected("nothing", ()),
        Selected("odd", ('a"b\\c',)),
        Selected("plan", ("pro",), ("Professional",)),
        Selected("number", ("42",)),
        Selected("evil", ("'; DROP TABLE events --",)),
        Selected("country", ("DE", "FR", "US"), is_all=True, is_unbounded=True),
    )
}


def promql(query: str) -> str:
    return in_promql(query, VALUES, HOUR)


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ('up{instance="$one"}', 'up{instance="10.0.0.1:9100"}'),
        ('up{instance=~"$one"}', 'up{instance=~"10\\\\.0\\\\.0\\\\.1:9100"}'),
        ('up{instance=~"${one}.*"}', 'up{instance=~"10\\\\.0\\\\.0\\\\.1:9100.*"}'),
        ('up{job=~"$many"}', 'up{job=~"(a\\\\.b|c)"}'),
        ("up{job=~`$many`}", "up{job=~`(a\\.b|c)`}"),
        ('up{job!~"[[many]]"}', 'up{job!~"(a\\\\.b|c)"}'),
        ('up{job=~"$all"}', 'up{job=~"(x|y)"}'),
        ('up{job=~"$any"}', 'up{job=~".+"}'),
        ('up{job=~"$pattern"}', 'up{job=~".*api.*"}'),
        ('up{job=~"$nothing"}', 'up{job=~""}'),
        ('up{job="$nothing"}', 'up{job=""}'),
        ('up{job="$odd"}', 'up{job="a\\"b\\\\c"}'),
        ("rate(up[$span])", "rate(up[5m])"),
        ("rate(up[$fit])", "rate(up[$__interval])"),
        ("topk($number, up)", "topk(42, up)"),
        ("sum by ($many) (up)", "sum by (a.b,c) (up)"),
        ("sum by (${many:csv}) (up)", "sum by (a.b,c) (up)"),
        ('up{job=~"${many:pipe}"}', 'up{job=~"a.b|c"}'),
        ('up{job=~"${many:regex}"}', 'up{job=~"(a\\\\.b|c)"}'),
        ("rate(up[$__rate_interval])", "rate(up[$__rate_interval])"),
        ("rate(up[${__interval}])", "rate(up[$__interval])"),
        ("time() - $__from / 1000", "time() - 1772362800000 / 1000"),
    ],
)
def test_promql_has_values_as_the_matcher_needs_them(query: str, filled: str) -> None:
    assert promql(query) == filled


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ('up{job="$many"}', 'up{job=~"(a\\\\.b|c)"}'),
        ('up{job != "$many"}', 'up{job !~ "(a\\\\.b|c)"}'),
        ('up{job="$any"}', 'up{job=~".+"}'),
        ('up{job="pre.$many"}', 'up{job=~"pre\\\\.(a\\\\.b|c)"}'),
    ],
)
def test_equal_to_several_values_is_a_pattern(query: str, filled: str) -> None:
    assert promql(query) == filled


@pytest.mark.parametrize(
    "query",
    [
        'label_replace(up, "a", "$1-${2}", "b", "(.*)-(.*)")',
        'up{job=~"^api$"}',
        'up{job=~"a$|b$"}',
        "up{job=~`x$`} # costs 5 $one",
        'label_replace(up, "a", "$part", "b", "(?P<part>.*)")',
    ],
)
def test_other_dollars_survive(query: str) -> None:
    assert promql(query) == query


@pytest.mark.parametrize("query", ["rate(up[$spam])", 'up{job="${spam}"}', "up[$__spam]"])
def test_a_name_that_nobody_knows_is_said(query: str) -> None:
    with pytest.raises(CannotFill, match=r"spam.*there is no such variable.*\$number"):
        promql(query)


def sql(query: str, given: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    return in_sql(query, VALUES, HOUR, given or {})


@pytest.mark.parametrize(
    ("query", "filled", "parameters"),
    [
        ("name = $plan", "name = {var_plan:String}", {"var_plan": "pro"}),
        ("name = '$plan'", "name = {var_plan:String}", {"var_plan": "pro"}),
        ("name = '$evil'", "name = {var_evil:String}", {"var_evil": "'; DROP TABLE events --"}),
        ("name = $evil", "name = {var_evil:String}", {"var_evil": "'; DROP TABLE events --"}),
        ("name IN ($many)", "name IN ({var_many:Array(String)})", {"var_many": ["a.b", "c"]}),
        ("name = $many", "name IN {var_many:Array(String)}", {"var_many": ["a.b", "c"]}),
        ("name != $many", "name NOT IN {var_many:Array(String)}", {"var_many": ["a.b", "c"]}),
        ("LIMIT $number", "LIMIT 42", {}),
        ("x = '$number'", "x = {var_number:String}", {"var_number": "42"}),
        ("x LIKE '%$plan%'", "x LIKE concat('%', {var_text:String}, '%')", {"var_text": "pro"}),
        ("x = {number:UInt64}", "x = {number:UInt64}", {"number": 42}),
        ("x IN {many:Array(String)}", "x IN {many:Array(String)}", {"many": ["a.b", "c"]}),
        ("GROUP BY ${plan:raw}", "GROUP BY pro", {}),
        ("ts > $__from", "ts > 1772362800000", {}),
        ("match(x, 'a$') -- $plan", "match(x, 'a$') -- $plan", {}),
        ("x = '$spam'", "x = '$spam'", {}),
        ("x = $tag$ $plan $tag$", "x = $tag$ $plan $tag$", {}),
    ],
)
def test_sql_has_values_as_parameters(query: str, filled: str, parameters: dict[str, Any]) -> None:
    assert sql(f"SELECT {query}") == (f"SELECT {filled}", parameters)


def test_a_parameter_that_a_statement_has_of_its_own_keeps_its_value() -> None:
    text, parameters = sql("SELECT {plan:String}, $plan", {"plan": "free"})

    assert text == "SELECT {plan:String}, {var_plan:String}"
    assert parameters == {"plan": "free", "var_plan": "pro"}


@pytest.mark.parametrize("query", ["SELECT ${evil:raw}", "SELECT $spam", "SELECT '%$many'"])
def test_what_cannot_be_sql_is_refused(query: str) -> None:
    with pytest.raises(CannotFill):
        sql(query)


def where(*filters: dict[str, Any]) -> Any:
    return in_insight({"series": [{"event": "e", "where": list(filters)}]}, VALUES, HOUR)["series"][
        0
    ]["where"]


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ({"op": "=", "value": "$plan"}, {"op": "=", "value": "pro"}),
        ({"op": "=", "value": "$many"}, {"op": "in", "value": ["a.b", "c"]}),
        ({"op": "!=", "value": "$many"}, {"op": "not_in", "value": ["a.b", "c"]}),
        ({"op": "in", "value": ["$many", "d"]}, {"op": "in", "value": ["a.b", "c", "d"]}),
        ({"op": "=", "value": "$number"}, {"op": "in", "value": ["42", 42]}),
        ({"op": ">", "value": "$number"}, {"op": ">", "value": 42}),
        ({"op": "regex", "value": "$many"}, {"op": "regex", "value": "(a\\.b|c)"}),
        ({"op": "contains", "value": "$many"}, {"op": "regex", "value": "(a\\.b|c)"}),
        ({"op": "=", "value": "$all"}, {"op": "in", "value": ["x", "y"]}),
        ({"op": "=", "value": "v-${plan}"}, {"op": "=", "value": "v-pro"}),
        ({"op": "is_set"}, {"op": "is_set"}),
    ],
)
def test_a_filter_takes_what_is_chosen(given: dict[str, Any], filled: dict[str, Any]) -> None:
    assert where({"property": "p", **given}) == [{"property": "p", **filled}]


def test_a_filter_for_all_falls_away() -> None:
    kept = {"property": "p", "op": "=", "value": "x"}

    assert where({"property": "c", "op": "=", "value": "$country"}, kept) == [kept]


def test_a_property_named_like_a_variable_stays_a_property() -> None:
    found = in_insight(
        {"breakdown": {"property": "$plan"}, "by": {"property": "${plan}"}}, VALUES, HOUR
    )

    assert found == {"breakdown": {"property": "$plan"}, "by": {"property": "pro"}}


def test_texts_say_what_people_call_the_values() -> None:
    assert in_text("$plan, ${plan:raw}, $all, $many", VALUES, HOUR) == (
        "Professional, pro, All, a.b + c"
    )
    assert in_text(
        "$__dashboard in $unknown since ${__from:date:YYYY-MM-DD HH:mm}", VALUES, HOUR
    ) == ("Nodes in $unknown since 2026-03-01 11:00")


def test_a_value_is_no_markup_of_its_own() -> None:
    values = {"x": Selected("x", ("[here](https://evil.example)",))}

    shown = in_markdown("See $x, `$x` and [it](https://a.example/$x).", values, HOUR)

    assert "\\[here\\]\\(https" in shown
    assert "`[here](https://evil.example)`" in shown
    assert "(https://a.example/%5Bhere%5D%28https" in shown


def test_links_have_values_encoded_and_can_hand_on_all_of_them() -> None:
    values = {name: VALUES[name] for name in ("many", "all")}

    assert in_address("/d/x?i=$many", values, HOUR) == "/d/x?i=a.b%2Cc"
    assert in_address("/d/x?${many:queryparam}", values, HOUR) == "/d/x?var-many=a.b&var-many=c"
    assert in_address("/d/x?$__all_variables&$__url_time_range", values, HOUR) == (
        "/d/x?var-many=a.b&var-many=c&var-all=%24__all"
        "&from=2026-03-01T11%3A00%3A00Z&to=2026-03-01T12%3A00%3A00Z"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("csv", "a.b,c"), ("distributed", "a.b,many=c"), ("doublequote", '"a.b","c"'),
        ("glob", "{a.b,c}"), ("json", '["a.b", "c"]'), ("lucene", '("a.b" OR "c")'),
        ("percentencode", "a.b%2Cc"), ("pipe", "a.b|c"), ("queryparam", "var-many=a.b&var-many=c"),
        ("raw", "a.b,c"), ("regex", "(a\\.b|c)"), ("singlequote", "'a.b','c'"),
        ("sqlstring", "'a.b','c'"), ("text", "a.b + c"),
    ],
)  # fmt: skip
def test_formats(name: str, text: str) -> None:
    assert name in FORMATS
    assert formatted(VALUES["many"], name) == text


def test_a_format_that_there_is_not_is_said() -> None:
    with pytest.raises(CannotFill, match="known: csv"):
        formatted(VALUES["many"], "spam")
