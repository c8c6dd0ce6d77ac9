"""SCIM 2.0, as Okta and Entra ID speak it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from portal.accounts.actions import create_team
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.sign_in.models import IdentityProvider, ScimToken
from tests.conftest import PageClient
from tests.factories import make_staff, make_token
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

ADA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ada@acme.example",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"value": "ada@acme.example", "primary": True}],
    "externalId": "00u1",
    "active": True,
}
Answer = Any


class Provider:
    """A provider's provisioning service."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        return self.client.generic(
            method, f"/scim/v2/{path}", json.dumps(body) if body is not None else "",
            content_type="application/scim+json",
        )  # fmt: skip

    def make(self, **others: Any) -> str:
        answer = self.send("POST", "Users", {**ADA, **others})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> Answer:
        return self.send("PATCH", path, {"Operations": list(operations)})


@pytest.fixture
def acme() -> IdentityProvider:
    made: IdentityProvider = IdentityProvider.objects.create(
        slug="acme", name="Acme", protocol="oidc", issuer="https://login.acme.example",
        client_id="x", client_secret="y", allowed_domains=["acme.example"],
        role_map={"Analysts": "analyst", "Bosses": "admin"}, default_role="viewer",
    )  # fmt: skip
    return made


@pytest.fixture
def okta(acme: IdentityProvider, people: People, browse: PageClient) -> Provider:
    page = browse(people.admin).post("/settings/sign-in/scim/acme/").content.decode()
    found = re.search(r"pts_[0-9a-z]{8}_[\w-]{43}", page)
    assert found is not None, page
    return Provider(found[0])


def user(pk: str) -> User:
    return User.objects.get(pk=pk)


def test_the_token_is_shown_once_and_kept_as_a_digest(
    okta: Provider, people: People, browse: PageClient
) -> None:
    page = browse(people.admin).get("/settings/sign-in/scim/acme/").content.decode()

    token = ScimToken.objects.get()
    assert f"pts_{token.prefix}_…" in page
    assert len(token.digest) == 64
    assert AuditEntry.objects.filter(action="scim.token", actor=people.admin).exists()


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic eDp5"])
def test_nobody_gets_in_without_the_token(okta: Provider, header: str) -> None:
    answer = Client(headers={"Authorization": header}).get("/scim/v2/Users")

    assert answer.status_code == 401


def test_an_admin_s_own_token_opens_nothing(okta: Provider, people: People) -> None:
    _, text = make_token(people.admin)

    assert Provider(text).send("GET", "Users").status_code == 401


def test_a_revoked_token_opens_nothing(okta: Provider, people: People, browse: PageClient) -> None:
    browse(people.admin).post("/settings/sign-in/scim/acme/", {"revoke": "1"})

    assert okta.send("GET", "Users").status_code == 401


def test_an_account_is_made_before_the_first_sign_in(okta: Provider) -> None:
    answer = okta.send("POST", "Users", ADA)

    shown = answer.json()
    made = user(shown["id"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/scim+json")
    assert (made.email, made.name, made.roles()) == ("ada@acme.example", "Ada Lovelace", ["viewer"])
    assert not made.has_usable_password()
    assert (shown["externalId"], shown["active"]) == ("00u1", True)
    assert shown["meta"]["location"].endswith(f"/scim/v2/Users/{made.pk}")


def test_it_is_found_by_user_name(okta: Provider) -> None:
    okta.make()

    found = okta.send("GET", 'Users?filter=userName eq "ADA@acme.example"').json()
    missing = okta.send("GET", 'Users?filter=userName eq "bob@acme.example"').json()

    assert (found["totalResults"], found["Resources"][0]["userName"]) == (1, "ada@acme.example")
    assert (missing["totalResults"], missing["Resources"]) == (0, [])


def test_lists_come_in_pages(okta: Provider) -> None:
    for number in range(3):
        okta.make(userName=f"u{number}@acme.example")

    page = okta.send("GET", "Users?startIndex=2&count=1").json()

    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert page["Resources"][0]["userName"] == "u1@acme.example"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "value": {"active": False}},
        {"op": "Replace", "path": "active", "value": "False"},
    ],
    ids=["Okta", "Entra ID"],
)
def test_who_leaves_is_out_at_once(
    okta: Provider, browse: PageClient, operation: dict[str, Any]
) -> None:
    pk = okta.make()
    browser = browse(user(pk))
    before = browser.get("/settings/profile/").status_code

    answer = okta.patch(f"Users/{pk}", operation)

    assert answer.json()["active"] is False
    assert (before, browser.get("/settings/profile/").status_code) == (200, 302)
    assert not user(pk).is_active
    assert AuditEntry.objects.filter(action="user.deactivate", object_id=pk).exists()
    assert AuditEntry.objects.filter(action="user.end_sessions", object_id=pk).exists()


