"""What Prometheus's HTTP API answers about samples in the engine."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from analytics.promql import asking as asking_of
from analytics.promql.asking import seconds_for
from analytics.promql.outcome import Limits
from analytics.series import metadata
from analytics.series.metadata import Metadata
from portal.lib import clock
from portal.lib.asker import Asker, asking
from tests.promql.conftest import kept
from tests.promql.test_http_api import asked, posted, refusal

STEP_MS = 10_000
# A minute ago, on a whole ten seconds: samples of long ago would be gone after the retention.
END_MS = int(time.time() * 1000) // STEP_MS * STEP_MS - 60_000
START_MS = END_MS - 10 * STEP_MS


def at(steps: float) -> str:
    """Return the moment so many samples after the first, as clients write it."""
    return f"{(START_MS + steps * STEP_MS) / 1000:.3f}"


@pytest.fixture
def requests(metric: str, store_schema: None) -> str:
    """Keep a counter of two series, ten samples each, and return its name."""
    kept(
        metric,
        {
            "job=api,method=GET": [float(n) for n in range(11)],
            "job=api,method=POST": [n * 0.5 for n in range(11)],
        },
        start_ms=START_MS,
        step_ms=STEP_MS,
    )
    return metric


def test_a_query_answers_a_vector(requests: str, program: APIClient) -> None:
    answer = asked(program, "query", query=f'{requests}{{method="POST"}}', time=at(3))

    assert answer.json() == {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [
                {
                    "metric": {"__name__": requests, "job": "api", "method": "POST"},
                    "value": [float(at(3)), "1.5"],
                }
            ],
        },
    }


def test_a_query_may_be_posted(requests: str, program: APIClient) -> None:
    answer = posted(program, "query", query=f"sum(rate({requests}[50s]))", time=at(10))

    (found,) = answer.json()["data"]["result"]
    assert found["metric"] == {}
    assert float(found["value"][1]) == pytest.approx(0.15)


def test_a_range_answers_a_matrix_without_points_that_there_are_not(
    metric: str, program: APIClient
) -> None:
    kept(metric, {"a=1": [1, None, None, 4]}, start_ms=START_MS, step_ms=STEP_MS)

    answer = asked(
        program, "query_range",
        query=metric, start=at(0), end=at(4), step="10s", lookback_delta="10s",
    )  # fmt: skip

    data = answer.json()["data"]
    assert data["resultType"] == "matrix"
    assert data["result"] == [
        {
            "metric": {"__name__": metric, "a": "1"},
            "values": [[float(at(0)), "1"], [float(at(3)), "4"]],
        }
    ]


@pytest.mark.parametrize("lookback", ["0", "-5"])
def test_a_look_back_that_is_none_is_the_usual_one(
    lookback: str, requests: str, program: APIClient
) -> None:
    found = asked(program, "query", query=requests, time=at(12), lookback_delta=lookback).json()

    assert len(found["data"]["result"]) == 2


def test_a_range_selector_answers_the_samples_themselves(requests: str, program: APIClient) -> None:
    query = f'{requests}{{method="GET"}}[25s]'

    data = asked(program, "query", query=query, time=at(10)).json()["data"]

    assert data["resultType"] == "matrix"
    assert data["result"][0]["values"] == [
        [float(at(8)), "8"], [float(at(9)), "9"], [float(at(10)), "10"]
    ]  # fmt: skip


def test_scalars_and_texts_have_their_own_shapes(program: APIClient) -> None:
    number = asked(program, "query", query="1/0", time="1.5").json()["data"]
    text = asked(program, "query", query='"a\\"b"', time="2").json()["data"]

    assert number == {"resultType": "scalar", "result": [1.5, "+Inf"]}
    assert text == {"resultType": "string", "result": [2, 'a"b']}


def test_what_is_no_finite_number_is_written_as_go_writes_it(
    metric: str, program: APIClient
) -> None:
    series = {
        "is=nan": [math.nan],
        "is=inf": [math.inf],
        "is=minus": [-math.inf],
        "is=tiny": [1e-9],
    }
    kept(metric, series, start_ms=START_MS, step_ms=STEP_MS)

    found = asked(program, "query", query=metric, time=at(0)).json()["data"]["result"]

    values = {one["metric"]["is"]: one["value"][1] for one in found}
    assert values == {"nan": "NaN", "inf": "+Inf", "minus": "-Inf", "tiny": "1e-09"}


def test_a_limit_leaves_series_out_and_says_so(requests: str, program: APIClient) -> None:
    answer = asked(program, "query", query=requests, time=at(3), limit=1).json()
    whole = asked(program, "query", query=requests, time=at(3), limit=2).json()

    assert len(answer["data"]["result"]) == 1
    assert answer["warnings"] == ["results truncated due to limit"]
    assert "warnings" not in whole


def test_an_answer_says_what_it_took_when_asked(requests: str, program: APIClient) -> None:
    answer = asked(program, "query", query=requests, time=at(3), stats="all").json()

    stats = answer["data"]["stats"]
    assert stats["samples"]["totalQueryableSamples"] > 0
    assert stats["timings"]["evalTotalTime"] > 0


def test_infos_stand_beside_the_data(metric: str, program: APIClient) -> None:
    kept(metric, {"a=1": [1, 2, 3]}, start_ms=START_MS, step_ms=STEP_MS)

    answer = asked(program, "query", query=f"rate({metric}[1m])", time=at(2)).json()

    assert "might not be a counter" in answer["infos"][0]


def test_sets_that_do_not_match_are_422(requests: str, program: APIClient) -> None:
    query = f"{requests} * on(job) {requests}"

    status, kind, _ = refusal(asked(program, "query", query=query, time=at(3)))

    assert (status, kind) == (422, "execution")


def test_a_query_that_may_take_no_time_is_503(requests: str, program: APIClient) -> None:
    answer = asked(program, "query", query=f"sum({requests})", time=at(3), timeout="0.000001")

    assert refusal(answer)[:2] == (503, "timeout")


class TestLookingAround:
    def test_series_pass_any_of_the_selectors(self, requests: str, program: APIClient) -> None:
        found = posted(
            program, "series", **{"match[]": [f'{requests}{{method="GET"}}', "never_there"]}
        ).json()

        assert found["data"] == [{"__name__": requests, "job": "api", "method": "GET"}]

    def test_series_of_another_time_are_left_out(self, requests: str, program: APIClient) -> None:
        form = {"match[]": requests, "start": 0, "end": 1_000}

        assert asked(program, "series", **form).json()["data"] == []

    def test_labels_are_named(self, requests: str, program: APIClient) -> None:
        found = asked(program, "labels", **{"match[]": requests}).json()["data"]
        everything = asked(program, "labels").json()["data"]

        assert found == ["__name__", "job", "method"]
        assert set(found) <= set(everything)

    def test_values_of_a_label_may_be_limited(self, requests: str, program: APIClient) -> None:
        selected = {"match[]": requests}
        found = asked(program, "label/method/values", **selected).json()
        one = asked(program, "label/method/values", limit=1, **selected).json()

        assert found == {"status": "success", "data": ["GET", "POST"]}
        assert (one["data"], one["warnings"]) == (["GET"], ["results truncated due to limit"])

    def test_metrics_are_values_of_a_label(self, requests: str, program: APIClient) -> None:
        found = asked(program, "label/__name__/values", **{"match[]": f'{{__name__="{requests}"}}'})

        assert found.json()["data"] == [requests]

    def test_an_escaped_label_is_meant_as_it_was(self, metric: str, program: APIClient) -> None:
        kept(metric, {"http.status=200": [1]}, start_ms=START_MS, step_ms=STEP_MS)

        found = asked(program, "label/U__http_2e_status/values", **{"match[]": metric}).json()

        assert found["data"] == ["200"]

    def test_a_metric_says_what_it_is(self, metric: str, program: APIClient) -> None:
        metadata.write([Metadata(metric, "counter", "What it counts.", "s")], clock.now())

        found = asked(program, "metadata", metric=metric).json()["data"]

        assert found == {metric: [{"type": "counter", "help": "What it counts.", "unit": "s"}]}
        assert asked(program, "metadata", metric=f"no_{uuid4().hex}").json()["data"] == {}


def test_matchers_that_are_no_text_find_nothing(requests: str, program: APIClient) -> None:
    """Whatever bytes stand in a selector, they are values, never part of what the engine reads."""
    hostile: list[Any] = ["'; DROP TABLE series --", "\\", "{a:String}", "\x00", "é😀", '"']

    for text in hostile:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        selector = f'{requests}{{method="{escaped}"}}'
        answer = posted(program, "series", **{"match[]": selector})
        assert answer.json() == {"status": "success", "data": []}, text


def test_bytes_that_are_no_unicode_are_written_as_go_writes_them(program: APIClient) -> None:
    answer = asked(program, "query", query='"\\xff"', time="1").json()
    refused = asked(program, "query", query='label_replace(vector(1), "\\xff", "", "", "")')

    assert answer["data"]["result"] == [1, "\ufffd"]
    assert "\ufffd" in refusal(refused)[2]


class TestPatience:
    def test_nobody_computes_for_a_client_that_has_gone(
        self, requests: str, program: APIClient
    ) -> None:
        asker = Asker()
        asker.leave()

        with asking(asker):
            stored = refusal(asked(program, "query", query=requests, time=at(3)))
            computed = refusal(asked(program, "query", query="sum_over_time(vector(1)[1h:1s])"))

        assert stored[:2] == computed[:2] == (499, "canceled")

    def test_a_query_takes_no_longer_than_roles_allow(self) -> None:
        minute, asker = timedelta(minutes=1), Asker(time_limit=timedelta(minutes=1))

        assert seconds_for(asker, None) == seconds_for(asker, 300_000) == minute.total_seconds()
        assert seconds_for(asker, 5_000) == 5
        assert seconds_for(None, None) == 30

    def test_an_engine_that_is_away_is_503_and_says_when_to_come_back(
        self, program: APIClient, settings: Settings
    ) -> None:
        settings.CLICKHOUSE_URL = "http://127.0.0.1:1/away"

        answer = asked(program, "query", query="up")

        assert refusal(answer)[:2] == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"

    def test_more_samples_than_a_query_may_have_are_422(
        self, requests: str, program: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking_of, "LIMITS", Limits(samples=5))

        status, kind, message = refusal(
            asked(program, "query", query=f"{requests}[5m]", time=at(10))
        )

        assert (status, kind) == (422, "execution")
        assert "too many samples" in message
