"""Prometheus's HTTP API: its envelope, its statuses, its parameters."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from rest_framework.test import APIClient

from analytics.promql.api import status
from portal.accounts.models import User
from tests.conftest import PageClient, TokenClient
from tests.factories import make_token
from tests.people import People

FORM = "application/x-www-form-urlencoded"
API = "/prometheus/api/v1/"


def asked(program: APIClient | Client, path: str, /, **form: Any) -> Any:
    """Return the answer to a GET, whatever its status."""
    return program.get(f"{API}{path}?{urlencode(form, doseq=True)}")


def posted(program: APIClient | Client, path: str, /, **form: Any) -> Any:
    return program.post(f"{API}{path}", urlencode(form, doseq=True), content_type=FORM)


def refusal(answer: Any) -> tuple[int, str, str]:
    body = answer.json()
    assert body["status"] == "error"
    return answer.status_code, body["errorType"], body["error"]


class TwoGroups:
    """Keeps two groups of rules."""

    def groups(self, user: User) -> list[dict[str, Any]]:
        full, used = (
            {"name": "Full", "type": "alerting"},
            {"name": "disk:used", "type": "recording"},
        )
        return [
            {"name": "disks", "file": "a.yml", "rules": [full, used]},
            {"name": "nets", "file": "b.yml", "rules": [full]},
        ]


class TestWhoMayAsk:
    def test_a_token_may_be_the_password_of_basic_authentication(self, people: People) -> None:
        _, text = make_token(people.viewer)
        words = base64.b64encode(f"grafana:{text}".encode()).decode()

        answer = Client().get(f"{API}status/buildinfo", headers={"Authorization": f"Basic {words}"})

        assert answer.json()["status"] == "success"

    @pytest.mark.parametrize(
        "words", ["Basic", "Basic !!!", "Basic bm9uZQ==", "Bearer x", "Bearer"]
    )
    def test_a_wrong_token_is_401_in_the_envelope(self, words: str, db: None) -> None:
        answer = Client().get(f"{API}query?query=1", headers={"Authorization": words})

        status, kind, _ = refusal(answer)
        assert (status, kind) == (401, "unauthorized")

    def test_a_session_may_ask_as_pages_do(self, people: People, browse: PageClient) -> None:
        answer = asked(browse(people.viewer), "format_query", query="1")

        assert answer.json() == {"status": "success", "data": "1"}

    def test_an_auditor_may_not_ask(self, people: People, call: TokenClient) -> None:
        status, kind, message = refusal(asked(call(people.auditor), "query", query="1"))

        assert (status, kind) == (403, "forbidden")
        assert "insights.explore" in message


@pytest.mark.parametrize(
    ("path", "form", "kind", "message"),
    [
        ("query", {"query": "up", "time": "soon"}, "bad_data",
         'invalid parameter "time": invalid time value for \'time\': cannot parse "soon" to a valid'
         " timestamp"),
        ("query", {"query": "up", "timeout": "x"}, "bad_data",
         'invalid parameter "timeout": cannot parse "x" to a valid duration'),
        ("query", {"query": "up", "limit": "-1"}, "bad_data",
         'invalid parameter "limit": limit must be non-negative'),
        ("query", {"query": "up", "lookback_delta": "x"}, "bad_data",
         'invalid parameter "lookback_delta": cannot parse "x" to a valid duration'),
        ("query_range", {"query": "up", "start": 1, "end": 2}, "bad_data",
         'invalid parameter "step": cannot parse "" to a valid duration'),
        ("query_range", {"query": "up", "end": 2, "step": 1}, "bad_data",
         'invalid parameter "start": cannot parse "" to a valid timestamp'),
        ("query_range", {"query": "up", "start": 2, "end": 1, "step": 1}, "bad_data",
         'invalid parameter "end": end timestamp must not be before start time'),
        ("query_range", {"query": "up", "start": 1, "end": 2, "step": "-1"}, "bad_data",
         'invalid parameter "step": zero or negative query resolution step widths are not accepted.'
         " Try a positive integer"),
        ("query_range", {"query": "up", "start": 0, "end": 11_001, "step": 1}, "bad_data",
         "exceeded maximum resolution of 11,000 points per timeseries."
         " Try decreasing the query resolution (?step=XX)"),
        ("series", {}, "bad_data", "no match[] parameter provided"),
        ("rules", {"type": "all"}, "bad_data", 'invalid parameter "type": not supported value "all"'),
        ("metadata", {"limit": "many"}, "bad_data", "limit must be a number"),
        ("label/U__/values", {}, "bad_data", 'invalid label name: "U__"'),
        ("query", {"query": "label_replace(" * 60 + "vector(1)" + ', "a", "b$1$1", "a", "(.*)")' * 60},
         "execution",
         "a label's value would be longer than 65536 characters in label_replace()"),
        ("query", {"query": "label_join(" * 60 + 'label_replace(vector(1), "a", "bb", "", "")'
                   + ', "a", "", "a", "a")' * 60},
         "execution", "a label's value would be longer than 65536 characters in label_join()"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(
    path: str, form: dict[str, Any], kind: str, message: str, program: APIClient
) -> None:
    status = 422 if kind == "execution" else 400
    assert refusal(asked(program, path, **form)) == (status, kind, message)


def test_a_label_that_no_text_can_name_has_no_values(program: APIClient) -> None:
    answer = asked(program, "label/U___d800_/values")

    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize("path", ["query", "format_query", "query_exemplars"])
def test_a_query_that_is_none_says_line_and_column(path: str, program: APIClient) -> None:
    status, kind, message = refusal(asked(program, path, query="sum(up"))

    assert (status, kind) == (400, "bad_data")
    assert message.startswith('invalid parameter "query": 1:7: parse error: ')


def test_a_selector_that_is_none_says_line_and_column(program: APIClient) -> None:
    status, _, message = refusal(asked(program, "series", **{"match[]": ["up", "up{"]}))

    assert status == 400
    assert message.startswith('invalid parameter "match[]": 1:4: parse error: ')


def test_a_form_may_be_posted_and_comes_before_the_address(program: APIClient) -> None:
    answer = program.post(
        f"{API}format_query?query=wrong(", urlencode({"query": "1+1"}), content_type=FORM
    )

    assert answer.json()["data"] == "1 + 1"


def test_a_body_that_is_no_form_holds_no_parameter(program: APIClient) -> None:
    answer = program.post(f"{API}format_query?query=up", "{}", content_type="application/json")

    assert answer.json()["data"] == "up"


def test_a_method_that_there_is_not_is_405(program: APIClient) -> None:
    assert refusal(program.delete(f"{API}series"))[0] == 405
    assert refusal(posted(program, "label/job/values"))[0] == 405


def test_too_many_fields_are_refused(program: APIClient) -> None:
    form = {f"name_{number}": "x" for number in range(2_000)}

    assert refusal(posted(program, "query", **form))[0] == 400
    assert refusal(asked(program, "query", **form))[0] == 400


class TestWhatThePortalSaysOfItself:
    def test_grafana_learns_which_version_it_speaks_to(self, program: APIClient) -> None:
        data = asked(program, "status/buildinfo").json()["data"]

        assert data["version"].startswith("3.")

    def test_there_are_no_rules_and_alerts_before_somebody_keeps_some(
        self, program: APIClient
    ) -> None:
        assert asked(program, "rules").json()["data"] == {"groups": []}
        assert asked(program, "rules", type="alert").json()["data"] == {"groups": []}
        assert asked(program, "alerts").json()["data"] == {"alerts": []}

    def test_rules_may_be_chosen_by_file_group_name_and_type(
        self, program: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(status, "keepers", [TwoGroups()])

        def named(**form: Any) -> dict[str, list[str]]:
            groups = asked(program, "rules", **form).json()["data"]["groups"]
            return {group["name"]: [rule["name"] for rule in group["rules"]] for group in groups}

        assert named() == {"disks": ["Full", "disk:used"], "nets": ["Full"]}
        assert named(type="record") == {"disks": ["disk:used"]}
        assert named(**{"rule_name[]": ["Full", "Gone"]}) == {"disks": ["Full"], "nets": ["Full"]}
        assert named(**{"rule_group[]": "nets"}) == {"nets": ["Full"]}
        assert named(**{"file[]": "a.yml", "type": "alert"}) == {"disks": ["Full"]}

    def test_there_are_no_exemplars(self, program: APIClient) -> None:
        answer = posted(program, "query_exemplars", query="up", start="1", end="2")

        assert answer.json() == {"status": "success", "data": []}


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("up", "up"),
        ('{job="x",__name__="up"}', '{__name__="up",job="x"}'),
        ('up{b="2",a=~"1"} offset -5m', 'up{a=~"1",b="2"} offset -5m'),
        ("sum(rate(a[90s])) by (x,y)", "sum by (x, y) (rate(a[1m30s]))"),
        ("sum without(x)(a)", "sum without (x) (a)"),
        ("topk(3,a)", "topk(3, a)"),
        ("a/on(x)group_left(y)b", "a / on (x) group_left (y) b"),
        ("a>bool b", "a > bool b"),
        ("-a^2", "-a ^ 2"),
        ("max_over_time(rate(a[5m])[1h:])", "max_over_time(rate(a[5m])[1h:])"),
        ("a[90d] @ start()", "a[90d] @ start()"),
        ("a @ 5 offset 1w1d", "a @ 5.000 offset 8d"),
        ("1e3", "1000"),
        ("(a)", "(a)"),
        (
            f"sum(rate({'a' * 60}[5m])) / sum(rate({'b' * 60}[5m]))",
            f"  sum(rate({'a' * 60}[5m]))\n/\n  sum(rate({'b' * 60}[5m]))",
        ),
        (
            f"sum by (x) (rate({'a' * 60}[5m]) + rate({'b' * 60}[5m]))",
            f"sum by (x) (\n    rate({'a' * 60}[5m])\n  +\n    rate({'b' * 60}[5m])\n)",
        ),
    ],
)  # fmt: skip
def test_a_query_is_written_as_prometheus_writes_it(
    query: str, written: str, program: APIClient
) -> None:
    assert posted(program, "format_query", query=query).json()["data"] == written
