"""Second factors of accounts that have a password here."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import call_command
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.sign_in.actions import change_policy
from portal.sign_in.models import Policy
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

PASSWORD = "correct horse battery"
HOME = "/accounts/second-factor/"


@pytest.fixture
def ana() -> User:
    return make_staff("admin", name="ana", password=PASSWORD)


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def log_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def set_up_app(client: Client) -> tuple[str, list[str]]:
    """Switch an authenticator app on; return its key and the recovery codes that were shown."""
    asked = client.get(f"{HOME}app/").headers["Location"]
    client.post(asked, {"password": PASSWORD})
    page = client.get(f"{HOME}app/").content.decode()
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", page)
    assert found is not None, page
    secret = found[1]
    codes = client.post(f"{HOME}app/", {"code": code_now(secret)}, follow=True).content.decode()
    return secret, re.findall(r"\b\d{8}\b", codes)


def test_with_an_app_the_password_alone_opens_nothing(ana: User) -> None:
    set_up_app(log_in(ana))
    client = log_in(ana)
    before = is_in(client)
    client.post(f"{HOME}sign-in/", {"code": "000000"})
    wrong = is_in(client)

    assert (before, wrong) == (False, False)


def test_a_recovery_code_opens_once(ana: User) -> None:
    _, codes = set_up_app(log_in(ana))
    first, second = log_in(ana), log_in(ana)

    for client in (first, second):
        client.post(f"{HOME}sign-in/", {"code": codes[0]})

    assert len(codes) == 10
    assert (is_in(first), is_in(second)) == (True, False)


def test_the_key_stands_encrypted_in_the_database(ana: User) -> None:
    secret, _ = set_up_app(log_in(ana))

    kept = str([one.data for one in Authenticator.objects.filter(user=ana)])

    assert secret not in kept
    assert "enc1:" in kept


def test_changes_and_failures_are_in_the_audit_trail(ana: User) -> None:
    set_up_app(log_in(ana))
    client = log_in(ana)
    client.post(f"{HOME}sign-in/", {"code": "000000"})

    change = AuditEntry.objects.get(action="second_factor.change")
    assert (change.before, change.after) == ({}, {"recovery_codes": 1, "totp": 1})
    failure = AuditEntry.objects.filter(action="user.login_failed").latest("id")
    assert failure.after == {"step": "second factor"}


def test_admins_are_held_to_the_page_until_they_have_one(ana: User) -> None:
    change_policy(None, Policy(mfa_for_admins=True))
    client = log_in(ana)

    held = client.get("/settings/tokens/")
    api = client.get("/api/v1/schema")
    set_up_app(client)

    assert held.headers["Location"] == HOME
    assert api.status_code == 403
    assert client.get("/settings/tokens/").status_code == 200


def test_others_are_not(ana: User) -> None:
    change_policy(None, Policy(mfa_for_admins=True))

    client = log_in(make_staff("viewer", password=PASSWORD))

    assert client.get("/settings/tokens/").status_code == 200


def test_an_admin_keeps_the_last_one_that_is_needed(ana: User) -> None:
    change_policy(None, Policy(mfa_for_admins=True))
    client = log_in(ana)
    set_up_app(client)

    client.post(f"{HOME}app/off/")

    assert Authenticator.objects.filter(user=ana, type="totp").exists()


def test_setting_one_up_asks_for_the_password_again(ana: User) -> None:
    answer = log_in(ana).get(f"{HOME}app/")

    assert answer.headers["Location"].startswith("/accounts/confirm/")


def test_a_lost_phone_is_helped_by_a_command(ana: User) -> None:
    set_up_app(log_in(ana))

    call_command("reset_second_factor", ana.email)

    assert is_in(log_in(ana))
    assert AuditEntry.objects.filter(action="second_factor.reset").exists()


def test_and_by_an_admin(ana: User, people: People, browse: PageClient) -> None:
    set_up_app(log_in(ana))
    admin = browse(people.admin)
    page = admin.get("/settings/sign-in/sessions/?q=ana").content.decode()

    admin.post(f"/settings/sign-in/people/{ana.pk}/reset-second-factor/")

    assert "Reset the second factor of ana" in page
    assert is_in(log_in(ana))


def test_guessing_codes_is_throttled_while_valkey_is_away(ana: User, settings: Any) -> None:
    _, codes = set_up_app(log_in(ana))
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    client = log_in(ana)
    for _ in range(5):
        client.post(f"{HOME}sign-in/", {"code": "000000"})

    answer = client.post(f"{HOME}sign-in/", {"code": codes[0]})

    assert answer.status_code == 429
    assert not is_in(client)
