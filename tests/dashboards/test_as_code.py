"""Dashboards as files: the same text for the same dashboard, and nothing lost on the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from dashboards.as_code.shaping import packed, unpacked
from dashboards.as_code.text import data_of, written
from dashboards.document import checked
from portal.lib.field_error import FieldError
from tests.dashboards.documents import documents

BOARD: dict[str, Any] = {
    "name": "Checkout", "time": {"from": "-6h"},
    "widgets": [
        {
            "id": "rate", "title": "Requests", "source": "promql",
            "query": "sum by (code) (\n  rate(http_requests_total[5m])\n)",
            "position": {"x": 0, "y": 0, "w": 12, "h": 6}, "config": {"unit": "req/s", "kind": "line"},
        },
        {
            "id": "funnel", "title": "no", "source": "insight", "query": {"kind": "funnel", "steps": [{"event": "a"}]},
            "position": {"x": 12, "y": 0, "w": 12, "h": 6}, "config": {"kind": "funnel"},
        },
    ],
}  # fmt: skip
AS_YAML = """\
format: portal-dashboard-1
uid: checkout
name: Checkout
time:
  from: -6h
widgets:
- id: rate
  title: Requests
  position: {x: 0, y: 0, w: 12, h: 6}
  source: promql
  query: |-
    sum by (code) (
      rate(http_requests_total[5m])
    )
  config:
    kind: line
    unit: req/s
- id: funnel
  title: 'no'
  position: {x: 12, y: 0, w: 12, h: 6}
  source: insight
  query:
    kind: funnel
    steps:
    - event: a
  config:
    kind: funnel
"""


@settings(max_examples=150, deadline=None)
@given(document=documents())
def test_what_is_written_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    for form in ("yaml", "json"):
        text = written(document, "some-uid", form)

        assert unpacked(data_of(text)) == (document, "some-uid")
        assert written(unpacked(data_of(text))[0], "some-uid", form) == text


@settings(max_examples=60, deadline=None)
@given(document=documents())
def test_readers_of_the_older_yaml_understand_it_the_same_way(document: dict[str, Any]) -> None:
    assert yaml.safe_load(written(document)) == packed(document)


def test_a_file_says_only_what_does_not_go_without_saying() -> None:
    assert written(checked(BOARD), "checkout") == AS_YAML


def test_the_order_of_fields_in_a_file_does_not_matter() -> None:
    shuffled = json.dumps(dict(reversed(packed(checked(BOARD), "checkout").items())))

    assert unpacked(data_of(shuffled)) == unpacked(data_of(AS_YAML))


def test_json_ends_with_one_newline_and_keeps_letters_of_all_languages() -> None:
    text = written(checked({"name": "ยอดขาย"}), form="json")

    assert text.endswith("}\n")
    assert "ยอดขาย" in text


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "line 1: anchors and aliases are not read"),
        ("name: !!python/object/apply:os.system [ls]", "the tag"),
        ("name: x\nname: y\n", "stands twice"),
        ("name: x\n---\nname: y\n", "a file holds one dashboard"),
        ("a: " + "[" * 100 + "]" * 100, "nested deeper"),
        ("[" * 5_000, "This is not JSON"),
        ("- " * 20_000, "nested deeper"),
        ("name: 'x", "This is not YAML: line"),
        ("{,}", "This is not JSON"),
        ("", "There is nothing in it."),
        ("\x00", "This is not YAML"),
        ("name: .nan", "not finite"),
        ("name: " + "9" * 9_000, "too long"),
        ("? [a]\n: b", "a key must be text"),
        ("x" * (5 << 20), "4 MiB at most"),
    ],
)
def test_what_is_no_dashboard_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(FieldError) as refused:
        unpacked(data_of(text))

    assert says in refused.value.message


def test_dates_and_switches_of_the_older_yaml_are_texts() -> None:
    assert data_of("a: 2026-01-01\nb: yes\nc: 12:30\nd: 1_000\ne: <<\nf: 010") == {
        "a": "2026-01-01", "b": "yes", "c": "12:30", "d": "1_000", "e": "<<", "f": 10,
    }  # fmt: skip


def test_a_file_of_another_format_says_so() -> None:
    with pytest.raises(FieldError, match="portal-dashboard-1"):
        unpacked({"format": "portal-dashboard-9", "name": "x"})
