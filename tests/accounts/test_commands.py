"""create_staff and create_token, as scripts use them."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.authentication import find_token
from portal.accounts.models import ApiToken, User
from tests.people import People

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> tuple[str, str]:
    """Return what a command wrote to standard output and to standard error."""
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_create_staff_makes_up_a_password_and_prints_it_once(people: People) -> None:
    out, err = run("create_staff", "Grace@Example.com", "--role", "editor")

    grace = User.objects.get(email="grace@example.com")
    assert grace.check_password(out.strip())
    assert grace.roles() == ["editor"]
    assert out.strip() not in err


def test_create_staff_takes_a_password_and_prints_none(people: People) -> None:
    out, _ = run(
        "create_staff", "grace@example.com", "--role", "viewer", "--password", "a good long one"
    )

    assert out == ""
    assert User.objects.get(email="grace@example.com").check_password("a good long one")


def test_create_staff_twice_changes_nothing(people: People) -> None:
    out, err = run("create_staff", people.viewer.email, "--role", "admin")

    people.viewer.refresh_from_db()
    assert out == ""
    assert "Nothing was changed" in err
    assert people.viewer.roles() == ["viewer"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("not-an-address", "--role", "viewer"), "is not an e-mail address"),
        (("grace@example.com", "--role", "boss"), "invalid choice"),
        (("grace@example.com", "--role", "viewer", "--password", "short"), "too short"),
    ],
)
def test_create_staff_explains_what_it_cannot_use(
    people: People, words: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        run("create_staff", *words)


def test_create_token_prints_the_token_and_nothing_else(people: People) -> None:
    out, err = run("create_token", people.analyst.email, "--name", "nightly", "--scope", "read")

    token = find_token(out.strip())
    assert token is not None
    assert (token.user, token.name, token.scopes) == (people.analyst, "nightly", ["read"])
    assert out.strip() not in err


def test_create_token_can_set_an_end(people: People) -> None:
    run("create_token", people.analyst.email, "--expires-days", "7")

    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days in {6, 7}


def test_create_token_needs_somebody_active(people: People) -> None:
    with pytest.raises(CommandError, match="Nobody active"):
        run("create_token", "nobody@example.com")


def test_a_command_says_at_once_that_nothing_runs(tmp_path: Path) -> None:
    environment = os.environ | {"PORTAL_DATA_DIR": str(tmp_path), "DATABASE_URL": ""}

    done = subprocess.run(
        [sys.executable, "manage.py", "create_staff", "grace@example.com", "--role", "viewer"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Start the portal first: manage.py up"
    assert "Traceback" not in done.stderr
