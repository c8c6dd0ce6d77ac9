"""Prometheus's own cases again: samples in the engine, asked over HTTP, read as a client reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
import pytest
from rest_framework.test import APIClient

from analytics.promql import asking
from analytics.promql.asking import Asked
from analytics.promql.outcome import Instant, Range
from analytics.promql.servers import WRAPPED, outcome, request_of
from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from tests.promql.engines import OneWorld, inside, own_database
from tests.promql.memory import number
from tests.promql.test_cases import (
    FILES,
    OPTIONS,
    World,
    failure_problem,
    noted_problem,
    value_problem,
)
from tests.promql.test_http_api import API, FORM

NAME = "__name__"


@pytest.fixture(scope="module", autouse=True)
def engine(store_schema: None) -> Iterator[None]:
    with own_database("cases"):
        yield


@pytest.fixture(autouse=True)
def as_in_their_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as a Prometheus started with the flags that the cases are for."""
    monkeypatch.setattr(asking, "OPTIONS", OPTIONS)
    monkeypatch.setattr(asking, "EngineStorage", OneWorld)


@dataclass
class Loading:
    """What is stored at a point of a file: samples by series, and what is left out."""

    number: int = 0
    world: World = field(default_factory=World)
    points: dict[Series, dict[int, float]] = field(default_factory=dict)

    def after(self, case: dict[str, Any]) -> Loading:
        """Return what is stored after one more `load` or `clear`."""
        if case["op"] == "clear":
            return Loading(self.number + 1)
        self.world.load(case)  # for what it says of native histograms
        points = {one: dict(held) for one, held in self.points.items()}
        for series in case["series"]:
            rest = {name: value for name, value in series["l"].items() if name != NAME}
            one = Series.of(series["l"].get(NAME, ""), rest)
            points.setdefault(one, {}).update(
                (at * case["step_ms"], number(value))
                for at, value in enumerate(series["v"])
                if value is not None and not isinstance(value, dict)
            )
        return Loading(self.number + 1, self.world, points)


def read(file: Path) -> tuple[list[Loading], list[tuple[str, dict[str, Any]]]]:
    """Return what a file stores, and its questions that are meant here, each with its world."""
    loading, stored, cases = Loading(), [], []
    for case in json.loads(file.read_text())["cmds"]:
        if case["op"] != "eval":
            loading = loading.after(case)
        elif loading.world.why_skipped(case["q"]) is None:
            stored.append(loading)
            cases.append((f"{file.stem} {loading.number}", case))
    return list({one.number: one for one in stored}.values()), cases


def store(loadings: list[Loading], file: Path) -> None:
    """Keep the samples of all worlds at once."""
    rows = [
        (inside(one, f"{file.stem} {loading.number}"), at, value)
        for loading in loadings
        for one, held in loading.points.items()
        for at, value in held.items()
    ]
    found = list(dict.fromkeys(one for one, _, _ in rows))
    places = {one: place for place, one in enumerate(found)}
    batch = Batch(
        found,
        np.array([places[one] for one, _, _ in rows], np.int64),
        np.array([at for _, at, _ in rows], np.int64),
        np.array([value for _, _, value in rows], np.float64),
    )
    write(batch, token=uuid4().hex)


@pytest.mark.django_db
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_cases_passes_over_http(
    file: Path, program: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    loadings, cases = read(file)
    store(loadings, file)

    wrong = []
    for world, case in cases:
        monkeypatch.setattr(OneWorld, "number", world)
        if problem := tried(program, case):
            wrong.append(f"{file.name}:{case['line']}: {case['q']}\n    {problem}")

    assert wrong == [], f"{len(wrong)} of {len(cases)} wrong:\n" + "\n".join(wrong)


def tried(program: APIClient, case: dict[str, Any]) -> str | None:
    """Ask, and say what is wrong with the answer."""
    at = Range(*case["range_ms"]) if "range_ms" in case else Instant(case["at_ms"])
    question = Asked(case["q"], at)
    path, form = request_of(question)
    body: Any = program.post(f"{API}{path}", urlencode(form), content_type=FORM).json()
    if body["status"] == "error":
        return failure_problem(case["expect"], body["error"].removeprefix(WRAPPED))
    if "fail" in case["expect"]:
        return f"did not fail: {body['data']}"
    found = outcome(body, question, 0)
    return noted_problem(case["expect"], found) or value_problem(case["expect"], found)
