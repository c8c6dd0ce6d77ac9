"""What a widget's config may hold, and how its options turn a value into words, color and links."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.options.calcs import CALCS, calculate
from dashboards.options.checking import checked_config, options_of
from dashboards.options.checks import CHECKS
from dashboards.options.overrides import Subject
from dashboards.options.styling import Style, style_of
from dashboards.widgets import widgets
from portal.lib.field_error import FieldError

STEPS = {"mode": "absolute", "steps": [
    {"value": None, "color": "success"}, {"value": 80, "color": "warning"},
    {"value": 95, "color": "critical"},
]}  # fmt: skip


def style(name: str = "A", **options: Any) -> Style:
    return style_of(options, Subject(name))


def test_every_option_of_every_kind_can_be_checked_and_has_words() -> None:
    for kind in widgets:
        found = options_of(kind.kind)
        assert len({one.name for one in found}) == len(found), kind.kind
        assert all(one.label and (one.kind in CHECKS or one.kind == "overrides") for one in found)
        assert all(bool(one.choices) == (one.kind in {"choice", "choices"}) for one in found)


def test_a_config_is_kept_as_given_but_for_nulls() -> None:
    config = {"unit": "bytes", "decimals": 1, "min": None, "thresholds": STEPS, "legend": "{{a}}"}

    kept = checked_config("line", config)

    assert kept == {name: one for name, one in config.items() if one is not None} | {"kind": "line"}


@pytest.mark.parametrize(
    ("config", "field", "said"),
    [
        ({"decimal": 1}, "config.decimal", "Is decimals meant?"),
        ({"decimals": "1"}, "config.decimals", "a number, not a string"),
        ({"decimals": 1.5}, "config.decimals", "whole number"),
        ({"decimals": 11}, "config.decimals", "10 or less"),
        ({"min": float("nan")}, "config.min", "a number"),
        ({"thresholds": {"steps": [{"value": 1, "color": "reddish"}]}},
         "config.thresholds.steps.0.color", "#rrggbb or one of"),
        ({"thresholds": {"steps": [{"value": 1, "color": "red"}] * 2}},
         "config.thresholds.steps", "same value"),
        ({"mappings": [{"kind": "regex", "match": "(", "text": "x"}]},
         "config.mappings.0.match", "no regular expression"),
        ({"mappings": [{"kind": "values"}]}, "config.mappings.0.kind", "one of: value"),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "config.links.0.url", "https://"),
        ({"overrides": [{"match": {"by": "nam", "value": "A"}, "options": {}}]},
         "config.overrides.0.match.by", "one of: name"),
        ({"overrides": [{"match": {"by": "name", "value": "A"}, "options": {"colour": "red"}}]},
         "config.overrides.0.options.colour", "Is color meant?"),
        ({"time_shift": "a day"}, "config.time_shift", "length of time"),
        ({"also": [{"query": " "}]}, "config.also.0.query", "empty"),
        ({"also": [{"qery": "up"}]}, "config.also.0.qery", "Unknown field"),
        ({"legend_calcs": ["mean", "mode"]}, "config.legend_calcs.1", "one of: last"),
        ({"repeat": {"variable": "a", "direction": "x"}}, "config.repeat.direction", "h, v"),
        ([], "config", "an object, not a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_its_fix(config: Any, field: str, said: str) -> None:
    with pytest.raises(FieldError) as problem:
        checked_config("line", config)

    assert problem.value.field == field
    assert said in problem.value.message


def test_an_option_of_another_kind_stays_so_that_the_kind_can_be_changed_back() -> None:
    assert checked_config("table", {"line_width": 2})["line_width"] == 2


def test_a_kind_that_is_unknown_keeps_what_it_has() -> None:
    assert checked_config("candles", {"wick": 3}) == {"kind": "candles", "wick": 3}


def test_others_words_for_a_calculation_are_known() -> None:
    assert checked_config("stat", {"calc": "lastNotNull"})["calc"] == "last"


@pytest.mark.parametrize(
    ("value", "color"), [(0, "success"), (80, "warning"), (200, "critical"), (None, "")]
)
def test_a_value_has_the_color_of_the_highest_step_that_it_reaches(
    value: float | None, color: str
) -> None:
    assert style(thresholds=STEPS).color(value) == color


def test_steps_in_percent_are_of_the_scale() -> None:
    options: dict[str, Any] = {"thresholds": {**STEPS, "mode": "percentage"}, "min": 0, "max": 10}

    assert [style(**options).color(value) for value in (7.9, 8, 9.5)] == [
        "success", "warning", "critical",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "Up"), (0, "Down"), (15, "Teens"), (None, "Nothing"), ("eth0", "card 0"), (3, "3")],
)
def test_values_are_mapped_to_words(value: Any, said: str) -> None:
    mappings = [
        {"kind": "value", "match": "1", "text": "Up"},
        {"kind": "value", "match": 0, "text": "Down", "color": "critical"},
        {"kind": "range", "from": 13, "to": 19, "text": "Teens"},
        {"kind": "special", "match": "null", "text": "Nothing"},
        {"kind": "regex", "match": "/^ETH(.*)/i", "text": "card $1"},
    ]

    assert style(mappings=mappings).text(value) == said


@pytest.mark.parametrize(
    ("options", "value", "said"),
    [
        ({"unit": "bytes"}, 3.2e9, "3.2 GB"), ({"decimals": 2}, 1, "1.00"),
        ({"no_value": "none"}, None, "none"), ({"unit": "yes_no"}, 1, "Yes"),
        ({"unit": "time"}, 0, "1970-01-01 00:00:00 UTC"), ({}, True, "true"),
    ],
)  # fmt: skip
def test_a_value_is_said_with_its_unit(options: Any, value: Any, said: str) -> None:
    assert style(**options).text(value) == said


@pytest.mark.parametrize(
    ("match", "is_met"),
    [
        ({"by": "name", "value": "eth0"}, True), ({"by": "name", "value": "eth"}, False),
        ({"by": "names", "value": ["lo", "eth0"]}, True), ({"by": "regexp", "value": "^eth"}, True),
        ({"by": "regexp", "value": "/^ETH/"}, False), ({"by": "type", "value": "number"}, True),
        ({"by": "unit", "value": "bytes"}, True), ({"by": "query", "value": "B"}, True),
    ],
)  # fmt: skip
def test_overrides_change_what_they_match(match: dict[str, Any], is_met: bool) -> None:
    options = {"unit": "s", "overrides": [{"match": match, "options": {"unit": "bits/s"}}]}

    found = style_of(options, Subject("eth0", "number", "bytes", "B"))

    assert found.unit == ("bits/s" if is_met else "s")


def test_links_hold_the_value_and_the_row_and_never_lead_astray() -> None:
    links = [
        {"title": "Logs", "url": "/logs?pod=${__row.pod}&v=${__value}&s=${__series}"},
        {"title": "Bad", "url": "${__value}"},
        {"title": "Other", "url": 'https://x.example/${__data.fields["pod"]}/${__value.text}'},
    ]

    found = style("cpu %", links=links, unit="percent").links_to(12.5, {"pod": "a&b"})

    assert [one.url for one in found] == [
        "/logs?pod=a%26b&v=12.5&s=cpu%20%25", "https://x.example/a%26b/12.5%20%25",
    ]  # fmt: skip


def test_a_link_made_of_a_value_must_be_of_the_web() -> None:
    links = [{"title": "Run", "url": "${__value}"}]

    assert style(links=links).links_to("javascript:alert(1)") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", 4), ("first", 1), ("mean", 2.5), ("min", 1), ("max", 4), ("total", 10), ("sum", 10),
        ("count", 4), ("range", 3), ("difference", 3), ("change", 3), ("median", 2.5), ("p90", 3.7),
        ("stddev", 1.25**0.5), ("distinct", 4),
    ],
)  # fmt: skip
def test_calculations_leave_gaps_out(name: str, expected: float) -> None:
    assert calculate(name, [1, None, 2, 3, float("nan"), 4]) == pytest.approx(expected)


def test_nothing_has_no_calculation_but_its_count() -> None:
    assert {name for name, _ in CALCS if calculate(name, [None]) is not None} == {
        "count", "distinct",
    }  # fmt: skip
