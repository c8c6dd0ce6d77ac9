"""Explore metrics: what is asked and drawn, what helps to write, and why an answer is empty."""

from __future__ import annotations

import html
import json
import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from analytics.promql.completing import metrics_of
from analytics.promql.views import explore
from analytics.series import metadata
from analytics.series.identity import Series
from analytics.series.metadata import Metadata
from analytics.series.writing import Batch, write
from portal.lib import clock
from tests.conftest import PageClient
from tests.factories import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "store_schema")]
PAGE = "/metrics/explore/"
TAG = f"explored_{uuid.uuid4().hex[:8]}"  # the engine's database is shared with other tests
REQUESTS, ERRORS = f"{TAG}_requests_total", f"{TAG}_errors_total"


@pytest.fixture(scope="module", autouse=True)
def samples(store_schema: None) -> None:
    """Ten minutes of two routes' requests, and of errors that carry no route."""
    now = clock.now().replace(second=0, microsecond=0)
    for step in range(41):
        rows = [
            (Series.of(REQUESTS, {"route": "/a", "env": "live"}), step * 15.0),
            (Series.of(REQUESTS, {"route": "/b", "env": "live"}), step * 30.0),
            (Series.of(ERRORS, {"kind": 'say "no"'}), step * 1.0),
        ]
        at = now - timedelta(seconds=15 * (40 - step))
        write(Batch.of_instant(rows, at), token=uuid.uuid4().hex)
    metadata.write([Metadata(REQUESTS.removesuffix("_total"), "counter", "Requests.")], now)


@pytest.fixture
def client(browse: PageClient) -> Client:
    return browse(make_staff("viewer"))


def text(client: Client, *queries: str, path: str = "", **given: str) -> str:
    answer = client.get(f"{PAGE}{path}", {"query": list(queries), **given})
    assert answer.status_code == 200, answer.content
    return html.unescape(answer.content.decode())


