"""Other Prometheus servers: asked, tested, added, changed and removed."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from analytics.promql import servers
from analytics.promql.models import PrometheusServer
from analytics.promql.outcome import Limits
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask
from tests.conftest import PageClient, TokenClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
API = "/api/v1/prometheus_servers"
PAGES = "/settings/prometheus-servers/"


@dataclass
class Other:
    """A stand-in for a Prometheus server; what it answers, and what it was asked."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def other(settings: Settings) -> Iterator[Other]:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
            self.respond(form)

        def do_GET(self) -> None:
            self.respond({})

        def respond(self, form: dict[str, list[str]]) -> None:
            path = self.path.removeprefix("/api/v1/")
            found.asked.append((path, form, dict(self.headers)))
            answer = found.answers.get(path, {"status": "success", "data": {}})
            body = json.dumps(answer).encode() if found.body is None else found.body
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Other(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def kept(other: Other, **values: Any) -> PrometheusServer:
    now = clock.now()
    return PrometheusServer.objects.create(
        **{"name": "Mimir", "url": other.url, "created_at": now, "updated_at": now, **values}
    )


def answer(server: PrometheusServer, query: str = "up", **params: Any) -> Frame:
    now = clock.now().replace(second=0, microsecond=0)
    window = TimeRange(now - timedelta(minutes=2), now)
    asked = {"query": query, "server": server.pk, "step": "60s", **params}
    return ask("promql", Question(asked, window, now))


def data(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


class TestAsking:
    def test_a_widget_draws_what_another_server_answers(self, other: Other) -> None:
        now = clock.now().replace(second=0, microsecond=0).timestamp()
        other.answers["query_range"] = data(
            "matrix",
            [
                {"metric": {"__name__": "up", "job": "a"}, "values": [[now - 60, "1"], [now, "0"]]},
                {"metric": {"__name__": "up", "job": "b"}, "values": [[now, "+Inf"]]},
            ],
            warnings=["half of it is missing"],
        )

        frame = answer(kept(other))

        assert [(name, value) for _, name, value in frame.rows()] == [
            ("a", 1.0), ("a", 0.0), ("b", None)
        ]  # fmt: skip
        assert frame.meta.warnings == ("half of it is missing",)

    def test_an_instant_is_a_table(self, other: Other) -> None:
        other.answers["query"] = data("vector", [{"metric": {"job": "a"}, "value": [1, "0.5"]}])

        assert list(answer(kept(other), instant=True).rows()) == [("a", 0.5)]

    @pytest.mark.parametrize(
        ("values", "headers"),
        [
            ({}, {}),
            ({"authentication": "bearer", "secret": "s3cret"}, {"Authorization": "Bearer s3cret"}),
            (
                {"authentication": "basic", "user_name": "reader", "secret": "pässword"},
                {"Authorization": f"Basic {base64.b64encode('reader:pässword'.encode()).decode()}"},
            ),
            ({"tenant": "team-a"}, {"X-Scope-OrgID": "team-a"}),
        ],
    )
    def test_it_shows_who_asks(
        self, values: dict[str, str], headers: dict[str, str], other: Other
    ) -> None:
        other.answers["query_range"] = data("matrix", [])

        answer(kept(other, **values))

        _, form, sent = other.asked[0]
        assert form["query"] == ["up"]
        assert {
            name: sent[name] for name in ("Authorization", "X-Scope-OrgID") if name in sent
        } == (headers)

    @pytest.mark.parametrize(
        ("status", "body", "reason"),
        [
            (400, b'{"status":"error","errorType":"bad_data","error":"invalid parameter \\"query\\":'
             b' 1:1: parse error: no"}', "1:1: parse error: no"),
            (422, b'{"status":"error","errorType":"execution","error":"too many"}',
             "Mimir: too many"),
            (503, b'{"status":"error","errorType":"timeout","error":"too slow"}', "Mimir: too slow"),
            (401, b"no", "Mimir answered 401: it does not accept"),
            (404, b"404 page not found", "before /api/v1"),
            (200, b"<html>", "before /api/v1"), (200, b"[]", "before /api/v1"),
            (200, b'{"status":"success"}', "cannot be read"),
            (200, b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":1}]}}',
             "cannot be read"),
            (302, b"", "answered 302"),
        ],
    )  # fmt: skip
    def test_what_goes_wrong_is_said(
        self, status: int, body: bytes, reason: str, other: Other
    ) -> None:
        other.status, other.body = status, body

        with pytest.raises(FieldError) as wrong:
            answer(kept(other))

        assert reason in wrong.value.message

    def test_each_series_may_have_times_of_its_own(
        self, other: Other, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(servers, "LIMITS", Limits(samples=10))
        rows = [
            {"metric": {"job": f"{job}"}, "values": [[100 * job + at, "1"] for at in range(3)]}
            for job in range(4)
        ]
        other.answers |= {"query": data("matrix", rows), "query_range": data("matrix", rows)}
        server = kept(other)

        assert len(list(answer(server, instant=True).rows())) == 12
        with pytest.raises(FieldError, match="too many samples"):
            answer(server)

    @pytest.mark.parametrize("at", ["1e300", "Infinity", "-1e12"])
    def test_a_time_that_there_cannot_be_is_refused(self, at: str, other: Other) -> None:
        result = f'[{{"metric":{{}},"values":[["{at}","1"]]}}]'
        data_ = f'{{"resultType":"matrix","result":{result}}}'
        other.body = f'{{"status":"success","data":{data_}}}'.encode()

        with pytest.raises(FieldError, match="cannot be read"):
            answer(kept(other))

    def test_an_inner_address_is_not_called_unless_the_operator_named_it(
        self, other: Other, settings: Settings
    ) -> None:
        settings.INTERNAL_HOSTS = ()

        with pytest.raises(FieldError, match="PORTAL_INTERNAL_HOSTS"):
            answer(kept(other))
        assert other.asked == []

    def test_a_server_that_is_gone_is_said(self, other: Other) -> None:
        server = kept(other)
        server_id = server.pk
        server.delete()
        server.pk = server_id

        with pytest.raises(FieldError, match="no such Prometheus server"):
            answer(server)


class TestAdministering:
    def test_an_admin_adds_changes_tests_and_removes_one(
        self, people: People, call: TokenClient, other: Other
    ) -> None:
        admin = call(people.admin)
        body = {"name": "Mimir", "url": f"{other.url}/", "authentication": "bearer",
                "secret": "s3cret", "tenant": "team-a"}  # fmt: skip

        made = admin.post(API, body, format="json")
        row = f"{API}/{made.json()['id']}"
        changed = admin.patch(row, {"name": "Metrics", "tenant": ""}, format="json").json()
        other.answers["query"] = data("vector", [{"metric": {}, "value": [1, "1"]}])
        other.answers["status/buildinfo"] = {"status": "success", "data": {"version": "2.42.0"}}
        tested = admin.post(f"{row}/test").json()
        removed = admin.delete(row)

        assert made.status_code == 201
        assert made.json()["url"] == other.url
        assert changed["name"] == "Metrics"
        assert (changed["has_secret"], changed["has_tenant"]) == (True, False)
        assert tested["is_ok"], tested
        assert "version 2.42.0" in tested["message"]
        assert removed.status_code == 204
        assert b"s3cret" not in made.content
        entries = AuditEntry.objects.filter(action__startswith="prometheus_server.").order_by("id")
        assert [one.action.partition(".")[2] for one in entries] == [
            "create", "change", "test", "delete"
        ]  # fmt: skip
        assert "s3cret" not in str([(one.before, one.after) for one in entries])

    def test_secrets_stand_encrypted_in_the_database(self, other: Other) -> None:
        kept(other, secret="s3cret", tenant="team-a")  # made up

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret, tenant FROM promql_prometheusserver")
            row = cursor.fetchone()

        assert all(text.startswith("enc1:") for text in row)

    def test_others_see_names_only(self, people: People, call: TokenClient, other: Other) -> None:
        server = kept(other)

        listed = call(people.viewer, ["read"]).get(API).json()["servers"]

        assert listed == [{"id": server.pk, "name": "Mimir"}]

    @pytest.mark.parametrize(
        ("changes", "wrong"),
        [
            ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"url": "mimir"}, "url"),
            ({"url": "http://u:p@mimir"}, "url"), ({"url": "http://mimir/api/v1/"}, "url"),
            ({"url": "http://mimir?x=1"}, "url"), ({"url": "http://[::1"}, "url"),
            ({"url": "ftp://mimir"}, "url"), ({"url": "http://mimir:99999"}, "url"),
            ({"authentication": "digest"}, "authentication"),
            ({"authentication": "bearer"}, "secret"), ({"authentication": "basic"}, "user_name"),
            ({"tenant": "a\nb"}, "tenant"), ({"tenant": "ü"}, "tenant"), ({"name": 5}, "name"),
            ({"port": 1}, "port"), ({"name": "a\x00"}, "name"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_kept_names_the_field(
        self, changes: dict[str, Any], wrong: str, people: People, call: TokenClient
    ) -> None:
        body = {"name": "Mimir", "url": "https://mimir.example.com", **changes}

        answer = call(people.admin).post(API, body, format="json")

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == wrong

    def test_kept_secrets_do_not_follow_to_another_host(
        self, people: People, call: TokenClient, other: Other
    ) -> None:
        server = kept(other, authentication="bearer", secret="s3cret")  # made up
        admin, row = call(people.admin), f"{API}/{server.pk}"
        elsewhere = {"url": "https://elsewhere.example.com"}

        refused = admin.patch(row, elsewhere, format="json")
        with_another = admin.patch(row, elsewhere | {"secret": "an0ther"}, format="json")

        assert refused.json()["error"]["field"] == "secret"
        assert with_another.status_code == 200

    def test_a_name_is_taken_once(self, people: People, call: TokenClient, other: Other) -> None:
        kept(other)

        answer = call(people.admin).post(API, {"name": "mimir", "url": other.url}, format="json")

        assert answer.json()["error"]["field"] == "name"


class TestPages:
    def test_an_admin_adds_one_and_reads_whether_it_answers(
        self, people: People, browse: PageClient, other: Other
    ) -> None:
        browser = browse(people.admin)
        other.answers["query"] = data("vector", [{"metric": {}, "value": [1, "1"]}])
        form = {"name": "Mimir", "url": other.url, "authentication": "bearer", "secret": "s3cret"}

        empty = browser.get(PAGES)
        added = browser.post(f"{PAGES}new/", form, follow=True)
        listed = browser.get(PAGES)

        assert "No other server yet" in empty.text
        assert "Mimir answered in" in added.text
        assert "s3cret" not in added.text
        assert other.url in listed.text

    def test_one_that_does_not_answer_says_why(
        self, people: People, browse: PageClient, other: Other
    ) -> None:
        server = kept(other)
        other.status, other.body = 401, b""

        page = browse(people.admin).post(f"{PAGES}{server.pk}/test/", follow=True)

        assert "it does not accept the token" in page.text

    def test_a_wrong_form_keeps_what_was_typed(self, people: People, browse: PageClient) -> None:
        form = {"name": "Mimir", "url": "mimir", "authentication": "none"}

        page = browse(people.admin).post(f"{PAGES}new/", form)

        assert page.status_code == 400
        assert "An address such as" in page.text

    def test_kept_secrets_can_be_removed_or_stay(
        self, people: People, browse: PageClient, other: Other
    ) -> None:
        server = kept(other, secret="s3cret", tenant="a")  # made up
        browser, page = browse(people.admin), f"{PAGES}{server.pk}/"
        form = {"name": "Mimir", "url": other.url, "authentication": "none"}

        browser.post(page, form)
        server.refresh_from_db()
        stayed = bool(server.secret)
        browser.post(page, form | {"forgets": "on"})
        server.refresh_from_db()

        assert stayed
        assert not server.secret
        assert not server.tenant

    def test_one_is_removed(self, people: People, browse: PageClient, other: Other) -> None:
        server = kept(other)

        page = browse(people.admin).post(f"{PAGES}{server.pk}/remove/", follow=True)

        assert "Mimir is removed" in page.text
