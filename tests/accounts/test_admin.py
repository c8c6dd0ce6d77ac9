"""Django's admin: for the role admin, audited, without inline scripts."""

from __future__ import annotations

import re

import pytest
from django.core import mail

from portal.accounts.models import ApiToken, User
from portal.audit.models import AuditEntry
from tests.conftest import PageClient
from tests.factories import make_token
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

PAGES = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/accounts/apitoken/",
    "/admin/audit/auditentry/",
    "/admin/auth/group/",
    "/admin/ingest/source/",
    "/admin/ingest/ingestkey/",
    "/admin/ingest/quarantined/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_no_inline_script(people: People, browse: PageClient, path: str) -> None:
    answer = browse(people.admin).get(path)

    assert answer.status_code == 200
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert (
        re.findall(r"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>", answer.text) == []
    )
    assert re.findall(r"\son\w+=\"", answer.text) == []


def test_strangers_go_to_the_portals_own_login_and_come_back(browse: PageClient) -> None:
    answer = browse(None).get("/admin/accounts/user/", follow=True)

    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/admin/accounts/user/"


def test_others_are_told_that_it_is_for_admins(people: People, browse: PageClient) -> None:
    answer = browse(people.editor).get("/admin/", follow=True)

    assert answer.status_code == 403
    assert people.admin.email in answer.text


def test_a_new_account_sets_its_own_password(people: People, browse: PageClient) -> None:
    browse(people.admin).post(
        "/admin/accounts/user/add/",
        {"email": "grace@example.com", "name": "Grace", "is_active": "on", "roles": ["editor"]},
    )

    grace = User.objects.get(email="grace@example.com")
    assert grace.roles() == ["editor"]
    assert not grace.has_usable_password()
    browse(None).post("/accounts/password/reset/", {"email": grace.email})
    assert [message.to for message in mail.outbox] == [[grace.email]]


def test_changes_go_into_the_trail_with_the_admins_name(people: People, browse: PageClient) -> None:
    browse(people.admin).post(
        f"/admin/accounts/user/{people.viewer.pk}/change/",
        {"name": "Vera", "roles": ["analyst"]},
    )

    people.viewer.refresh_from_db()
    entries = AuditEntry.objects.filter(actor=people.admin).order_by("id")
    assert [entry.action for entry in entries] == ["user.update", "user.roles", "user.deactivate"]
    assert (people.viewer.name, people.viewer.is_active) == ("Vera", False)


def test_the_last_admin_cannot_be_switched_off(people: People, browse: PageClient) -> None:
    answer = browse(people.admin).post(
        f"/admin/accounts/user/{people.admin.pk}/change/", {"name": "A", "roles": ["admin"]}
    )

    people.admin.refresh_from_db()
    assert "The last admin stays one" in answer.text
    assert people.admin.is_active


def test_an_address_is_taken_once_whatever_its_case(people: People, browse: PageClient) -> None:
    answer = browse(people.admin).post(
        "/admin/accounts/user/add/",
        {"email": people.viewer.email.upper(), "is_active": "on", "roles": ["viewer"]},
    )

    assert "already exists" in answer.text


def test_tokens_are_revoked_there_and_their_hash_is_not_shown(
    people: People, browse: PageClient
) -> None:
    token, _ = make_token(people.viewer)
    client = browse(people.admin)

    shown = client.get(f"/admin/accounts/apitoken/{token.pk}/change/")
    client.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": token.pk})

    assert token.digest not in shown.text
    assert ApiToken.objects.get().revoked_at is not None


def test_logging_out_there_is_logging_out_here(people: People, browse: PageClient) -> None:
    answer = browse(people.admin).post("/admin/logout/")

    assert answer.headers["Location"] == "/accounts/logout/"
