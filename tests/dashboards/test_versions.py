"""Versions, drafts and who edits (dashboards.api.versions, dashboards.api.drafts)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboards.models import Editing
from portal.accounts import actions as accounts
from portal.accounts.models import Level
from portal.lib import clock
from tests.conftest import TokenClient
from tests.factories import make_dashboard
from tests.people import People

pytestmark = pytest.mark.django_db
BOARD = "/api/v1/dashboards/sales"


def test_each_save_is_a_version_that_says_who_and_what(people: People, call: TokenClient) -> None:
    make_dashboard("sales", created_by=people.owner, name="Sales")
    api = call(people.owner)
    api.patch(BOARD, {"version": 1, "name": "Revenue", "note": "As agreed"}, format="json")

    newest, first = api.get(f"{BOARD}/versions").json()["versions"]

    assert (newest["number"], newest["note"]) == (2, "As agreed")
    assert newest["created_by"] == people.owner.email
    assert newest["changes"] == ["Renamed the dashboard from “Sales” to “Revenue”."]
    assert (first["number"], first["changes"]) == (1, [])
    compared = api.get(f"{BOARD}/versions/1").json()
    assert compared["document"]["name"] == "Sales"
    assert [one["field"] for one in compared["differences"]] == ["name"]


def test_a_dashboard_that_was_never_saved_has_its_present_version(
    people: People, call: TokenClient
) -> None:
    make_dashboard("sales", created_by=people.owner)
    api = call(people.owner)

    assert [one["number"] for one in api.get(f"{BOARD}/versions").json()["versions"]] == [1]
    assert api.get(f"{BOARD}/versions/1").json()["differences"] == []


def test_an_earlier_version_is_restored_as_a_new_one(people: People, call: TokenClient) -> None:
    make_dashboard("sales", created_by=people.owner, name="Sales")
    api = call(people.owner)
    api.patch(BOARD, {"version": 1, "name": "Revenue", "widgets": []}, format="json")

    answer = api.post(f"{BOARD}/versions/1/restore", {"version": 2}, format="json")

    assert answer.json()["version"] == 3
    assert (answer.json()["name"], len(answer.json()["widgets"])) == ("Sales", 1)
    assert api.get(f"{BOARD}/versions").json()["versions"][0]["note"] == "Restored version 1"


def test_a_restore_over_somebodys_save_gets_both_sides(people: People, call: TokenClient) -> None:
    make_dashboard("sales", created_by=people.owner)
    api = call(people.owner)
    api.patch(BOARD, {"version": 1, "name": "Revenue"}, format="json")

    answer = api.post(f"{BOARD}/versions/1/restore", {"version": 1}, format="json")

    assert answer.status_code == 409


def test_a_version_that_never_was_is_refused(people: People, call: TokenClient) -> None:
    make_dashboard("sales", created_by=people.owner)
    api = call(people.owner)

    assert api.get(f"{BOARD}/versions/9").status_code == 400
    assert api.get(f"{BOARD}/versions/1?against=x").status_code == 400
    assert api.post(f"{BOARD}/versions/9/restore", {}, format="json").status_code == 400


def test_a_draft_is_its_writers_alone_and_may_be_unfinished(
    people: People, call: TokenClient
) -> None:
    made = make_dashboard("sales", created_by=people.owner)
    accounts.share(people.owner, made, people.teammate, Level.EDIT)
    unfinished = {"document": {"name": ""}, "base_version": 1}

    kept = call(people.owner).put(f"{BOARD}/draft", unfinished, format="json").json()

    assert kept["draft"]["document"] == {"name": ""}
    assert call(people.teammate).get(f"{BOARD}/draft").json()["draft"] is None
    assert call(people.owner).delete(f"{BOARD}/draft").status_code == 204
    assert call(people.owner).get(f"{BOARD}/draft").json()["draft"] is None


def test_who_edits_is_said_until_they_leave_or_fall_silent(
    people: People, call: TokenClient
) -> None:
    made = make_dashboard("sales", created_by=people.owner)
    accounts.share(people.owner, made, people.teammate, Level.EDIT)
    other, own = call(people.teammate), call(people.owner)

    other.put(f"{BOARD}/draft", {}, format="json")
    seen = own.get(f"{BOARD}/draft").json()["editors"]
    other.put(f"{BOARD}/draft", {"open": False}, format="json")
    left = own.get(f"{BOARD}/draft").json()["editors"]
    other.put(f"{BOARD}/draft", {}, format="json")
    Editing.objects.update(seen_at=clock.now() - timedelta(minutes=2))
    silent = own.get(f"{BOARD}/draft").json()["editors"]

    assert [one["name"] for one in seen] == [str(people.teammate)]
    assert (left, silent) == ([], [])


def test_a_draft_that_cannot_be_stored_is_refused(people: People, call: TokenClient) -> None:
    make_dashboard("sales", created_by=people.owner)

    for body, field in (
        ({"document": 3}, "document"),
        ({"document": {"name": "a\0"}}, "document.name"),
        ({"base_version": "x"}, "base_version"),
        ({"other": 1}, "other"),
    ):
        answer = call(people.owner).put(f"{BOARD}/draft", body, format="json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
