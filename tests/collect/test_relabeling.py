"""Relabelling, rule by rule, as Prometheus does it."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.collect.scraping import endpoints, naming
from analytics.collect.scraping.relabeling import apply, parse
from analytics.series.identity import Series
from portal.lib.field_error import FieldError

LABELS = {"a": "foo", "b": "bar", "c": "baz"}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"source_labels": ["a"], "regex": "f(.*)", "target_label": "d", "replacement": "ch${1}-${1}"}],
         {**LABELS, "d": "choo-oo"}),
        ([{"source_labels": ["a", "b"], "regex": "f(.*);(.*)r", "target_label": "a", "replacement": "b${1}${2}m"}],
         {**LABELS, "a": "boobam"}),
        ([{"source_labels": ["a"], "regex": "o$", "target_label": "d"}], LABELS),  # not the whole value
        ([{"source_labels": ["a"], "regex": "(?P<x>f)oo", "target_label": "d", "replacement": "$x$$1$9"}],
         {**LABELS, "d": "f$1"}),
        ([{"source_labels": ["a"], "target_label": "b", "replacement": ""}], {"a": "foo", "c": "baz"}),
        ([{"source_labels": ["a"], "target_label": "${1}", "replacement": "x"}], {**LABELS, "foo": "x"}),
        ([{"action": "drop", "source_labels": ["a"], "regex": "fo+"}], None),
        ([{"action": "drop", "source_labels": ["a"], "regex": "f"}], LABELS),
        ([{"action": "keep", "source_labels": ["a", "b"], "separator": "-", "regex": "foo-bar"}], LABELS),
        ([{"action": "keep", "source_labels": ["zzz"], "regex": ".+"}], None),
        ([{"action": "keep", "source_labels": ["a"], "regex": "f.+", "separator": ""}], LABELS),
        ([{"action": "hashmod", "source_labels": ["c"], "target_label": "d", "modulus": 1000}],
         {**LABELS, "d": "976"}),
        ([{"action": "labelmap", "regex": "(b)", "replacement": "new_$1"}], {**LABELS, "new_b": "bar"}),
        ([{"action": "labeldrop", "regex": "b|c"}], {"a": "foo"}),
        ([{"action": "labelkeep", "regex": "[bc]"}], {"b": "bar", "c": "baz"}),
        ([{"action": "labelkeep", "regex": "a"}, {"action": "labeldrop", "regex": "a"}], {}),
    ],
)  # fmt: skip
def test_a_rule_does_what_it_does_in_prometheus(
    rules: list[Any], expected: dict[str, str] | None
) -> None:
    parsed = [parse(rule, "rules") for rule in rules]

    assert apply(parsed, LABELS) == expected
    assert [parse(rule.as_json(), "rules") for rule in parsed] == parsed


def test_a_value_may_span_lines() -> None:
    rule = parse(
        {"source_labels": ["a"], "regex": "x.*y", "target_label": "b", "replacement": "1"}, "r"
    )

    assert apply([rule], {"a": "x\ny"}) == {"a": "x\ny", "b": "1"}


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("x", "r"), ({"action": "lowercase"}, "r.action"), ({"regex": "("}, "r.regex"),
        ({"regex": "a(?!b)", "target_label": "x"}, "r.regex"), ({}, "r.target_label"),
        ({"action": "hashmod", "target_label": "x"}, "r.modulus"), ({"action": "keep"}, "r.source_labels"),
        ({"source_labels": "a"}, "r.source_labels"), ({"source_labels": [1]}, "r.source_labels[0]"),
        ({"target_label": "a", "sourcelabels": []}, "r.sourcelabels"), ({"regex": 5}, "r.regex"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(rule: Any, field: str) -> None:
    with pytest.raises(FieldError) as problem:
        parse(rule, "r")

    assert problem.value.field == field


def test_labels_of_the_target_win_unless_the_page_is_honored() -> None:
    own = {"job": "node", "instance": "db1"}
    labels = {"job": "batch", "exported_job": "x", "user": "u"}

    assert naming.exported(labels, own) == {
        "job": "node", "instance": "db1", "user": "u", "exported_job": "x",
        "exported_exported_job": "batch",
    }  # fmt: skip
    assert naming.honored(labels, own) == {**own, **labels}
    assert naming.honored({"job": ""}, own) == {"job": "", "instance": "db1"}


def test_rules_for_samples_see_the_name_and_may_change_it() -> None:
    rules = [
        parse({"action": "drop", "source_labels": ["__name__"], "regex": "go_.*"}, "r"),
        parse({"source_labels": ["__name__"], "target_label": "__name__", "replacement": "my_$1"}, "r"),
    ]  # fmt: skip
    resolve = naming.resolver({"job": "a"}, rules, honors_labels=False)

    assert resolve("go_threads", {}) is None
    assert resolve("load", {"x": "1"}) == Series.of("my_load", {"job": "a", "x": "1"})


def test_an_address_becomes_labels_that_rules_may_change() -> None:
    rules = [
        parse({"source_labels": ["__param_module"], "target_label": "module"}, "r"),
        parse({"target_label": "__address__", "replacement": "prober:9115"}, "r"),
        parse({"target_label": "__param_target", "replacement": "https://example.com/?a=b"}, "r"),
        parse({"target_label": "__scheme__", "replacement": "https"}, "r"),
    ]

    found = endpoints.of_url("http://host:1/probe?module=http&x=1&x=2", {"job": "web"}, rules)

    assert found is not None
    assert found.url == (
        "https://prober:9115/probe?module=http&x=1&x=2&target=https%3A%2F%2Fexample.com%2F%3Fa%3Db"
    )
    assert found.labels == {"job": "web", "instance": "prober:9115", "module": "http"}


def test_an_address_alone_means_its_usual_path() -> None:
    found = endpoints.of_url("http://host:9100", {"job": "node"}, [])

    assert found == endpoints.Found(
        "http://host:9100/metrics", {"job": "node", "instance": "host:9100"}
    )


def test_a_target_may_be_dropped_and_must_have_an_address() -> None:
    drop = parse({"action": "drop", "source_labels": ["job"], "regex": "node"}, "r")
    erase = parse({"action": "labeldrop", "regex": "__address__"}, "r")

    assert endpoints.of_url("http://host:9100", {"job": "node"}, [drop]) is None
    with pytest.raises(FieldError):
        endpoints.of_url("http://host:9100", {"job": "node"}, [erase])