def test_who_comes_back_is_let_in_again(okta: Provider) -> None:
    pk = okta.make(active=False)

    okta.patch(f"Users/{pk}", {"op": "replace", "path": "active", "value": True})

    assert user(pk).is_active


def test_a_deleted_account_is_switched_off_and_kept(okta: Provider) -> None:
    pk = okta.make()

    answer = okta.send("DELETE", f"Users/{pk}")

    assert answer.status_code == 204
    assert not user(pk).is_active
    assert okta.send("GET", f"Users/{pk}").status_code == 404


def test_names_and_addresses_follow(okta: Provider) -> None:
    pk = okta.make()

    okta.patch(
        f"Users/{pk}",
        {"op": "replace", "path": "displayName", "value": "Ada King"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "king@acme.example"},
    )

    assert (user(pk).name, user(pk).email) == ("Ada King", "king@acme.example")


def test_groups_give_roles_and_teams(okta: Provider) -> None:
    create_team(None, name="Insight", sso_names=["analysts"])
    pk = okta.make()

    made = okta.send("POST", "Groups", {"displayName": "Analysts", "members": [{"value": pk}]})
    with_group = user(pk).roles(), user(pk).memberships.count()
    group = made.json()["id"]
    okta.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{pk}"]'})

    assert with_group == (["analyst"], 1)
    assert (user(pk).roles(), user(pk).memberships.count()) == (["viewer"], 0)


def test_members_are_added_and_removed_as_entra_id_does(okta: Provider) -> None:
    pk = okta.make()
    group = okta.send("POST", "Groups", {"displayName": "Analysts"}).json()["id"]
    member = [{"value": pk}]

    okta.patch(f"Groups/{group}", {"op": "Add", "path": "members", "value": member})
    added = user(pk).roles()
    okta.patch(f"Groups/{group}", {"op": "Remove", "path": "members", "value": member})

    assert (added, user(pk).roles()) == (["analyst"], ["viewer"])


def test_a_removed_group_takes_its_role_along(okta: Provider) -> None:
    pk = okta.make()
    made = okta.send("POST", "Groups", {"displayName": "Analysts", "members": [{"value": pk}]})

    okta.send("DELETE", f"Groups/{made.json()['id']}")

    assert user(pk).roles() == ["viewer"]


def test_accounts_of_others_are_not_found_and_not_taken(okta: Provider) -> None:
    boss = make_staff("admin", name="boss")
    User.objects.filter(pk=boss.pk).update(email="boss@acme.example")

    seen = okta.send("GET", f"Users/{boss.pk}")
    changed = okta.patch(f"Users/{boss.pk}", {"op": "replace", "path": "active", "value": False})
    taken = okta.send("POST", "Users", {**ADA, "userName": "boss@acme.example"})

    assert (seen.status_code, changed.status_code, taken.status_code) == (404, 404, 409)
    assert taken.json()["scimType"] == "uniqueness"
    boss.refresh_from_db()
    assert boss.is_active


def test_another_domain_is_refused(okta: Provider) -> None:
    answer = okta.send("POST", "Users", {**ADA, "userName": "x@evil.example"})

    assert answer.status_code == 409
    assert not User.objects.filter(email="x@evil.example").exists()


def test_a_password_does_not_open_such_an_account(okta: Provider, client: Client) -> None:
    made = user(okta.make())
    made.set_password("correct horse battery")
    made.save()

    client.post("/accounts/login/", {"login": made.email, "password": "correct horse battery"})

    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "Users", []),
        ("POST", "Users", {"userName": "no address"}),
        ("POST", "Users", {**ADA, "active": "perhaps"}),
        ("GET", "Users?filter=userName co x", None),
        ("GET", "Users?startIndex=x", None),
        ("GET", 'Users?filter=userName eq "%00"', None),
        ("POST", "Groups", {"displayName": "A", "members": [{"value": "x"}]}),
        ("POST", "Groups", {"displayName": "A\0"}),
    ],
)
def test_what_cannot_be_read_is_refused_in_scim_s_words(
    okta: Provider, method: str, path: str, body: Any
) -> None:
    answer = okta.send(method, path, body)

    assert answer.status_code == 400
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_it_says_what_it_speaks(okta: Provider) -> None:
    config = okta.send("GET", "ServiceProviderConfig").json()

    assert config["patch"] == {"supported": True}
    assert config["bulk"]["supported"] is False
