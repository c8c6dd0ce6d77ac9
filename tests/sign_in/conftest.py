"""A real OpenID provider (portal.demo_sso, as the demo runs it), and somebody with a browser."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from portal.demo_sso import company as company_file
from portal.demo_sso.company import CLIENT_ID, Company, Person
from tests.running import ROOT, eventually, free_port


@dataclass
class RunningProvider:
    """The provider process, its people, and its database: a group is taken away there."""

    company: Company
    data_dir: Path

    def person(self, name: str) -> Person:
        return next(one for one in self.company.people if one.name == name)

    def put_into(self, person: Person, *groups: str) -> None:
        with sqlite3.connect(company_file.database_of(self.data_dir)) as database:
            [[user]] = database.execute(
                "SELECT id FROM auth_user WHERE username = ?", [person.email]
            )
            database.execute("DELETE FROM auth_user_groups WHERE user_id = ?", [user])
            for group in groups:
                database.execute(
                    "INSERT INTO auth_user_groups (user_id, group_id)"
                    " SELECT ?, id FROM auth_group WHERE name = ?",
                    [user, group],
                )
        database.close()

    def set_address(self, person: Person, email: str, *, verified: bool) -> None:
        with sqlite3.connect(company_file.database_of(self.data_dir)) as database:
            database.execute(
                "UPDATE account_emailaddress SET email = ?, verified = ? WHERE user_id ="
                " (SELECT id FROM auth_user WHERE username = ?)",
                [email, verified, person.email],
            )
        database.close()

    def sign_in(self, person: Person, authorize_url: str) -> str:
        """Do at the provider what a browser does; return the address that it sends back to."""
        with httpx.Client(timeout=20) as browser:
            form = browser.get(authorize_url, follow_redirects=True)
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
            assert token is not None, form.text
            answer = browser.post(
                form.url,
                data={
                    "csrfmiddlewaretoken": token[1],
                    "login": person.email,
                    "password": person.password,
                },
            )
            while str(answer.headers["Location"]).startswith("/"):
                answer = browser.get(self.company.issuer + answer.headers["Location"])
            return str(answer.headers["Location"])


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    data_dir = tmp_path_factory.mktemp("sso")
    made = company_file.founded(data_dir, port=free_port(), portal_port=free_port())
    process = subprocess.Popen(
        [
            sys.executable, "-m", "django", "run_demo_sso",
            "--settings", "portal.demo_sso.settings",
        ],
        cwd=ROOT, env=os.environ | {"PORTAL_DATA_DIR": str(data_dir)},
    )  # fmt: skip
    configuration = f"{made.issuer}/.well-known/openid-configuration"
    eventually(lambda: answers(configuration), within_s=60, what="the provider answers")
    yield RunningProvider(made, data_dir)
    process.terminate()
    process.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def provider(provider_process: RunningProvider) -> Iterator[RunningProvider]:
    yield provider_process
    for person in provider_process.company.people:
        provider_process.put_into(person, *person.groups)
        provider_process.set_address(person, person.email, verified=True)


@pytest.fixture
def by_settings(provider: RunningProvider, settings: Any) -> Callable[..., None]:
    """Return what sets OIDC_* to the running provider, as the environment would."""

    def applied(**others: Any) -> None:
        usual = company_file.settings_of(provider.company) | {
            "OIDC_ROLE_MAP": company_file.ROLE_MAP,
            "OIDC_ALLOWED_DOMAINS": ("example.com",),
            "OIDC_LINK_ACCOUNTS": False,
            "OIDC_TRUST_ADDRESSES": False,
        }
        for name, value in {**usual, **others}.items():
            setattr(settings, name, value)

    return applied


def visitor(provider: RunningProvider) -> Client:
    """Return a browser at the address that the provider knows the portal by."""
    port = str(provider.company.portal_port)
    return Client(SERVER_NAME="127.0.0.1", SERVER_PORT=port)


def sign_in(
    provider: RunningProvider, person: Person, client: Client, *, path: str = "", slug: str = "sso"
) -> Any:
    """Go through a whole login; return what the portal says at its end."""
    off = client.get(f"/accounts/sso/{slug}/", {"next": path} if path else {})
    assert off.status_code == 302, off.content
    back = provider.sign_in(person, off.headers["Location"])
    return client.get(back)


__all__ = ["CLIENT_ID", "RunningProvider", "sign_in", "visitor"]