def figure(page: str) -> dict[str, Any]:
    found = re.search(r"<portal-chart[^>]*><script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def suggested(client: Client, query: str) -> list[str]:
    answer = client.get(f"{PAGE}complete/", {"query": query, "cursor": str(len(query))})
    return [one["text"] for one in answer.json()["items"]]


class TestAnswers:
    def test_series_are_drawn_and_told_apart_by_the_label_that_differs(
        self, client: Client
    ) -> None:
        drawn = figure(text(client, f"rate({REQUESTS}[5m])"))["data"]

        assert [trace["name"] for trace in drawn] == ["/a", "/b"]
        (less, more) = (trace["y"] for trace in drawn)
        assert more == [pytest.approx(2 * value) if value else value for value in less]
        assert max(value for value in less if value) > 0.5

    def test_several_queries_stand_in_one_picture_by_letter(self, client: Client) -> None:
        page = text(client, f"sum({REQUESTS})", f"sum({ERRORS})", view="lines")

        assert [trace["name"] for trace in figure(page)["data"]] == [
            f"A sum({REQUESTS})", f"B sum({ERRORS})",
        ]  # fmt: skip

    def test_a_hidden_query_is_not_asked(self, client: Client) -> None:
        page = text(client, f"sum({REQUESTS})", f"sum({ERRORS})", hide="A")

        assert [trace["name"] for trace in figure(page)["data"]] == [f"sum({ERRORS})"]
        assert f"sum({REQUESTS})" in page  # in its line

    def test_a_table_has_labels_as_columns_and_exact_values(self, client: Client) -> None:
        page = text(client, REQUESTS, view="table")

        heads = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)", page)
        assert heads[:4] == ["Metric", "env", "route", "Value"]
        assert 'data-value="1200"' in page
        assert "1,200" in page

    def test_numbers_are_shown_large(self, client: Client) -> None:
        page = text(client, f"sum({REQUESTS})", view="stat")

        assert '<span class="stat-value" title="1800">1,800</span>' in page

    def test_all_points_come_as_a_file(self, client: Client) -> None:
        lines = text(client, REQUESTS, path="csv/", view="table").splitlines()

        assert lines[0] == "query,time,__name__,env,route,value"
        assert [line.split(",")[2:] for line in lines[1:]] == [
            [REQUESTS, "live", "/a", "600"], [REQUESTS, "live", "/b", "1200"],
        ]  # fmt: skip

    def test_a_file_holds_no_formula_and_has_an_end(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        query = 'label_replace(vector(1), "=1+1", "=2+2", "", "")'
        lines = text(client, query, path="csv/", view="table").splitlines()
        assert lines[0] == "query,time,'=1+1,value"
        assert ",'=2+2," in lines[1]

        monkeypatch.setattr(explore, "MOST_ROWS", 1)
        answer = client.get(f"{PAGE}csv/", {"query": REQUESTS, "view": "table"})
        assert answer.status_code == 400
        assert "The file would have 2 rows" in answer.text

    def test_what_it_took_is_told_by_parts(self, client: Client) -> None:
        page = text(client, f"sum by (route) (rate({REQUESTS}[5m]))")

        assert "What it took" in page
        assert f"{REQUESTS}[5m]" in page

    def test_the_axis_is_the_whole_range_on_the_clock_of_the_zone(self, client: Client) -> None:
        asked = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T01:00:00Z"}
        drawn = figure(text(client, "vector(1)", tz="Asia/Bangkok", **asked))

        ends = ["2026-03-01T07:00:00", "2026-03-01T08:00:00"]
        assert drawn["layout"]["xaxis"]["range"] == ends
        assert [drawn["data"][0]["x"][place] for place in (0, -1)] == ends

    def test_of_several_queries_each_table_and_number_bears_its_letter(
        self, client: Client
    ) -> None:
        asked = (f"sum({REQUESTS})", f"sum({ERRORS})")
        table, numbers = text(client, *asked, view="table"), text(client, *asked, view="stat")

        for letter, query in zip("AB", asked, strict=True):
            assert f'<span class="badge">{letter}</span> <code>{query}</code>' in table
            assert f'<span class="badge">{letter}</span> {query}' in numbers

    def test_a_step_may_be_chosen(self, client: Client) -> None:
        drawn = figure(text(client, REQUESTS, step="5m", **{"from": "-1h"}))["data"]

        assert len(drawn[0]["x"]) in {12, 13}


class TestMistakes:
    def test_a_mistake_is_named_with_its_line_and_column(self, client: Client) -> None:
        page = text(client, f"sum({REQUESTS})\n+ )")

        assert "Line 2, column 3" in page

    def test_where_every_query_fails_no_empty_picture_is_left(self, client: Client) -> None:
        assert "Over time" not in text(client, "sum(")
        assert "Over time" in text(client, "sum(", "vector(1)")

    def test_what_was_written_stays_where_the_range_is_wrong(self, client: Client) -> None:
        page = client.get(PAGE, {"query": f"sum({REQUESTS})", "from": "yesterday"})

        assert f">sum({REQUESTS})</textarea>" in page.content.decode()

    def test_a_mistake_is_told_while_one_writes(self, client: Client) -> None:
        found = client.get(f"{PAGE}check/", {"query": "sum(rate(x[5m])"}).json()
        right = client.get(f"{PAGE}check/", {"query": "rate(x[$__rate_interval])"}).json()

        assert found["message"]
        assert found["position"] == 15
        assert right == {"message": ""}

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"view": "pie"}, "view"),
            ({"step": "often"}, "step"),
            ({"step": "-1m"}, "step"),
            ({"query": REQUESTS, "step": "1ms", "from": "-30d"}, "step"),
            ({"server": "x"}, "server"),
            ({"query": ["x"] * 9}, "query"),
            ({"query": "x" * 20_001}, "query"),
            ({"from": "yesterday"}, "from"),
            ({"tz": "Mars/Olympus"}, "tz"),
        ],
    )
    def test_an_address_that_cannot_be_used_is_named(
        self, given: dict[str, Any], field: str, client: Client
    ) -> None:
        page, file = client.get(PAGE, given), client.get(f"{PAGE}csv/", given)

        assert (page.status_code, file.status_code) == (400, 400)
        assert field in html.unescape(page.content.decode())
        assert field in file.content.decode()

    def test_a_server_that_is_gone_is_said_at_the_query(self, client: Client) -> None:
        assert "no such Prometheus server" in text(client, "up", server="999999")


