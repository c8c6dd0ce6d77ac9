"""Coming in through an OpenID Connect provider: a real one, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from portal.accounts.actions import create_team, set_active, set_roles
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.sign_in.models import IdentityProvider
from tests.factories import make_staff
from tests.sign_in.conftest import CLIENT_ID, RunningProvider, sign_in, visitor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache"),
    pytest.mark.slow,
]

Apply = Callable[..., None]
INES, IDA = "Ines Insight", "Ida Desk"


@pytest.fixture(autouse=True)
def somebody_else_is_admin(db: None) -> User:
    return make_staff("admin", name="somebody")


def who_is_in(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id", 0)).first()


def test_the_sign_in_page_offers_the_provider(by_settings: Apply, client: Client) -> None:
    by_settings()

    page = client.get("/accounts/login/", {"next": "/settings/tokens/"}).content.decode()

    assert "Sign in with demo SSO" in page
    assert 'href="/accounts/sso/sso/?next=%2Fsettings%2Ftokens%2F"' in page


def test_the_way_to_the_provider_carries_a_challenge(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()

    off = visitor(provider).get("/accounts/sso/sso/")

    asked = parse_qs(urlsplit(off.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["client_id"] == [CLIENT_ID]
    assert "state" in asked


def test_a_first_login_makes_an_account_with_the_mapped_roles(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    client = visitor(provider)

    answer = sign_in(provider, provider.person(INES), client, path="/settings/profile/")

    user = who_is_in(client)
    assert answer.headers["Location"] == "/settings/profile/"
    assert user is not None
    assert (user.email, user.name) == ("ines.insight@example.com", INES)
    assert user.roles() == ["viewer", "analyst"]
    assert not user.has_usable_password()


def test_a_login_never_leads_to_another_site(provider: RunningProvider, by_settings: Apply) -> None:
    by_settings()

    answer = sign_in(
        provider, provider.person(INES), visitor(provider), path="https://evil.example/"
    )

    assert answer.headers["Location"] == "/"


def test_a_lost_group_is_lost_here_at_the_next_login(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    ida = provider.person(IDA)
    sign_in(provider, ida, visitor(provider))
    assert User.objects.get(email=ida.email).roles() == ["viewer", "admin"]

    provider.put_into(ida, "everyone")
    sign_in(provider, ida, visitor(provider))

    user = User.objects.get(email=ida.email)
    assert user.roles() == ["viewer"]
    assert not user.is_staff
    assert AuditEntry.objects.filter(action="user.roles", object_id=user.pk).exists()


def test_roles_given_here_do_not_outlast_the_provider(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    ines = provider.person(INES)
    sign_in(provider, ines, visitor(provider))
    user = User.objects.get(email=ines.email)
    set_roles(None, user, ["admin"])

    sign_in(provider, ines, visitor(provider))

    assert user.roles() == ["viewer", "analyst"]


def test_without_a_role_claim_roles_are_given_here(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings(OIDC_ROLE_CLAIM="", OIDC_ROLE_MAP={})
    ines = provider.person(INES)
    sign_in(provider, ines, visitor(provider))
    user = User.objects.get(email=ines.email)
    set_roles(None, user, ["editor"])

    sign_in(provider, ines, visitor(provider))

    assert user.roles() == ["editor"]


def test_the_last_admin_stays_one(
    provider: RunningProvider, by_settings: Apply, somebody_else_is_admin: User
) -> None:
    by_settings()
    ida = provider.person(IDA)
    sign_in(provider, ida, visitor(provider))
    set_active(None, somebody_else_is_admin, active=False)

    provider.put_into(ida, "everyone")
    sign_in(provider, ida, visitor(provider))

    assert "admin" in User.objects.get(email=ida.email).roles()
    assert AuditEntry.objects.filter(action="user.keep_last_admin").exists()


def test_teams_come_and_go_with_groups(provider: RunningProvider, by_settings: Apply) -> None:
    by_settings()
    create_team(None, name="Insight", sso_names=["analysts"])
    ines = provider.person(INES)

    sign_in(provider, ines, visitor(provider))
    user = User.objects.get(email=ines.email)
    with_group = list(user.memberships.values_list("team__group__name", flat=True))
    provider.put_into(ines, "everyone")
    sign_in(provider, ines, visitor(provider))

    assert with_group == ["Insight"]
    assert not user.memberships.exists()


def test_an_account_of_the_same_address_is_not_taken_over(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    ines = provider.person(INES)
    theirs = make_staff("viewer", name="ines", password="correct horse battery")
    User.objects.filter(pk=theirs.pk).update(email=ines.email)
    client = visitor(provider)

    answer = sign_in(provider, ines, client)

    assert answer.status_code == 403
    assert "already" in answer.content.decode()
    assert who_is_in(client) is None
    assert not SocialAccount.objects.filter(user=theirs).exists()
    entry = AuditEntry.objects.get(action="user.login_refused")
    assert (entry.after or {})["reason"] == "account exists"


def test_it_is_opened_where_the_provider_answers_for_the_domain(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings(OIDC_LINK_ACCOUNTS=True)
    ines = provider.person(INES)
    theirs = make_staff("viewer", name="ines", password="correct horse battery")
    User.objects.filter(pk=theirs.pk).update(email=ines.email)
    client = visitor(provider)

    sign_in(provider, ines, client)

    theirs.refresh_from_db()
    assert who_is_in(client) == theirs
    assert not theirs.has_usable_password()
    assert AuditEntry.objects.filter(action="user.join_provider").exists()


def test_without_named_domains_no_account_is_opened(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings(OIDC_LINK_ACCOUNTS=True, OIDC_ALLOWED_DOMAINS=())
    ines = provider.person(INES)
    theirs = make_staff("viewer", name="ines")
    User.objects.filter(pk=theirs.pk).update(email=ines.email)

    assert sign_in(provider, ines, visitor(provider)).status_code == 403


def test_an_unverified_address_opens_and_makes_nothing(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings(OIDC_LINK_ACCOUNTS=True)
    ines = provider.person(INES)
    boss = make_staff("admin", name="boss")
    provider.set_address(ines, boss.email, verified=False)

    answer = sign_in(provider, ines, visitor(provider))

    assert answer.status_code == 403
    assert not SocialAccount.objects.exists()


def test_another_domain_may_not_come_in(provider: RunningProvider, by_settings: Apply) -> None:
    by_settings(OIDC_ALLOWED_DOMAINS=("corp.example",))

    answer = sign_in(provider, provider.person(INES), visitor(provider))

    assert answer.status_code == 403
    assert "example.com may not" in answer.content.decode()


def test_a_changed_address_at_the_provider_does_not_change_who_it_is(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    ines = provider.person(INES)
    sign_in(provider, ines, visitor(provider))
    before = User.objects.get(email=ines.email)
    boss = make_staff("admin", name="boss")
    provider.set_address(ines, boss.email, verified=True)
    client = visitor(provider)

    sign_in(provider, ines, client)

    assert who_is_in(client) == before


def test_who_is_kept_out_here_stays_out(provider: RunningProvider, by_settings: Apply) -> None:
    by_settings()
    ines = provider.person(INES)
    sign_in(provider, ines, visitor(provider))
    set_active(None, User.objects.get(email=ines.email), active=False)
    client = visitor(provider)

    answer = sign_in(provider, ines, client)

    assert answer.headers["Location"] == "/accounts/inactive/"
    assert who_is_in(client) is None


def test_another_issuer_means_other_people(provider: RunningProvider, by_settings: Apply) -> None:
    by_settings()
    ines = provider.person(INES)
    sign_in(provider, ines, visitor(provider))
    SocialAccount.objects.update(provider="sso:of-another-issuer")

    answer = sign_in(provider, ines, visitor(provider))

    assert answer.status_code == 403


def test_of_what_the_provider_says_nothing_is_kept(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    for _ in range(2):
        sign_in(provider, provider.person(INES), visitor(provider))

    assert [one.extra_data for one in SocialAccount.objects.all()] == [{}]


def test_logins_are_in_the_audit_trail_with_their_way(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    ines = provider.person(INES)

    sign_in(provider, ines, visitor(provider))

    entry = AuditEntry.objects.get(action="user.login")
    assert entry.after == {"by": ["provider sso"]}


def test_a_login_needs_the_browser_that_began_it(
    provider: RunningProvider, by_settings: Apply
) -> None:
    by_settings()
    off = visitor(provider).get("/accounts/sso/sso/")
    back = provider.sign_in(provider.person(INES), off.headers["Location"])
    victim = visitor(provider)

    answer = victim.get(back)

    assert answer.status_code == 401
    assert who_is_in(victim) is None
    assert AuditEntry.objects.filter(action="user.login_failed").exists()


def test_a_provider_that_is_away_says_so(
    provider: RunningProvider, by_settings: Apply, client: Client
) -> None:
    by_settings(OIDC_ISSUER="http://127.0.0.1:9")

    answer = client.get("/accounts/sso/sso/")

    assert answer.status_code == 502
    assert "does not answer" in answer.content.decode()


def test_several_providers_stand_beside_each_other(
    provider: RunningProvider, by_settings: Apply, client: Client
) -> None:
    by_settings()
    IdentityProvider.objects.create(
        slug="acme", name="Acme", protocol="oidc", issuer="https://login.acme.example",
        client_id="x", client_secret="kept encrypted",
    )  # fmt: skip

    page = client.get("/accounts/login/").content.decode()

    assert "Sign in with demo SSO" in page
    assert "Sign in with Acme" in page


def test_an_unknown_provider_is_not_found(client: Client) -> None:
    assert client.get("/accounts/sso/nobody/").status_code == 404
    assert client.get("/accounts/sso/nobody/callback/").status_code == 404


def test_a_provider_of_the_page_is_called_inside_the_network_only_where_that_is_allowed(
    provider: RunningProvider, by_settings: Apply, client: Client, settings: Any
) -> None:
    by_settings(OIDC_ISSUER="")
    IdentityProvider.objects.create(
        slug="acme", name="Acme", protocol="oidc", issuer=provider.company.issuer,
        client_id="x", client_secret="y",
    )  # fmt: skip

    refused = client.get("/accounts/sso/acme/")
    settings.INTERNAL_HOSTS = ("127.0.0.1",)
    allowed = client.get("/accounts/sso/acme/")

    assert (refused.status_code, allowed.status_code) == (502, 302)
