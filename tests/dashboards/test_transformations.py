"""What each transformation makes of answers; ids and options are those of public dashboards."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboards.sheets import Field, Sheet
from dashboards.transformations import CannotTransform, transformations, transformed
from portal.lib.registry import UnknownKind
from portal.store.frame import ColumnType, Meta

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
META = Meta(as_of=NOON)
Json = dict[str, Any]


def sheet(ref: str = "A", labels: Json | None = None, **fields: list[Any]) -> Sheet:
    """Make a sheet; a field's type is that of its first value."""
    kinds: dict[type, ColumnType] = {str: "string", datetime: "time", bool: "boolean"}
    made = [
        Field(
            name,
            kinds.get(type(cells[0]), "number"),
            cells,
            ref=ref,
            labels=(labels or {}).get(name, {}),
        )
        for name, cells in fields.items()
    ]
    return Sheet(ref, tuple(made), META)


SERIES = sheet(
    labels={"a": {"pod": "x"}, "b": {"pod": "y"}}, Time=[NOON, LATER], a=[1, 3], b=[2, None]
)
PODS = sheet(pod=["x", "y", "z"], cpu=[3, 1, 2])


def after(sheets: list[Sheet], kind: str, **options: Any) -> list[dict[str, list[Any]]]:
    found = transformed(sheets, [{"id": kind, "options": options}])
    return [{one.name: list(one.cells) for one in each.fields} for each in found]


