"""“SSO only”, and the account that opens the portal even then."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from portal.accounts.models import User
from portal.lib.field_error import FieldError
from portal.sign_in.actions import change_policy
from portal.sign_in.models import IdentityProvider, Policy
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

PASSWORD = "correct horse battery"


@pytest.fixture
def acme() -> IdentityProvider:
    made: IdentityProvider = IdentityProvider.objects.create(
        slug="acme", name="Acme", protocol="oidc", issuer="https://login.acme.example",
        client_id="portal", client_secret="only told once",
    )  # fmt: skip
    return made


@pytest.fixture
def glass() -> User:
    return make_staff("admin", name="glass", password=PASSWORD)


@pytest.fixture
def sso_only(acme: IdentityProvider, glass: User) -> None:
    change_policy(None, Policy(sso_only=True, break_glass=glass))


def may_log_in(client: Client, user: User) -> bool:
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return "_auth_user_id" in client.session


@pytest.mark.usefixtures("sso_only")
def test_a_password_opens_nothing(client: Client) -> None:
    assert not may_log_in(client, make_staff("admin", name="ada", password=PASSWORD))


@pytest.mark.usefixtures("sso_only")
def test_but_the_break_glass_account(client: Client, glass: User) -> None:
    assert may_log_in(client, glass)


def test_switching_it_on_ends_what_passwords_began(
    acme: IdentityProvider, glass: User, client: Client
) -> None:
    assert may_log_in(client, make_staff("viewer", name="ada", password=PASSWORD))
    own = Client()
    assert may_log_in(own, glass)

    change_policy(None, Policy(sso_only=True, break_glass=glass))

    pages = [one.get("/settings/profile/").status_code for one in (client, own)]
    assert pages == [302, 200]


@pytest.mark.usefixtures("sso_only")
def test_the_page_asks_for_a_password_only_when_asked(client: Client) -> None:
    usual = client.get("/accounts/login/").content.decode()
    asked = client.get("/accounts/login/?password").content.decode()

    assert "Sign in with Acme" in usual
    assert 'type="password"' not in usual
    assert 'type="password"' in asked


@pytest.mark.usefixtures("sso_only")
def test_nobody_gets_in_by_a_forgotten_password(client: Client, glass: User) -> None:
    ada = make_staff("viewer", name="ada", password=PASSWORD)

    for user in (ada, glass):
        client.post("/accounts/password/reset/", {"email": user.email})

    assert [message.to for message in mail.outbox] == [[glass.email]]


def test_it_needs_a_provider(glass: User) -> None:
    with pytest.raises(FieldError, match="provider"):
        change_policy(None, Policy(sso_only=True, break_glass=glass))


def test_it_needs_a_break_glass_account(acme: IdentityProvider) -> None:
    with pytest.raises(FieldError, match="break-glass"):
        change_policy(None, Policy(sso_only=True))


def test_break_glass_is_a_local_admin(acme: IdentityProvider) -> None:
    for user in (make_staff("editor", password=PASSWORD), make_staff("admin")):
        with pytest.raises(FieldError, match="admin"):
            change_policy(None, Policy(break_glass=user))


@pytest.mark.usefixtures("sso_only")
def test_the_last_provider_cannot_go(
    acme: IdentityProvider, people: People, browse: PageClient
) -> None:
    answer = browse(people.admin).post(f"/settings/sign-in/{acme.pk}/remove/", follow=True)

    assert "only way in" in answer.content.decode()
    assert IdentityProvider.objects.filter(pk=acme.pk).exists()
