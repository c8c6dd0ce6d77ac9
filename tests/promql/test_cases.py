"""Prometheus's own cases, on floats."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.promql.errors import BadQuery, QueryFailed
from analytics.promql.evaluate import evaluate
from analytics.promql.outcome import Instant, Limits, Options, Outcome, Range
from analytics.promql.parse import parse
from analytics.promql.selectors import NAME, all_matchers
from analytics.promql.tree import Selector, Tree, children
from analytics.series.identity import Series
from tests.promql.memory import MemoryStorage, is_meant, number

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/promql"
FILES = sorted(FOLDER.glob("*.json"))
OPTIONS = Options(delayed_name_removal=True, experimental_functions=True)
NOT_HERE = re.compile(r"native histograms|experimental")

Labels = tuple[tuple[str, str], ...]


@dataclass
class World:
    """What has been loaded so far; `native` are series that are native histograms."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    native: set[Series] = field(default_factory=set)

    def load(self, case: dict[str, Any]) -> None:
        for series in case["series"]:
            labels, values = series["l"], series["v"]
            if any(isinstance(value, dict) for value in values):
                self.note_native(labels)
                values = [None if isinstance(value, dict) else value for value in values]
            if case.get("nhcb") and labels.get(NAME, "").endswith("_bucket"):
                rest = {name: value for name, value in labels.items() if name != "le"}
                self.note_native(rest | {NAME: labels[NAME].removesuffix("_bucket")})
            self.storage.load(labels, case["step_ms"], values)

    def note_native(self, labels: dict[str, str]) -> None:
        rest = {name: value for name, value in labels.items() if name != NAME}
        self.native.add(Series.of(labels.get(NAME, ""), rest))

    def why_skipped(self, query: str) -> str | None:
        """Say which part of the language that is not here a query needs."""
        try:
            tree = parse(query, experimental_functions=True)
        except BadQuery as refused:
            needs = NOT_HERE.search(refused.message)
            return needs[0] if needs else None
        for selector in selectors(tree):
            if any(is_meant(series, all_matchers(selector)) for series in self.native):
                return "native histograms"
        return None


def selectors(tree: Tree) -> Iterator[Selector]:
    if isinstance(tree, Selector):
        yield tree
    for child in children(tree):
        yield from selectors(child)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_prometheus_s_own_cases_passes(file: Path) -> None:
    world, skipped, wrong = World(), Counter[str](), list[str]()

    for case in json.loads(file.read_text())["cmds"]:
        if case["op"] == "clear":
            world = World()
        elif case["op"] == "load":
            world.load(case)
        elif reason := world.why_skipped(case["q"]):
            skipped[reason] += 1
        elif problem := tried(world.storage, case):
            wrong.append(f"{file.name}:{case['line']}: {case['q']}\n    {problem}")

    assert wrong == [], f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    print(f"{file.name}: skipped {dict(skipped)}")  # noqa: T201  # what is left out, computed


def test_the_cases_are_there() -> None:
    if not FILES:
        pytest.skip("the cases are beside the project, in shared/data/promql")

    assert len(FILES) >= 7


def tried(storage: MemoryStorage, case: dict[str, Any]) -> str | None:
    """Ask, and say what is wrong with the answer."""
    expected = case["expect"]
    at = Range(*case["range_ms"]) if "range_ms" in case else Instant(case["at_ms"])
    try:
        outcome = evaluate(case["q"], at, storage, Limits(), OPTIONS)
    except QueryFailed as failed:
        return failure_problem(expected, str(failed))
    if "fail" in expected:
        return f"did not fail: {outcome.kind} {list(outcome.series)}"
    return noted_problem(expected, outcome) or value_problem(expected, outcome)


def failure_problem(expected: dict[str, Any], message: str) -> str | None:
    if "fail" not in expected:
        return f"failed: {message}"
    wanted = expected["fail"]
    if "msg" in wanted and wanted["msg"] not in message:
        return f"failed with {message!r}, not {wanted['msg']!r}"
    if "regex" in wanted and not re.search(wanted["regex"], message):
        return f"failed with {message!r}, not {wanted['regex']!r}"
    return None


def noted_problem(expected: dict[str, Any], outcome: Outcome) -> str | None:
    for kind, given in (("warn", outcome.warnings), ("info", outcome.infos)):
        if f"no_{kind}" in expected and given:
            return f"unexpected {kind}: {given}"
        for wanted in expected.get(kind, []):
            if not any(noted(wanted, text) for text in given):
                return f"{kind} {wanted} is not in {given}"
    return None


def noted(wanted: dict[str, str], text: str) -> bool:
    if "regex" in wanted:
        return re.search(wanted["regex"], text) is not None
    return wanted.get("msg", text) == text


def value_problem(expected: dict[str, Any], outcome: Outcome) -> str | None:
    if "string" in expected:
        same = (outcome.kind, outcome.text) == ("string", expected["string"])
        return None if same else f"gave {outcome.kind} {outcome.text!r}"
    if "scalar" in expected:
        if outcome.kind != "scalar":
            return f"gave a {outcome.kind}"
        value = float(outcome.values[0, 0])
        return None if close(value, number(expected["scalar"])) else f"gave {value}"
    return series_problem(expected, outcome)


def series_problem(expected: dict[str, Any], outcome: Outcome) -> str | None:
    wanted = [(tuple(sorted(one["l"].items())), one["v"]) for one in expected.get("series", [])]
    given = [
        (labels, [float(v) if p else None for v, p in zip(values, present, strict=True)])
        for labels, values, present in zip(
            outcome.series, outcome.values, outcome.present, strict=True
        )
    ]
    wanted = [one for one in wanted if any(value is not None for value in one[1])]
    if not expected.get("ordered"):
        wanted, given = (
            sorted(wanted, key=lambda one: one[0]),
            sorted(given, key=lambda one: one[0]),
        )
    if [labels for labels, _ in wanted] != [labels for labels, _ in given]:
        return f"series {[dict(labels) for labels, _ in given]}"
    for (labels, values), (_, found) in zip(wanted, given, strict=True):
        padded = [*values, *[None] * (len(found) - len(values))]
        if len(padded) != len(found) or not all(map(same_point, padded, found)):
            return f"{dict(labels)} is {found}, not {values}"
    return None


def same_point(wanted: object, found: float | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return close(found, number(wanted))


def close(found: float, wanted: float) -> bool:
    return bool(np.isclose(found, wanted, rtol=1e-6, atol=0, equal_nan=True))
