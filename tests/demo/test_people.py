"""The demo's staff: one for each role, with passwords of this installation, and removable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.db.models import ProtectedError

from analytics.collect.demo import people
from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.audit.models import AuditEntry
from tests.factories import make_staff, make_token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def roles_exist() -> None:
    make_staff("viewer", name="seeds-the-roles")
    cache.clear()


def test_there_is_one_login_for_each_role(tmp_path: Path) -> None:
    found = people.hire(tmp_path)

    assert [login.role for login in found] == list(ROLES)
    for login in found:
        user = User.objects.get(email=login.email)
        assert user.roles() == [login.role]
        assert user.is_sample
        assert user.check_password(login.password)


def test_logins_are_written_down_for_the_owner_alone(tmp_path: Path) -> None:
    found = people.hire(tmp_path)

    file = tmp_path / "run" / "demo-logins.txt"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert people.logins(tmp_path) == found


def test_two_installations_have_different_passwords(tmp_path: Path) -> None:
    first = people.hire(tmp_path / "a")
    people.dismiss(tmp_path / "a")

    second = people.hire(tmp_path / "b")

    assert not {one.password for one in first} & {one.password for one in second}


def test_hiring_twice_keeps_the_passwords(tmp_path: Path) -> None:
    assert people.hire(tmp_path) == people.hire(tmp_path)


def test_a_password_that_is_not_written_down_any_more_is_replaced(tmp_path: Path) -> None:
    before = people.hire(tmp_path)[0]
    (tmp_path / "run" / "demo-logins.txt").unlink()

    after = people.hire(tmp_path)[0]

    user = User.objects.get(email=after.email)
    assert after.password != before.password
    assert user.check_password(after.password)


def test_dismissing_removes_them_and_nobody_else(tmp_path: Path) -> None:
    people.hire(tmp_path)
    own = make_staff("admin", name="own")

    count = people.dismiss(tmp_path)

    assert count == len(ROLES)
    assert not User.objects.filter(is_sample=True).exists()
    assert User.objects.filter(pk=own.pk).exists()
    assert people.logins(tmp_path) == []
    assert AuditEntry.objects.filter(action="user.delete").count() == len(ROLES)


def test_whoever_made_something_for_others_stays_as_a_name_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = people.hire(tmp_path)[0]
    user = User.objects.get(email=login.email)
    make_token(user)

    def refuse(self: User, *args: object, **kwargs: object) -> None:
        raise ProtectedError("a dashboard names its maker", {self})

    monkeypatch.setattr(User, "delete", refuse)
    people.dismiss(tmp_path)

    kept = User.objects.get(pk=user.pk)
    assert not kept.is_active
    assert not kept.has_usable_password()
    assert kept.roles() == []
    assert not kept.api_tokens.exists()
    assert authenticate(email=login.email, password=login.password) is None