class TestEmpty:
    def test_operands_that_never_match_come_with_a_query_that_would(self, client: Client) -> None:
        page = text(client, f"rate({ERRORS}[5m]) / rate({REQUESTS}[5m])")

        assert "matched nothing" in page
        rewrite = f"sum(rate({ERRORS}[5m])) / sum(rate({REQUESTS}[5m]))"
        assert f"<code>{rewrite}</code>" in page
        assert figure(text(client, rewrite))["data"]

    def test_what_a_suggestion_mends_is_not_explained_once_more(self, client: Client) -> None:
        page = text(client, f"rate({ERRORS}[5m]) / rate({REQUESTS}[5m])")

        assert "matched nothing" in page
        assert "none that the whole query lets through" not in page

    def test_a_metric_that_does_not_exist_names_one_that_was_meant(self, client: Client) -> None:
        mistyped = REQUESTS.replace("requests", "request")
        page = text(client, f"sum(rate({mistyped}[$__interval])) + {mistyped}_x", step="1m")

        assert f"Did you mean {REQUESTS}?" in page
        meant = f"sum(rate({REQUESTS}[$__interval])) + {mistyped}_x"
        assert f"<code>{meant}</code>" in page
        assert f'href="?{urlencode({"query": meant, "step": "1m"})}"' in page

    def test_a_metric_that_was_there_at_another_time_says_when(self, client: Client) -> None:
        past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z"}

        assert f"{REQUESTS} was first seen at" in text(client, REQUESTS, **past)

    def test_labels_that_nothing_has_are_said(self, client: Client) -> None:
        page = text(client, f'{REQUESTS}{{route="/c"}}')

        assert f"{REQUESTS} has 2 series, but none that the whole query lets through." in page

    def test_nothing_asked_says_what_to_do(self, client: Client) -> None:
        assert "Nothing is asked yet" in text(client, "")


class TestWriting:
    def test_metrics_and_functions_are_offered(self, client: Client) -> None:
        assert suggested(client, f"rate({TAG}_req")[0] == REQUESTS
        assert suggested(client, "histogram_q")[0] == "histogram_quantile"

    def test_labels_and_values_are_those_of_the_metric(self, client: Client) -> None:
        assert suggested(client, f"{REQUESTS}{{") == ["env", "route"]
        assert suggested(client, f'{REQUESTS}{{env="live",route="') == ["/a", "/b"]
        assert suggested(client, f"sum({REQUESTS}) by (") == ["env", "route"]

    def test_a_value_is_offered_as_it_has_to_be_written(self, client: Client) -> None:
        assert suggested(client, f'{ERRORS}{{kind="') == ['say \\"no\\"']

    def test_examples_ask_for_what_the_portal_measures(self, client: Client) -> None:
        examples = re.findall(r'data-example="([^"]*)"', text(client))

        named = {name for one in examples for name in metrics_of(one)}
        assert named
        assert {name for name in named if not name.startswith(settings.METRIC_PREFIX)} == set()

    def test_a_cursor_that_is_none_is_the_end(self, client: Client) -> None:
        answer = client.get(f"{PAGE}complete/", {"query": "sum(rat", "cursor": "²"})

        assert answer.json()["items"][0]["text"] == "rate"

    def test_metrics_are_found_by_words_of_their_name(self, client: Client) -> None:
        page = text(client, path="browse/", search=f"{TAG} REQ")

        assert REQUESTS in page
        assert ERRORS not in page
        assert "counter, 2 series" in page

    def test_a_metric_shows_what_its_labels_hold(self, client: Client) -> None:
        page = text(client, path="browse/", metric=REQUESTS)

        assert "Requests." in page
        assert re.findall(r'data-value="([^"]*)"', page) == ["/a", "/b", "live"]

    def test_a_search_that_finds_nothing_says_so(self, client: Client) -> None:
        assert "No metric with “no such thing”" in text(
            client, path="browse/", search="no such thing"
        )
