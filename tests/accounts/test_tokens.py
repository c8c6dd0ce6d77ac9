"""API tokens: made, used, narrowed, ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from portal.accounts import actions
from portal.accounts.models import ApiToken
from portal.audit.models import AuditEntry
from portal.lib import clock
from portal.lib.api import FieldError
from tests.conftest import PageClient
from tests.factories import make_token
from tests.people import People

pytestmark = pytest.mark.django_db

# Any route of the API that every member of staff may read.
READABLE = "/api/schema/"


def status_with(text: str) -> int:
    return Client().get(READABLE, headers={"Authorization": f"Bearer {text}"}).status_code


def test_a_token_opens_the_api(people: People) -> None:
    _, text = make_token(people.viewer)

    assert status_with(text) == 200


def test_only_a_hash_of_a_token_is_kept(people: People) -> None:
    token, text = make_token(people.viewer)

    stored = ApiToken.objects.filter(pk=token.pk).values().get()
    assert text not in str(stored)
    assert text.startswith(f"ptk_{token.prefix}_")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer ptk_00000000_" + "x" * 43,
        "bearer a b",
        "Bearer é",
    ],
)
def test_a_wrong_token_gets_401_in_the_shape_of_every_error(header: str) -> None:
    answer = Client().get(READABLE, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert set(answer.json()["error"]) == {"code", "message"}


def test_no_token_at_all_gets_401() -> None:
    answer = Client().get(READABLE)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"


def test_a_revoked_token_is_refused_at_once(people: People) -> None:
    token, text = make_token(people.viewer)
    actions.revoke_token(people.viewer, token, now=clock.now())

    assert status_with(text) == 401


def test_an_expired_token_is_refused(people: People) -> None:
    _, text = make_token(people.viewer, expires_at=clock.now() - timedelta(seconds=1))

    assert status_with(text) == 401


def test_the_tokens_of_who_is_kept_out_are_refused(people: People) -> None:
    _, text = make_token(people.viewer)
    actions.set_active(people.admin, people.viewer, active=False)

    assert status_with(text) == 401


def test_a_token_without_the_scope_read_may_not_read(people: People) -> None:
    _, text = make_token(people.viewer, scopes=["write"])

    assert status_with(text) == 403


def test_what_a_token_lacks_stands_in_the_answer(people: People) -> None:
    _, text = make_token(people.viewer, scopes=["write"])

    answer = Client().get(READABLE, headers={"Authorization": f"Bearer {text}"})

    assert answer.json() == {
        "error": {
            "code": "permission_denied",
            "message": "This token's scopes do not include read.",
        }
    }


def test_use_of_a_token_is_noted(people: People) -> None:
    token, text = make_token(people.viewer)

    status_with(text)

    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "sudo"]])
def test_scopes_must_be_known(people: People, scopes: list[str]) -> None:
    with pytest.raises(FieldError, match="read, write, admin"):
        make_token(people.viewer, scopes=scopes)


def test_the_page_shows_a_new_token_once(people: People, browse: PageClient) -> None:
    client = browse(people.analyst)

    made = client.post(
        "/settings/tokens/", {"name": "nightly", "scopes": ["read"], "lifetime": "30"}
    )
    later = client.get("/settings/tokens/")

    found = re.search(r"ptk_[0-9a-z]{8}_[\w-]{43}", made.text)
    assert found is not None
    assert status_with(found[0]) == 200
    assert "nightly" in later.text
    assert found[0] not in later.text
    assert "no-store" in made.headers["Cache-Control"]


def test_the_page_says_what_is_missing(people: People, browse: PageClient) -> None:
    answer = browse(people.analyst).post("/settings/tokens/", {"name": "", "scopes": ["read"]})

    assert "This field is required" in answer.text
    assert not ApiToken.objects.exists()


def test_one_may_revoke_ones_own_token(people: People, browse: PageClient) -> None:
    token, text = make_token(people.viewer)

    browse(people.viewer).post(f"/settings/tokens/{token.pk}/revoke/")

    assert status_with(text) == 401


def test_nobody_else_may_know_of_it(people: People, browse: PageClient) -> None:
    token, text = make_token(people.viewer)

    answer = browse(people.analyst).post(f"/settings/tokens/{token.pk}/revoke/")

    assert answer.status_code == 404
    assert status_with(text) == 200


def test_an_admin_may_revoke_anyones_token(people: People, browse: PageClient) -> None:
    token, text = make_token(people.viewer)

    browse(people.admin).post(f"/settings/tokens/{token.pk}/revoke/")

    assert status_with(text) == 401


def test_making_and_revoking_is_in_the_trail_without_the_secret(people: People) -> None:
    token, _ = make_token(people.viewer)
    actions.revoke_token(people.admin, token, now=clock.now())

    entries = AuditEntry.objects.filter(object_type="accounts.apitoken").order_by("id")
    assert [entry.action for entry in entries] == ["token.create", "token.revoke"]
    assert all(token.digest not in f"{entry.before}{entry.after}" for entry in entries)
    assert [entry.actor for entry in entries] == [people.viewer, people.admin]
