"""Deploys: told through the API, once each, and found in events."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from analytics.insights.models import Deploy
from portal.audit.models import AuditEntry
from portal.store.query import TimeRange
from portal.store.sources import Question, ask
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
DEPLOYS = "/api/v1/deploys"
RELEASE = {
    "service": "shop", "version": "4.2", "deploymentId": "d-17", "at": "2026-03-01T14:30:00Z",
    "url": "https://ci.example.com/17",
}  # fmt: skip


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.analyst)


def told(api: APIClient, body: dict[str, Any]) -> Any:
    return api.post(DEPLOYS, body, format="json")


def test_a_deploy_is_told_once(api: APIClient, people: People) -> None:
    first, again = told(api, RELEASE), told(api, RELEASE)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["created_by"] == people.analyst.email
    listed = api.get(f"{DEPLOYS}?from=2026-03-01&to=2026-03-02&service=shop").json()["deploys"]
    assert [(one["version"], one["deploymentId"], one["at"]) for one in listed] == [
        ("4.2", "d-17", "2026-03-01T14:30:00Z")
    ]
    assert AuditEntry.objects.filter(action="deploy.note").count() == 1


def test_one_without_an_id_is_noted_as_now_each_time(api: APIClient) -> None:
    for _ in range(2):
        assert told(api, {"service": "shop", "version": "4.2"}).status_code == 201

    assert Deploy.objects.count() == 2


def test_it_is_taken_back(api: APIClient) -> None:
    made = told(api, RELEASE).json()

    assert api.delete(f"{DEPLOYS}/{made['id']}").status_code == 204
    assert not Deploy.objects.exists()
    assert AuditEntry.objects.filter(action="deploy.forget").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": "1"}, "service"),
        ({"service": "shop"}, "version"),
        ({"service": "s" * 101, "version": "1"}, "service"),
        ({"service": "shop", "version": "1", "at": "yesterday"}, "at"),
        ({"service": "shop", "version": "1", "at": "2026-03-01T14:30:00"}, "at"),
        ({"service": "shop", "version": "1", "url": "javascript:alert(1)"}, "url"),
        ({"service": "shop", "version": "1", "color": "red"}, "color"),
    ],
)
def test_what_cannot_be_read_names_its_field(
    api: APIClient, body: dict[str, Any], field: str
) -> None:
    answer = told(api, body)

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_viewers_read_and_do_not_write(people: People, call: TokenClient) -> None:
    viewer = call(people.viewer)

    assert viewer.get(DEPLOYS).status_code == 200
    assert told(viewer, RELEASE).status_code == 403


def test_versions_and_deployments_that_are_new_in_events_are_found() -> None:
    load(
        [
            Event("visit", at("2026-02-27T10:00"), "u1", service="shop", version="4.1"),
            Event("visit", at("2026-03-01T10:00"), "u1", service="shop", version="4.1"),
            Event("visit", at("2026-03-01T11:00"), "u1", service="shop", version="4.2"),
            Event("visit", at("2026-03-01T12:00"), "u1", service="shop", version="4.2"),
            Event("buy", at("2026-03-01T11:30"), "u1", properties={"deploymentId": "d-18"}),
            Event("buy", at("2026-03-01T11:40"), "u1", properties={"deploymentId": "d-18"}),
        ]
    )
    window = TimeRange(at("2026-03-01T00:00"), at("2026-03-02T00:00"))

    found = ask("deploys", Question({}, window, at("2026-03-02T00:00")), refresh=True)

    assert list(found.rows()) == [
        (at("2026-03-01T11:00"), "shop", "4.2", ""),
        (at("2026-03-01T11:30"), "", "", "d-18"),
    ]
