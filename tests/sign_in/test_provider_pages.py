"""The admin's page of identity providers and rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from portal.audit.models import AuditEntry
from portal.sign_in.models import IdentityProvider, Policy
from tests.conftest import PageClient
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

SECRET = "told-by-the-provider-once"
ACME = {
    "name": "Acme",
    "slug": "acme",
    "issuer": "https://login.acme.example",
    "client_id": "portal",
    "client_secret": SECRET,
    "scopes": "openid profile email",
    "is_enabled": "on",
    "creates_accounts": "on",
    "allowed_domains": "acme.example, @acme.test",
    "email_claim": "email",
    "name_claim": "name",
    "role_claim": "groups",
    "role_map": "Portal admins = admin\nstaff = viewer",
    "team_claim": "groups",
}


@pytest.fixture
def acme(people: People, browse: PageClient) -> IdentityProvider:
    browse(people.admin).post("/settings/sign-in/add/oidc/", ACME)
    made: IdentityProvider = IdentityProvider.objects.get()
    return made


def test_a_provider_is_added_by_a_form(acme: IdentityProvider) -> None:
    assert acme.allowed_domains == ["acme.example", "acme.test"]
    assert acme.role_map == {"Portal admins": "admin", "staff": "viewer"}
    assert acme.creates_accounts
    assert not acme.links_accounts


def test_its_secret_stands_encrypted_in_the_database_and_nowhere_else(
    acme: IdentityProvider, people: People, browse: PageClient
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM sign_in_identityprovider")
        [[kept]] = cursor.fetchall()
    page = browse(people.admin).get(f"/settings/sign-in/{acme.pk}/").content.decode()
    entries = [f"{entry.before} {entry.after}" for entry in AuditEntry.objects.all()]

    assert kept.startswith("enc1:")
    assert acme.secret() == SECRET
    assert SECRET not in page
    assert not any(SECRET in entry for entry in entries)


def test_an_empty_secret_keeps_the_old_one(
    acme: IdentityProvider, people: People, browse: PageClient
) -> None:
    changed = {**ACME, "client_secret": "", "name": "Acme Inc"}

    browse(people.admin).post(f"/settings/sign-in/{acme.pk}/", changed)

    found = IdentityProvider.objects.get()
    assert (found.name, found.secret()) == ("Acme Inc", SECRET)


def test_the_page_names_the_address_to_come_back_to(
    acme: IdentityProvider, people: People, browse: PageClient
) -> None:
    page = browse(people.admin).get(f"/settings/sign-in/{acme.pk}/").content.decode()

    assert "http://testserver/accounts/sso/acme/callback/" in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("issuer", "http://login.acme.example", "https://"),
        ("issuer", "ftp://x", "https://"),
        ("client_id", "", "registered application"),
        ("client_secret", "", "application is made"),
        ("scopes", "email", "openid"),
        ("slug", "sso", "taken"),
        ("role_map", "staff = emperor", "Unknown role"),
        ("role_map", "staff", "value = role"),
        ("name", "", "required"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(
    people: People, browse: PageClient, field: str, value: str, message: str
) -> None:
    answer = browse(people.admin).post("/settings/sign-in/add/oidc/", {**ACME, field: value})

    assert answer.status_code == 400
    assert message in answer.content.decode()
    assert not IdentityProvider.objects.exists()


def test_accounts_are_opened_only_for_named_domains(people: People, browse: PageClient) -> None:
    body = {**ACME, "links_accounts": "on", "allowed_domains": ""}

    answer = browse(people.admin).post("/settings/sign-in/add/oidc/", body)

    assert "Name the domains" in answer.content.decode()


def test_the_rules_are_set_by_a_form_and_audited(people: People, browse: PageClient) -> None:
    rules: dict[str, Any] = {"idle_minutes": 45, "longest_hours": 12}

    browse(people.admin).post("/settings/sign-in/", rules)

    policy = Policy.objects.get()
    assert (policy.idle_minutes, policy.longest_hours) == (45, 12)
    assert AuditEntry.objects.filter(action="sign_in.policy", actor=people.admin).exists()


def test_a_limit_that_makes_no_sense_is_refused(people: People, browse: PageClient) -> None:
    answer = browse(people.admin).post(
        "/settings/sign-in/", {"idle_minutes": 2, "longest_hours": 12}
    )

    assert answer.status_code == 400
    assert "Between 5 minutes" in answer.content.decode()


def test_a_removed_provider_is_gone_from_the_sign_in_page(
    acme: IdentityProvider, people: People, browse: PageClient
) -> None:
    browse(people.admin).post(f"/settings/sign-in/{acme.pk}/remove/")

    assert "Acme" not in browse(None).get("/accounts/login/").content.decode()
