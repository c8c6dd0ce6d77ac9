"""Logging in and out, and forgetting a password."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

PASSWORD = "correct horse battery"


def log_in(client: Client, email: str, password: str = PASSWORD, path: str = "") -> int:
    data = {"login": email, "password": password, "next": path}
    return client.post("/accounts/login/", data).status_code


@pytest.fixture
def ada() -> User:
    return make_staff("analyst", name="ada", password=PASSWORD)


def actions_of(user: User) -> list[str]:
    entries = AuditEntry.objects.filter(object_type="accounts.user", object_id=str(user.pk))
    return list(entries.order_by("id").values_list("action", flat=True))


def test_staff_log_in_with_their_e_mail_in_any_case(ada: User, client: Client) -> None:
    status = log_in(client, ada.email.upper())

    assert status == 302
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_passwords_are_kept_with_argon2(ada: User) -> None:
    assert ada.password.startswith("argon2$argon2id$")


def test_after_login_one_is_where_one_wanted_to_go(ada: User, client: Client) -> None:
    asked = client.get("/settings/tokens/")
    assert asked.headers["Location"] == "/accounts/login/?next=/settings/tokens/"

    answer = client.post(
        "/accounts/login/",
        {"login": ada.email, "password": PASSWORD, "next": "/settings/tokens/"},
    )

    assert answer.headers["Location"] == "/settings/tokens/"


def test_login_never_leads_to_another_site(ada: User, client: Client) -> None:
    answer = client.post(
        "/accounts/login/",
        {"login": ada.email, "password": PASSWORD, "next": "https://evil.example/"},
    )

    assert answer.headers["Location"] == "/"


def test_logins_and_logouts_are_in_the_audit_trail(ada: User, client: Client) -> None:
    log_in(client, ada.email, "wrong")
    log_in(client, ada.email)
    client.post("/accounts/logout/")

    assert actions_of(ada) == ["user.create", "user.login_failed", "user.login", "user.logout"]


def test_what_strangers_type_is_not_kept(client: Client) -> None:
    log_in(client, "typed-by-mistake@example.com", "hunter2hunter2")

    entry = AuditEntry.objects.latest("id")
    kept = f"{entry.actor_label} {entry.object_label} {entry.before} {entry.after}"
    assert entry.action == "user.login_failed"
    assert "typed" not in kept
    assert "hunter2" not in kept


def test_logging_out_needs_a_post(people: People, browse: PageClient) -> None:
    client = browse(people.viewer)

    client.get("/accounts/logout/")

    assert "_auth_user_id" in client.session


def test_nobody_can_sign_up(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404


def test_who_is_kept_out_cannot_log_in(ada: User, client: Client) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)

    log_in(client, ada.email)

    assert "_auth_user_id" not in client.session


def test_a_session_ends_with_the_account(ada: User, client: Client) -> None:
    log_in(client, ada.email)
    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert client.get("/settings/tokens/").status_code == 302


def test_guessing_is_throttled(ada: User, client: Client) -> None:
    for _ in range(5):
        log_in(client, ada.email, "wrong")

    log_in(client, ada.email)

    assert "_auth_user_id" not in client.session


def test_a_lock_is_in_the_audit_trail_once(ada: User, client: Client) -> None:
    for _ in range(7):
        log_in(client, ada.email, "wrong")

    assert actions_of(ada).count("user.lock_out") == 1


def test_guessing_is_throttled_while_valkey_is_away(
    ada: User, client: Client, settings: object
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}  # type: ignore[attr-defined]  # pytest-django's fixture
    for _ in range(5):
        log_in(client, ada.email, "wrong")

    log_in(client, ada.email)

    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_replaced_by_mail(ada: User, client: Client) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    [message] = mail.outbox
    link = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+/)", str(message.body))
    assert link is not None

    form = client.get(link[1])
    fresh = {"password1": "staple battery horse", "password2": "staple battery horse"}
    client.post(form.headers["Location"], fresh)

    assert log_in(client, ada.email, "staple battery horse") == 302
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert "user.password" in actions_of(ada)


def test_the_reset_page_does_not_tell_who_has_an_account(ada: User, client: Client) -> None:
    known = client.post("/accounts/password/reset/", {"email": ada.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known.headers["Location"]) == (302, unknown.headers["Location"])
    assert [message.to for message in mail.outbox] == [[ada.email]]


def test_a_weak_new_password_is_refused(ada: User, browse: PageClient) -> None:
    client = browse(ada)

    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "password1234", "password2": "password1234"},
    )

    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
