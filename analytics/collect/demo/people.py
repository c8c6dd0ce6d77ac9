"""The demo's six members of staff, one for each role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import ProtectedError

from analytics.collect.demo import note
from portal.accounts import actions
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change

STAFF = {
    "viewer": "Vera Viewer",
    "analyst": "Anton Analyst",
    "editor": "Eli Editor",
    "responder": "Remy Responder",
    "admin": "Ana Admin",
    "auditor": "Olga Auditor",
}


@dataclass(frozen=True)
class Login:
    role: str
    email: str
    password: str


def email_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.com"


def hire(data_dir: Path) -> list[Login]:
    """Make the accounts that are missing and write all logins down, for their owner to read.

    An account whose password is not written down any more gets a new one.
    """
    known = {login.email: login for login in logins(data_dir)}
    found = [_hired(role, name, known.get(email_of(name))) for role, name in STAFF.items()]
    lines = (f"{login.role} {login.email} {login.password}\n" for login in found)
    note.write_private(note.logins_file(data_dir), "".join(lines))
    return found


def logins(data_dir: Path) -> list[Login]:
    """Return what `hire` wrote down."""
    try:
        lines = note.logins_file(data_dir).read_text().splitlines()
    except OSError:
        return []
    return [Login(*line.split()) for line in lines if len(line.split()) == 3]


@transaction.atomic
def _hired(role: str, name: str, known: Login | None) -> Login:
    email = email_of(name)
    user = User.objects.filter(email=email).first()
    if user is not None and known is not None and user.is_active:
        return known
    login = Login(role, email, secrets.token_urlsafe(12))
    if user is None:
        actions.create_staff(
            None, email=email, roles=[role], password=login.password, name=name, is_sample=True
        )
        return login
    user.set_password(login.password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    trail.record(None, "user.password", user, Change(after={"email": email}))
    return login


@transaction.atomic
def dismiss(data_dir: Path) -> int:
    """Remove the sample staff; returns how many. What they did stays in the audit trail.

    Whoever made something that others may use, a dashboard for instance, is kept as its maker's
    name and cannot log in any more.
    """
    found = list(User.objects.filter(is_sample=True))
    for user in found:
        change = Change(before={"email": user.email, "roles": user.roles()})
        trail.record(None, "user.delete", user, change)
        remove(user)
    note.logins_file(data_dir).unlink(missing_ok=True)
    return len(found)


def remove(user: User) -> None:
    try:
        with transaction.atomic():
            user.delete()
    except ProtectedError:
        user.api_tokens.all().delete()
        user.groups.clear()
        user.is_active = user.is_staff = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "is_staff", "password"])
