"""The API and the pages of scrape targets."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.serializers import serialize
from django.db import connection
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from analytics.collect.scraping import actions, refreshing
from analytics.collect.scraping.drafts import parse_draft
from analytics.collect.scraping.models import Endpoint, ScrapeTarget
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.collect.conftest import Page
from tests.conftest import PageClient, TokenClient
from tests.people import People

pytestmark = [pytest.mark.django_db]
API = "/api/v1/scrape_targets"
URL = "http://db1:9187/metrics"


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.admin)


def made(**fields: Any) -> ScrapeTarget:
    body = {"name": f"job-{uuid.uuid4().hex[:8]}", "url": URL, **fields}
    return actions.create_target(None, parse_draft(body), clock.now())


def test_a_target_is_made_shown_changed_and_removed(api: APIClient, people: People) -> None:
    body = {
        "name": "db", "url": URL, "interval": "1m", "labels": {"team": "data"}, "bearer": "s3cr3t",
        "metric_relabel": [{"action": "drop", "source_labels": ["__name__"], "regex": "go_.*"}],
    }  # fmt: skip
    created = api.post(API, body, format="json")
    assert created.status_code == 201
    one = created.json()
    path = f"{API}/{one['id']}"

    assert (one["state"], one["last_error"], one["interval"], one["timeout"]) == ("new", "", 60, 10)
    assert one["has_bearer"]
    assert "bearer" not in one
    assert [each["labels"] for each in one["endpoints"]] == [
        {"job": "db", "instance": "db1:9187", "team": "data"}
    ]
    assert [row["name"] for row in api.get(API).json()["scrape_targets"]] == ["db"]

    changed = api.patch(path, {"interval": 5, "timeout": 2}, format="json").json()
    assert (changed["interval"], changed["timeout"]) == (5, 2)
    assert changed["labels"] == {"team": "data"}
    assert changed["has_bearer"]
    put = api.put(path, {**changed, "labels": {}}, format="json")
    assert put.status_code == 200, put.json()
    assert put.json()["labels"] == {}
    assert not api.patch(path, {"bearer": ""}, format="json").json()["has_bearer"]

    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    found = AuditEntry.objects.filter(object_type="collect.scrapetarget").order_by("id")
    assert [entry.action.partition(".")[2] for entry in found] == [
        "create", "update", "update", "update", "delete",
    ]  # fmt: skip
    assert {entry.actor for entry in found} == {people.admin}


def test_the_bearer_stands_encrypted_and_nowhere_else(api: APIClient) -> None:
    api.post(API, {"name": "db", "url": URL, "bearer": "s3cr3t-of-db"}, format="json")

    with connection.cursor() as cursor:
        cursor.execute("SELECT bearer FROM collect_scrapetarget")
        stored = cursor.fetchone()[0]
    assert stored.startswith("enc1:")
    assert "s3cr3t" not in serialize("json", AuditEntry.objects.all())
    assert "s3cr3t" not in api.get(API).text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": ""}, "url"), ({"url": 5}, "url"), ({"url": "ftp://x/"}, "url"), ({"url": "db1"}, "url"),
        ({"url": "http://u:p@db1/"}, "url"), ({"url": "http://db1:99999/"}, "url"), ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"), ({"name": None}, "name"), ({"interval": 4}, "interval"),
        ({"interval": 15.5}, "interval"), ({"interval": "soon"}, "interval"), ({"interval": True}, "interval"),
        ({"interval": 1e300}, "interval"), ({"timeout": 16}, "timeout"), ({"timeout": 0}, "timeout"),
        ({"timeout": "NaN"}, "timeout"), ({"labels": []}, "labels"), ({"labels": {"a": 1}}, "labels"),
        ({"labels": {"__a": "b"}}, "labels.__a"), ({"bearer": "a\nb"}, "bearer"), ({"bearer": 1}, "bearer"),
        ({"ca": "no certificate"}, "ca"), ({"ca": "# Prüfstelle"}, "ca"), ({"verify_tls": "yes"}, "verify_tls"),
        ({"relabel": [{"action": "x"}]}, "relabel[0].action"), ({"relabel": "x"}, "relabel"),
        ({"metric_relabel": [{"regex": "(", "target_label": "a"}]}, "metric_relabel[0].regex"),
        ({"relabel": [{"action": "labeldrop", "regex": "__address__"}]}, "relabel"),
        ({"relabel": [{"target_label": "__address__", "replacement": "a b"}]}, "url"),
        ({"sample_limit": 0}, "sample_limit"), ({"discovery": "own"}, "discovery"),
        ({"relabel": [{"source_labels": ["a\0"], "action": "keep"}]}, "relabel[0].source_labels[0]"),
        ({"relabel": [{"source_labels": ["job"], "target_label": "job", "replacement": "$1$1"}] * 60}, "relabel"),
        ({"relabel": [{"action": "labelmap", "regex": "(.*)", "replacement": "x$1"},
                      {"action": "labelmap", "regex": "(.*)", "replacement": "y$1$1"}] * 30}, "relabel"),
        ({"discovery": "file", "files": "nodes**/*.yml"}, "files"),
        ({"discovery": "file", "files": "../x.yml"}, "files"), ({"discovery": "file"}, "files"),
        ({"discovery": "http", "url": None}, "url"), ({"path": "metrics"}, "path"), ({"nme": "x"}, "nme"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(api: APIClient, body: dict[str, Any], field: str) -> None:
    answer = api.post(API, {"name": "db", "url": URL, **body}, format="json")

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert not ScrapeTarget.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://other:9187/metrics"}, {"url": "https://db1:9187/metrics"},
        {"relabel": [{"target_label": "__address__", "replacement": "other:80"}]},
        {"discovery": "http", "url": "http://other/list"},
    ],
)  # fmt: skip
def test_a_kept_token_is_shown_to_no_other_server(api: APIClient, change: dict[str, Any]) -> None:
    one = made(bearer="s3cr3t")
    path = f"{API}/{one.pk}"

    refused = api.patch(path, change, format="json")
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "bearer")
    assert api.patch(path, {"url": f"{URL}?a=b"}, format="json").status_code == 200
    assert api.patch(path, change | {"bearer": "another"}, format="json").status_code == 200


@pytest.mark.parametrize("body", [[], "x", 5, None])
def test_a_body_is_an_object(api: APIClient, body: Any) -> None:
    assert api.post(API, body, format="json").status_code == 400


def test_a_name_is_given_once(api: APIClient) -> None:
    made(name="db")

    answer = api.post(API, {"name": "DB", "url": URL}, format="json")

    assert answer.json()["error"]["field"] == "name"


def test_viewers_see_targets_and_change_none(people: People, call: TokenClient) -> None:
    one = made()
    viewer = call(people.viewer)

    assert viewer.get(f"{API}/{one.pk}").status_code == 200
    assert viewer.post(API, {"name": "x", "url": URL}, format="json").status_code == 403
    assert viewer.patch(f"{API}/{one.pk}", {"interval": 30}, format="json").status_code == 403
    assert viewer.delete(f"{API}/{one.pk}").status_code == 403
    assert call(people.outsider).get(f"{API}/{one.pk}").status_code == 403


def test_only_who_may_change_a_target_sees_the_query_of_its_address(
    people: People, call: TokenClient, browse: PageClient
) -> None:
    rule = {"target_label": "__param_key", "replacement": "s3cr3t-rule"}
    one = made(url=f"{URL}?token=s3cr3t-query", relabel=[rule])
    paths = (API, f"{API}/{one.pk}")
    pages = ("/scrape-targets/", f"/scrape-targets/{one.pk}/")

    for path in paths:
        assert "s3cr3t" not in call(people.viewer).get(path).text
        assert "s3cr3t-query" in call(people.admin).get(path).text
    for path in pages:
        seen = browse(people.viewer).get(path).text
        assert f"{URL}?…" in seen
        assert "s3cr3t" not in seen
        assert "s3cr3t-query" in browse(people.admin).get(path).text


def test_state_and_last_error_are_those_of_all_endpoints(api: APIClient) -> None:
    one = made()
    path = f"{API}/{one.pk}"
    now = clock.now()
    endpoints = Endpoint.objects.filter(target=one)
    endpoints.update(state="up", last_at=now, duration_s=0.2, samples=7)
    assert (api.get(path).json()["state"], api.get(path).json()["samples"]) == ("up", 7)

    Endpoint.objects.create(
        target=one, url="http://db2/metrics", labels={}, digest="x", interval_s=15, due_at=now,
        state="down", last_error="It answers 500.",
    )  # fmt: skip
    found = api.get(path).json()
    assert (found["state"], found["last_error"]) == ("partly", "It answers 500.")
    assert [each["state"] for each in found["endpoints"]] == ["down", "up"]

    endpoints.filter(state="up").delete()
    assert api.get(path).json()["state"] == "down"
    api.patch(path, {"is_on": False}, format="json")
    assert (api.get(path).json()["state"], api.get(path).json()["last_error"]) == ("off", "")


def test_the_portals_own_target_is_shown_and_stays(
    api: APIClient, browse: PageClient, people: People
) -> None:
    refreshing.refresh_due(clock.now())
    (one,) = api.get(API).json()["scrape_targets"]
    path = f"{API}/{one['id']}"

    assert one["discovery"] == "own"
    assert api.delete(path).json()["error"]["field"] == "id"
    assert api.patch(path, {"interval": 30}, format="json").status_code == 400
    assert browse(people.admin).get(f"/scrape-targets/{one['id']}/change/").status_code == 404
    assert "the portal itself" in browse(people.viewer).get("/scrape-targets/").text


def test_lists_in_files_are_followed(tmp_path: Path, settings: Settings, api: APIClient) -> None:
    settings.SCRAPE_LISTS = tmp_path
    (tmp_path / "nodes.yml").write_text("- targets: [a:1, b:1]\n  labels: {rack: r1}\n")
    one = made(
        discovery="file", files="*.yml", scheme="https", path="/probe?module=x",
        relabel=[{"action": "drop", "source_labels": ["__address__"], "regex": "b:.*"}],
    )  # fmt: skip
    assert api.get(f"{API}/{one.pk}").json()["endpoints"] == []

    now = clock.now()
    refreshing.refresh_due(now)
    (first,) = api.get(f"{API}/{one.pk}").json()["endpoints"]
    assert first["url"] == "https://a:1/probe?module=x"
    assert first["labels"] == {"job": one.name, "instance": "a:1", "rack": "r1"}

    (tmp_path / "nodes.yml").write_text("- targets: [c:1, c:1]\n")
    refreshing.refresh_due(now + 2 * refreshing.EVERY)
    found = api.get(f"{API}/{one.pk}").json()
    assert [each["url"] for each in found["endpoints"]] == ["https://c:1/probe?module=x"]
    assert "1 entries are left out" in found["last_error"]
    assert Endpoint.objects.get(url=first["url"]).ended_at

    (tmp_path / "nodes.yml").write_text("][")
    refreshing.refresh_due(now + 4 * refreshing.EVERY)
    found = api.get(f"{API}/{one.pk}").json()
    assert len(found["endpoints"]) == 1  # what was known stays
    assert "nodes.yml is neither JSON nor YAML" in found["last_error"]


def test_lists_of_a_service_are_followed(page: Page, api: APIClient) -> None:
    page.text = '[{"targets": ["a:1"], "labels": {"__metrics_path__": "/x", "__meta_zone": "z1"}}]'
    page.headers = {"Content-Type": "application/json"}
    zone = {"source_labels": ["__meta_zone"], "target_label": "zone"}
    one = made(discovery="http", url=page.url, bearer="t", relabel=[zone])

    refreshing.refresh_due(clock.now())

    (found,) = api.get(f"{API}/{one.pk}").json()["endpoints"]
    assert found["url"] == "http://a:1/x"
    assert found["labels"] == {"job": one.name, "instance": "a:1", "zone": "z1"}
    assert page.asked[0]["Authorization"] == "Bearer t"


def test_two_workers_do_not_read_one_list(page: Page) -> None:
    one = made(discovery="http", url=page.url)
    now = clock.now()

    assert refreshing.taken(now) == one
    assert refreshing.taken(now) is None


def test_an_admin_adds_pauses_and_deletes_on_pages(browse: PageClient, people: People) -> None:
    admin = browse(people.admin)
    assert "No target of yours yet" in admin.get("/scrape-targets/").text
    form = {
        "name": "db", "url": URL, "interval": "30s", "timeout": "", "sample_limit": "1000",
        "labels": "team = data\n", "verify_tls": "on", "honor_timestamps": "on", "bearer": "t",
        "metric_relabel": "- action: labeldrop\n  regex: x\n",
    }  # fmt: skip

    added = admin.post("/scrape-targets/add/none/", form)
    one = ScrapeTarget.objects.get()
    page = f"/scrape-targets/{one.pk}/"

    assert added.headers["Location"] == page
    assert (one.interval_s, one.timeout_s, one.labels) == (30, 10, {"team": "data"})
    assert one.metric_relabel == [{"action": "labeldrop", "regex": "x"}]
    assert "db1:9187" in admin.get(page).text
    shown = admin.get(f"{page}change/").text
    assert "team = data" in shown
    assert "regex: x" in shown

    admin.post(f"{page}change/", {**form, "bearer": "", "name": "db2"})
    one.refresh_from_db()
    assert (one.name, one.bearer.reveal()) == ("db2", "t")
    admin.post(f"{page}change/", {**form, "bearer": "", "forgets_bearer": "on"})
    one.refresh_from_db()
    assert one.bearer == ""
    admin.post(f"{page}switch/", {"on": "0"})
    assert "Paused" in admin.get(page).text
    admin.post(f"{page}delete/")
    assert not ScrapeTarget.objects.exists()


@pytest.mark.parametrize(
    ("discovery", "wrong", "words"),
    [
        ("none", {"url": "nonsense"}, "http://"), ("none", {"interval": "1s"}, "whole seconds"),
        ("none", {"labels": "team"}, "is not name = value"), ("none", {"relabel": "]["}, "no YAML"),
        ("none", {"relabel": "[" * 50_000}, "no YAML"), ("none", {"relabel": "- 5"}, "[0]"),
        ("none", {"name": ""}, "required"), ("file", {"list_files": "../x.yml"}, "below the folder"),
        ("http", {"url": ""}, "required"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(
    discovery: str, wrong: dict[str, str], words: str, browse: PageClient, people: People
) -> None:
    form = {
        "name": "db", "url": URL, "list_files": "x.yml", "interval": "30s", "sample_limit": "9",
    }  # fmt: skip

    answer = browse(people.admin).post(f"/scrape-targets/add/{discovery}/", {**form, **wrong})

    assert answer.status_code == 400
    assert words in answer.text


def test_a_viewer_is_offered_nothing_to_change(browse: PageClient, people: People) -> None:
    one = made()
    viewer = browse(people.viewer)

    assert "An admin adds targets" not in viewer.get("/scrape-targets/").text
    assert "/change/" not in viewer.get(f"/scrape-targets/{one.pk}/").text
    assert viewer.get("/scrape-targets/add/none/").status_code == 403
    assert browse(people.admin).get("/scrape-targets/add/own/").status_code == 404


def test_the_tables_renew_themselves(browse: PageClient, people: People) -> None:
    one = made()
    part = {"HX-Request": "true"}

    for path in ("/scrape-targets/", f"/scrape-targets/{one.pk}/"):
        fragment = browse(people.viewer).get(path, headers=part).text
        assert 'hx-trigger="every 5s"' in fragment
        assert "<html" not in fragment