CASES: list[tuple[str, list[Sheet], Json, list[Json]]] = [
    ("organize", [PODS], {"indexByName": {"cpu": 0, "pod": 1}, "renameByName": {"cpu": "CPU"}}, [{"CPU": [3, 1, 2], "pod": ["x", "y", "z"]}]),
    ("organize", [PODS], {"excludeByName": {"pod": True}}, [{"cpu": [3, 1, 2]}]),
    ("organize", [PODS], {"includeByName": {"pod": True}}, [{"pod": ["x", "y", "z"]}]),
    ("merge", [PODS, sheet("B", pod=["y", "w"], memory=[7, 8])], {}, [{"pod": ["x", "y", "z", "w"], "cpu": [3, 1, 2, None], "memory": [None, 7, None, 8]}]),
    ("joinByField", [PODS, sheet("B", pod=["y"], cpu=[9])], {"byField": "pod", "mode": "inner"}, [{"pod": ["y"], "cpu 1": [1], "cpu 2": [9]}]),
    ("seriesToColumns", [SERIES, sheet("B", Time=[LATER], c=[5])], {"byField": "Time"}, [{"Time": [NOON, LATER], "a": [1, 3], "b": [2, None], "c": [None, 5]}]),
    ("filterFieldsByName", [SERIES], {"include": {"names": ["Time"], "pattern": "^b"}}, [{"Time": [NOON, LATER], "b": [2, None]}]),
    ("filterFieldsByName", [SERIES], {"exclude": {"pattern": "/^[ab]$/"}}, [{"Time": [NOON, LATER]}]),
    ("renameByRegex", [PODS], {"regex": "c(.)u", "renamePattern": "the $1"}, [{"pod": ["x", "y", "z"], "the p": [3, 1, 2]}]),
    ("reduce", [SERIES], {"reducers": ["lastNotNull", "sum"]}, [{"Field": ["a", "b"], "Last *": [3, 2], "Total": [4, 2]}]),
    ("reduce", [SERIES], {"reducers": ["max"], "labelsToFields": True}, [{"Field": ["a", "b"], "pod": ["x", "y"], "Max": [3, 2]}]),
    ("reduce", [SERIES], {"reducers": ["max"], "mode": "reduceFields"}, [{"a": [3], "b": [2]}]),
    ("calculateField", [SERIES], {"mode": "binary", "binary": {"left": "a", "operator": "/", "right": "b"}}, [{"Time": [NOON, LATER], "a": [1, 3], "b": [2, None], "a / b": [0.5, None]}]),
    ("calculateField", [PODS], {"mode": "binary", "alias": "n", "replaceFields": True, "binary": {"left": {"matcher": {"id": "byName", "options": "cpu"}}, "operator": "*", "right": {"fixed": "2"}}}, [{"n": [6, 2, 4]}]),
    ("calculateField", [SERIES], {"mode": "reduceRow", "reduce": {"reducer": "sum"}, "alias": "all", "replaceFields": True}, [{"Time": [NOON, LATER], "all": [3, 3]}]),
    ("calculateField", [PODS], {"mode": "unary", "unary": {"operator": "sqrt", "fieldName": "cpu"}, "alias": "r", "replaceFields": True}, [{"r": [3**0.5, 1, 2**0.5]}]),
    ("calculateField", [PODS], {"mode": "cumulativeFunctions", "cumulative": {"field": "cpu", "reducer": "sum"}, "alias": "c", "replaceFields": True}, [{"c": [3, 4, 6]}]),
    ("calculateField", [PODS], {"mode": "index", "replaceFields": True}, [{"Row": [1, 2, 3]}]),
    ("sortBy", [PODS], {"sort": [{"field": "cpu", "desc": True}]}, [{"pod": ["x", "z", "y"], "cpu": [3, 2, 1]}]),
    ("groupBy", [sheet(pod=["x", "y", "x"], cpu=[1, 2, 3])], {"fields": {"pod": {"operation": "groupby"}, "cpu": {"operation": "aggregate", "aggregations": ["sum", "count"]}}}, [{"pod": ["x", "y"], "cpu (sum)": [4, 2], "cpu (count)": [2, 1]}]),
    ("labelsToFields", [SERIES], {}, [{"Time": [NOON, LATER, NOON], "pod": ["x", "x", "y"], "Value": [1, 3, 2]}]),
    ("labelsToFields", [SERIES], {"valueLabel": "pod"}, [{"Time": [NOON, LATER, NOON], "x": [1, 3, None], "y": [None, None, 2]}]),
    ("labelsToFields", [PODS], {}, [{"pod": ["x", "y", "z"], "cpu": [3, 1, 2]}]),
    ("limit", [PODS], {"limitField": "2"}, [{"pod": ["x", "y"], "cpu": [3, 1]}]),
    ("filterByValue", [PODS], {"type": "include", "match": "all", "filters": [{"fieldName": "cpu", "config": {"id": "greater", "options": {"value": 1}}}]}, [{"pod": ["x", "z"], "cpu": [3, 2]}]),
    ("filterByValue", [PODS], {"type": "exclude", "match": "any", "filters": [{"fieldName": "pod", "config": {"id": "regex", "options": {"value": "[xy]"}}}]}, [{"pod": ["z"], "cpu": [2]}]),
    ("seriesToRows", [SERIES], {}, [{"Time": [LATER, NOON, NOON], "Metric": ["a", "a", "b"], "Value": [3, 1, 2]}]),
    ("convertFieldType", [sheet(n=["1.5", "x"])], {"conversions": [{"targetField": "n", "destinationType": "number"}]}, [{"n": [1.5, None]}]),
    ("concatenate", [PODS, sheet("B", more=[1])], {}, [{"pod": ["x", "y", "z"], "cpu": [3, 1, 2], "more": [1, None, None]}]),
    ("filterByRefId", [PODS, sheet("B", b=[1])], {"include": "/^(?:B)$/"}, [{"b": [1]}]),
    ("prepareTimeSeries", [SERIES], {"format": "multi"}, [{"Time": [NOON, LATER], "a": [1, 3], "b": [2, None]}]),
    ("rowsToFields", [PODS], {}, [{"x": [3], "y": [1], "z": [2]}]),
    ("groupingToMatrix", [sheet(pod=["x", "x", "y"], kind=["in", "out", "in"], n=[1, 2, 3])], {"columnField": "kind", "rowField": "pod", "valueField": "n"}, [{"pod\\kind": ["x", "y"], "in": [1, 3], "out": [2, None]}]),
    ("partitionByValues", [PODS], {"fields": ["pod"]}, [{"x": [3]}, {"y": [1]}, {"z": [2]}]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "sheets", "options", "expected"),
    CASES,
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_transformation(
    kind: str, sheets: list[Sheet], options: Json, expected: list[Json]
) -> None:
    assert after(sheets, kind, **options) == expected


def test_every_transformation_has_a_case() -> None:
    assert {one.kind for one in transformations} == {kind for kind, *_ in CASES}


@pytest.mark.parametrize("kind", [one.kind for one in transformations])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "fields": 5,
            "include": "x",
            "sort": "y",
            "reducers": 1,
            "conversions": {},
            "filters": [3],
            "limitField": "many",
            "regex": "(",
        },
    ],
)
@pytest.mark.parametrize(
    "sheets", [[], [PODS], [SERIES, PODS], [sheet(n=[1])]], ids=["none", "table", "mixed", "one"]
)
def test_odd_options_are_left_out_or_said(kind: str, options: Json, sheets: list[Sheet]) -> None:
    with suppress(CannotTransform):
        after(sheets, kind, **options)


def test_a_step_that_is_off_is_not_taken_and_an_unknown_one_is_named() -> None:
    assert transformed([PODS], [{"id": "stirFry", "disabled": True}]) == [PODS]
    with pytest.raises(UnknownKind, match="stirFry"):
        transformed([PODS], [{"id": "stirFry"}])
