"""Whatever is asked over HTTP, the answer is a result or a reason in Prometheus's envelope."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from analytics.series.writing import Batch, write
from tests.promql.engines import own_database
from tests.promql.test_fuzz import mutated, storage
from tests.promql.test_http_api import API, FORM

# CASES=20000 tries as many.
TRIED = int(os.environ.get("CASES", "150"))
TIMES = (
    "600",
    "0",
    "1970-01-01T00:10:00Z",
    "-1e9",
    "1e18",
    "nan",
    "",
    "9" * 40,
    "1e-320",
    "\x00",
    "é",
)
LENGTHS = ("15", "1m", "1ms", "0", "-5", "1e300", "290y", "", "5m5m", "0.0000001", "\ud7ff")
NUMBERS = ("", "0", "1", "-1", "1e3", "9" * 30, "x")
PATHS = ("query", "query", "query_range", "query_range", "format_query", "query_exemplars")


@pytest.fixture(scope="module", autouse=True)
def engine(store_schema: None) -> Iterator[None]:
    with own_database("fuzzed"):
        points = storage().points
        flat = [
            (row, at, value)
            for row, held in enumerate(points.values())
            for at, value in held.items()
        ]
        rows, ts, values = zip(*flat, strict=True)
        batch = Batch(
            list(points), np.array(rows), np.array(ts, np.int64), np.array(values, np.float64)
        )
        write(batch, token=uuid4().hex)
        yield


@pytest.fixture(autouse=True)
def as_often_as_it_likes(settings: Settings) -> None:
    settings.API_PER_MINUTE = 0


def form(choose: random.Random) -> dict[str, str]:
    """Return a query and parameters, most of them such as a client would send."""
    good = {"query": mutated(choose), "time": "600", "start": "0", "end": "900", "step": "60"}
    odd = {
        "time": TIMES, "start": TIMES, "end": TIMES, "step": LENGTHS, "timeout": LENGTHS,
        "lookback_delta": LENGTHS, "limit": NUMBERS, "stats": ("all", ""),
    }  # fmt: skip
    changed = choose.sample(sorted(odd), choose.choice([0, 0, 0, 1, 2]))
    return {"timeout": "3"} | good | {name: choose.choice(odd[name]) for name in changed}


def answered(program: APIClient, path: str, body: str) -> Any:
    """Ask, check that the answer is one that a client understands, and return its status."""
    answer: Any = program.post(f"{API}{path}", body, content_type=FORM)
    found = answer.json()
    if answer.status_code == 200:
        assert found["status"] == "success"
    else:
        assert (found["status"], bool(found["error"])) == ("error", True)
        assert answer.status_code in {400, 422} or found["errorType"] == "timeout", found
    return answer.status_code


@pytest.mark.django_db
def test_a_mutated_question_is_answered_or_refused_with_a_reason(program: APIClient) -> None:
    program.raise_request_exception = False
    choose, statuses = random.Random(3), list[int]()

    for _ in range(TRIED):
        path, body = choose.choice(PATHS), form(choose)
        encoded = urlencode(body, errors="replace")
        try:
            statuses.append(answered(program, path, encoded))
        except (AssertionError, ValueError) as wrong:
            raise AssertionError(f"{path}: {body!r}") from wrong

    assert statuses.count(200) > TRIED / 10


@pytest.mark.django_db
def test_mutated_selectors_are_answered_or_refused_with_a_reason(program: APIClient) -> None:
    program.raise_request_exception = False
    choose = random.Random(5)

    for _ in range(TRIED // 3):
        path = choose.choice(["series", "labels"])
        selectors = [mutated(choose).partition("}")[0] + "}" for _ in range(choose.choice([1, 2]))]
        answered(program, path, urlencode({"match[]": selectors}, doseq=True, errors="replace"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"query=%ff%fe", b"query=up&query=", b"=&&&=", b"query" * 10_000, b"%"]
)
def test_bytes_that_are_no_form_are_refused_or_read(body: bytes, program: APIClient) -> None:
    program.raise_request_exception = False

    answer: Any = program.post(f"{API}query", body, content_type=FORM)

    assert answer.status_code in {200, 400}
    assert answer.json()["status"] in {"success", "error"}
