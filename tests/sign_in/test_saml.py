"""Coming in through a SAML 2.0 provider."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from saml2.xmldsig import SIG_RSA_SHA1

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.sign_in.models import IdentityProvider, Session
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.people import People
from tests.sign_in.saml_idp import ENTITY, SIGN_ON, SamlIdp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

ADA = {"email": ["ada@acme.example"], "name": ["Ada Lovelace"], "groups": ["staff", "analysts"]}
FORM = {
    "name": "Acme", "slug": "acme", "is_enabled": "on", "creates_accounts": "on",
    "trusts_addresses": "on", "allowed_domains": "acme.example",
    "email_claim": "urn:oid:1.2.840.113549.1.9.1.1", "name_claim": "name", "role_claim": "groups",
    "role_map": "staff = viewer\nanalysts = analyst\nbosses = admin",
}  # fmt: skip


@pytest.fixture(scope="session")
def idp(tmp_path_factory: pytest.TempPathFactory) -> SamlIdp:
    return SamlIdp(tmp_path_factory.mktemp("idp"))


@pytest.fixture
def acme(idp: SamlIdp, people: People, browse: PageClient) -> IdentityProvider:
    answer = browse(people.admin).post(
        "/settings/sign-in/add/saml/", {**FORM, "metadata": idp.metadata()}
    )
    assert answer.status_code == 302, answer.content.decode()
    made: IdentityProvider = IdentityProvider.objects.get()
    return made


def visitor() -> Client:
    """Return a browser that names the host, as every real one does."""
    return Client(headers={"Host": "127.0.0.1:8000"})


@pytest.fixture
def client() -> Client:
    return visitor()


def sign_in(
    idp: SamlIdp, client: Client, said: dict[str, list[str]], subject: str = "ada-1"
) -> Any:
    """Go the whole way; return what the portal says at its end."""
    off = client.get("/accounts/sso/acme/", {"next": "/settings/profile/"})
    assert off.status_code == 302, off.content.decode()
    assert off.headers["Location"].startswith(SIGN_ON)
    metadata = client.get("/accounts/saml/acme/metadata/").content.decode()
    response = idp.answer(off.headers["Location"], metadata, subject, said)
    return post(client, response)


def post(client: Client, response: str) -> Any:
    posted = client.post("/accounts/saml/acme/acs/", {"SAMLResponse": response})
    return client.get(posted.headers["Location"])


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_metadata_of_a_provider_fills_its_fields(acme: IdentityProvider) -> None:
    assert (acme.issuer, acme.sso_url) == (ENTITY, SIGN_ON)
    assert acme.certificate.startswith("MII")


def test_a_signed_answer_opens_the_portal_with_the_mapped_roles(
    acme: IdentityProvider, idp: SamlIdp, client: Client
) -> None:
    answer = sign_in(idp, client, ADA)

    user = User.objects.get(email="ada@acme.example")
    assert answer.headers["Location"] == "/settings/profile/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert (user.name, user.roles()) == ("Ada Lovelace", ["viewer", "analyst"])


def test_a_lost_group_is_lost_here(acme: IdentityProvider, idp: SamlIdp) -> None:
    sign_in(idp, visitor(), ADA)

    sign_in(idp, visitor(), {**ADA, "groups": ["staff"]})

    assert User.objects.get(email="ada@acme.example").roles() == ["viewer"]


def test_another_provider_s_signature_opens_nothing(
    acme: IdentityProvider, client: Client, tmp_path: Path
) -> None:
    answer = sign_in(SamlIdp(tmp_path), client, ADA)

    assert answer.status_code == 401
    assert not is_in(client)
    assert AuditEntry.objects.filter(action="user.login_failed").exists()


def test_an_altered_answer_opens_nothing(
    acme: IdentityProvider, idp: SamlIdp, client: Client
) -> None:
    off = client.get("/accounts/sso/acme/")
    metadata = client.get("/accounts/saml/acme/metadata/").content.decode()
    signed = base64.b64decode(idp.answer(off.headers["Location"], metadata, "ada-1", ADA))
    altered = signed.replace(b"analysts", b"bosses")

    post(client, base64.b64encode(altered).decode())

    assert altered != signed
    assert not is_in(client)


def test_a_signature_by_sha_1_opens_nothing(
    acme: IdentityProvider, idp: SamlIdp, client: Client
) -> None:
    off = client.get("/accounts/sso/acme/")
    metadata = client.get("/accounts/saml/acme/metadata/").content.decode()
    response = idp.answer(off.headers["Location"], metadata, "ada-1", ADA, sign_alg=SIG_RSA_SHA1)

    assert post(client, response).status_code == 401


def test_an_answer_opens_once_and_in_one_browser_only(
    acme: IdentityProvider, idp: SamlIdp, client: Client
) -> None:
    off = client.get("/accounts/sso/acme/")
    metadata = client.get("/accounts/saml/acme/metadata/").content.decode()
    response = idp.answer(off.headers["Location"], metadata, "ada-1", ADA)
    thief = visitor()

    post(thief, response)
    post(client, response)
    first = is_in(client)
    client.post("/accounts/logout/")
    post(client, response)

    assert (is_in(thief), first, is_in(client)) == (False, True, False)


def test_an_account_of_the_same_address_is_not_taken_over(
    acme: IdentityProvider, idp: SamlIdp, client: Client
) -> None:
    theirs = make_staff("admin", name="ada")
    User.objects.filter(pk=theirs.pk).update(email="ada@acme.example")

    answer = sign_in(idp, client, ADA)

    assert answer.status_code == 403
    assert not is_in(client)


def test_what_no_provider_would_post_is_not_kept(acme: IdentityProvider, client: Client) -> None:
    before = Session.objects.count()

    large = client.post("/accounts/saml/acme/acs/", {"SAMLResponse": "x" * 300_000})
    unknown = client.post("/accounts/saml/nobody/acs/", {"SAMLResponse": "x"})

    assert (large.status_code, unknown.status_code) == (413, 404)
    assert Session.objects.count() == before


@pytest.mark.parametrize("junk", ["", "x", "PHg+", base64.b64encode(b"<a/>").decode()])
def test_junk_is_answered_calmly(acme: IdentityProvider, client: Client, junk: str) -> None:
    assert post(client, junk).status_code == 401


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": "<nonsense"}, "no XML"),
        ({"metadata": "<a/>"}, "no identity provider"),
        ({"issuer": ENTITY, "sso_url": SIGN_ON, "certificate": "abc"}, "certificate"),
        ({"sso_url": SIGN_ON}, "entity id"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(
    people: People, browse: PageClient, change: dict[str, str], message: str
) -> None:
    answer = browse(people.admin).post("/settings/sign-in/add/saml/", {**FORM, **change})

    assert answer.status_code == 400
    assert message in answer.content.decode()
