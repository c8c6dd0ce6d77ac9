"""Dashboards come in as files and go out as files, through the API and the page."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboards import actions
from dashboards.actions.documents import Place
from dashboards.document import checked
from dashboards.models import Dashboard
from dashboards.shapes import document_of
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient, TokenClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
URL = "/api/v1/dashboards"
GRAFANA: dict[str, Any] = {
    "title": "Node", "uid": "node-1", "schemaVersion": 39, "fancy": {"a": 1},
    "panels": [
        {"type": "timeseries", "title": "CPU", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "targets": [{"refId": "A", "expr": "rate(cpu[5m])"}]},
        {"type": "acme-panel", "title": "Strange", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}},
        {"type": "stat", "title": "Broken", "gridPos": {"x": 0, "y": 8, "w": 12, "h": 8}, "datasource": {"type": "prometheus"}, "targets": [{"refId": "A", "expr": "sum(("}]},
    ],
}  # fmt: skip
BOARD = {
    "name": "Checkout", "tags": ["shop"], "time": {"from": "-6h"},
    "widgets": [{"title": "Up", "source": "promql", "query": "up", "config": {"kind": "line"}}, {"title": "Note", "source": "text", "query": "a\nb", "config": {"kind": "text"}}],
}  # fmt: skip


def made(owner: User) -> Dashboard:
    return actions.create(owner, checked(BOARD), clock.now(), Place("checkout"))


@pytest.mark.parametrize(
    ("form", "type"), [("yaml", "application/yaml"), ("json", "application/json")]
)
def test_an_exported_dashboard_comes_in_as_it_was(
    people: People, call: TokenClient, form: str, type: str
) -> None:
    board = made(people.editor)
    before = document_of(board)
    api = call(people.editor)

    file = api.get(f"{URL}/checkout/export?format=portal&as={form}")
    actions.remove(people.editor, board)
    answer = api.post(f"{URL}/import", file.content.decode(), content_type=type)

    assert file.headers["Content-Type"].startswith(type)
    assert f'filename="checkout.{form}"' in file.headers["Content-Disposition"]
    assert answer.status_code == 201, answer.content
    assert answer.json()["dashboard"]["uid"] == "checkout"
    assert document_of(Dashboard.objects.get(uid="checkout")) == before
    assert answer.json()["report"] == {"format": "portal", "lost": 0, "changed": 0, "lines": []}


def test_a_uid_that_is_taken_is_numbered_and_overwriting_makes_a_version(
    people: People, call: TokenClient
) -> None:
    made(people.editor)
    api = call(people.editor)
    text = api.get(f"{URL}/checkout/export?as=yaml").content.decode().replace("Checkout", "Renamed")

    beside = api.post(f"{URL}/import", text, content_type="application/yaml")
    over = api.post(f"{URL}/import?overwrite=1", text, content_type="text/yaml")

    assert (beside.status_code, beside.json()["dashboard"]["uid"]) == (201, "renamed")
    assert (over.status_code, over.json()["dashboard"]["version"]) == (200, 2)
    assert Dashboard.objects.get(uid="checkout").versions.first().note == "Imported from a file"  # type: ignore[union-attr]  # it has one


def test_nobody_overwrites_what_they_may_not_change(people: People, call: TokenClient) -> None:
    board = made(people.editor)
    board.is_public = True
    board.save()
    other = call(people.owner)
    text = other.get(f"{URL}/checkout/export?as=yaml").content.decode()

    answer = other.post(f"{URL}/import?overwrite=1", text, content_type="application/yaml")

    assert answer.status_code == 403


def test_a_grafana_dashboard_comes_in_with_a_report(people: People, call: TokenClient) -> None:
    answer = call(people.editor).post(f"{URL}/import", GRAFANA, format="json")

    assert answer.status_code == 201, answer.content
    report, board = answer.json()["report"], answer.json()["dashboard"]
    assert board["uid"] == "node-1"
    assert [one["title"] for one in board["widgets"]] == ["CPU", "Strange", "Broken"]
    assert {line["path"] for line in report["lines"]} >= {
        "fancy.a",
        "panels[1].type",
        "panels[2].targets[0].expr",
    }
    entry = AuditEntry.objects.get(action="dashboard.import")
    assert entry.after is not None
    assert (entry.after["from"], entry.after["lost"]) == ("grafana", report["lost"])


def test_a_dry_run_makes_nothing(people: People, call: TokenClient) -> None:
    answer = call(people.editor).post(f"{URL}/import?dry_run=1", GRAFANA, format="json")

    assert answer.status_code == 200
    assert answer.json()["dashboard"]["name"] == "Node"
    assert answer.json()["report"]["format"] == "grafana"
    assert not Dashboard.objects.filter(uid="node-1").exists()


def test_a_file_can_be_uploaded(people: People, call: TokenClient) -> None:
    file = SimpleUploadedFile("node.json", json.dumps(GRAFANA).encode())

    answer = call(people.editor).post(f"{URL}/import", {"file": file}, format="multipart")

    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(
    ("body", "type", "field"),
    [
        ("name: x\nname: y", "application/yaml", "body"),
        ("a: &a 1\nb: *a", "application/yaml", "body"),
        ("{", "application/yaml", "body"),
        ("\xff", "application/yaml", ""),
        ("just words", "text/plain", "body"),
        ("{}", "application/json", "name"),
        ("[]", "application/json", "body"),
        (
            '{"name": "x", "widgets": [{"config": {"kind": "nowhere"}}]}',
            "application/json",
            "widgets[0].config.kind",
        ),
        ('{"name": "x", "uid": 5}', "application/json", "uid"),
        (
            '{"apiVersion": "dashboard.grafana.app/v2beta1", "spec": {"elements": {}}}',
            "application/json",
            "layout",
        ),
        (
            '{"schemaVersion": 39, "panels": {"a": 1}, "title": {"x": 1}, "templating": 5}',
            "application/json",
            None,
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    people: People, call: TokenClient, body: str, type: str, field: str | None
) -> None:
    given = body.encode("latin-1") if body == "\xff" else body
    answer = call(people.editor).post(f"{URL}/import", given, content_type=type)

    assert answer.status_code == (201 if field is None else 400), answer.content
    if field:
        assert answer.json()["error"]["field"] == field


def test_sql_comes_in_only_with_whoever_may_run_it(people: People, call: TokenClient) -> None:
    body = {
        "name": "x",
        "widgets": [{"source": "sql", "query": "SELECT 1", "config": {"kind": "table"}}],
    }
    may_change = Permission.objects.get(codename="change_dashboard")
    people.viewer.user_permissions.add(may_change)

    refused = call(people.viewer).post(f"{URL}/import", body, format="json")
    taken = call(people.editor).post(f"{URL}/import", body, format="json")

    assert refused.status_code == 403
    assert taken.status_code == 201


def test_whoever_may_not_make_dashboards_may_not_import_them(
    people: People, call: TokenClient, browse: PageClient
) -> None:
    assert call(people.viewer).post(f"{URL}/import", GRAFANA, format="json").status_code == 403
    assert browse(people.viewer).get("/dashboards/import/").status_code == 403


def test_an_export_for_grafana_says_what_grafana_does_not_know(
    people: People, call: TokenClient
) -> None:
    board = made(people.editor)
    api = call(people.editor)

    plain = api.get(f"{URL}/checkout/export?format=grafana")
    told = api.get(f"{URL}/checkout/export?format=grafana&report=1")
    actions.remove(people.editor, board)
    back = api.post(f"{URL}/import", plain.content, content_type="application/json")

    assert plain.json()["schemaVersion"] == 41
    assert told.json()["report"]["lines"] == []
    assert back.json()["dashboard"]["widgets"] == json.loads(
        json.dumps(document_of(Dashboard.objects.get(uid="checkout"))["widgets"])
    )
    assert AuditEntry.objects.filter(action="dashboard.export").count() == 2


@pytest.mark.parametrize(
    ("query", "field"), [("format=pdf", "format"), ("as=toml", "as"), ("format=grafana&as=x", "as")]
)
def test_an_unknown_form_is_refused(
    people: People, call: TokenClient, query: str, field: str
) -> None:
    made(people.editor)

    answer = call(people.editor).get(f"{URL}/checkout/export?{query}")

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_the_page_shows_the_report_before_it_saves(people: People, browse: PageClient) -> None:
    page = browse(people.editor)

    shown = page.post("/dashboards/import/", {"text": json.dumps(GRAFANA)})
    nothing_yet = Dashboard.objects.filter(uid="node-1").exists()
    saved = page.post(
        "/dashboards/import/", {"text": json.dumps(GRAFANA), "name": "Mine", "save": "1"}
    )

    assert "A dashboard of Grafana" in shown.content.decode()
    assert "fancy.a" in shown.content.decode()
    assert not nothing_yet
    assert (saved.status_code, saved.headers["Location"]) == (302, "/dashboards/node-1/")
    assert Dashboard.objects.get(uid="node-1").name == "Mine"


def test_the_page_takes_a_file_and_says_what_is_wrong_with_one(
    people: People, browse: PageClient
) -> None:
    page = browse(people.editor)

    good = page.post(
        "/dashboards/import/",
        {"file": SimpleUploadedFile("x.yaml", b"name: From a file\nwidgets: []\n")},
    )
    bad = page.post("/dashboards/import/", {"file": SimpleUploadedFile("x.yaml", b"\xff\xfe")})
    empty = page.post("/dashboards/import/", {"text": ""})

    assert "From a file" in good.content.decode()
    assert (bad.status_code, empty.status_code) == (400, 400)
    assert "UTF-8" in bad.content.decode()


def test_a_dashboard_s_page_offers_its_files(people: People, browse: PageClient) -> None:
    made(people.editor)
    page = browse(people.editor)

    shown = page.get("/dashboards/checkout/").content.decode()
    file = page.get("/dashboards/checkout/file/?format=portal&as=yaml")
    wrong = page.get("/dashboards/checkout/file/?format=pdf")

    assert "/dashboards/checkout/file/?format=grafana" in shown
    assert yaml.safe_load(file.content)["name"] == "Checkout"
    assert wrong.status_code == 400
