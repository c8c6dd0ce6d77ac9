"""A provider says that somebody signed out there, by a token signed with its own key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from portal.audit.models import AuditEntry
from portal.demo_sso.company import new_signing_key
from tests.sign_in.conftest import CLIENT_ID, RunningProvider, sign_in, visitor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache"),
    pytest.mark.slow,
]

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ADDRESS = "/accounts/sso/sso/back-channel/"


def token_of(provider: RunningProvider, *, key: str = "", **others: Any) -> str:
    company = provider.company
    [public] = httpx.get(f"{company.issuer}/.well-known/jwks.json").json()["keys"]
    now = int(time.time())
    said = {
        "iss": company.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120,
        "jti": secrets.token_hex(8), "events": {EVENT: {}},
    }  # fmt: skip
    wanted = {name: value for name, value in {**said, **others}.items() if value is not None}
    headers = {"kid": public["kid"]}
    return jwt.encode(wanted, key or company.signing_key, algorithm="RS256", headers=headers)


def is_in(client: Client) -> bool:
    return client.get("/settings/profile/").status_code == 200


@pytest.fixture
def ines(provider: RunningProvider, by_settings: Callable[..., None]) -> Client:
    by_settings()
    client = visitor(provider)
    sign_in(provider, provider.person("Ines Insight"), client)
    assert is_in(client)
    return client


def subject() -> str:
    return str(SocialAccount.objects.get().uid)


def test_who_signed_out_there_is_signed_out_here(
    provider: RunningProvider, ines: Client, client: Client
) -> None:
    answer = client.post(ADDRESS, {"logout_token": token_of(provider, sub=subject())})

    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert not is_in(ines)
    assert AuditEntry.objects.filter(action="user.end_session").exists()


@pytest.mark.parametrize(
    "others",
    [
        {"key": "another"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"exp": 1},
        {"events": None},
        {"nonce": "x"},
        {"sub": None},
        {"sub": {}},
    ],
    ids=str,
)
def test_any_other_token_ends_nothing(
    provider: RunningProvider, ines: Client, client: Client, others: dict[str, Any]
) -> None:
    wanted = {"sub": subject(), **others}
    if "key" in wanted:
        wanted["key"] = new_signing_key()
    token = token_of(provider, **wanted)

    answer = client.post(ADDRESS, {"logout_token": token})

    assert answer.status_code == 400
    assert is_in(ines)


@pytest.mark.parametrize("junk", ["", "x", "a.b.c", "..", "é.é.é"])
def test_junk_is_refused(ines: Client, client: Client, junk: str) -> None:
    assert client.post(ADDRESS, {"logout_token": junk}).status_code == 400


def test_somebody_else_s_sessions_go_on(
    provider: RunningProvider, ines: Client, client: Client
) -> None:
    client.post(ADDRESS, {"logout_token": token_of(provider, sub="999")})

    assert is_in(ines)
