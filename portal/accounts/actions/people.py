"""Accounts and roles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.api import FieldError
from portal.live import publish


class AlreadyThere(Exception):
    """An account with this e-mail address exists; `user` is its owner."""

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.email} has an account already.")
        self.user = user


@transaction.atomic
def sync_roles() -> list[str]:
    """Make the seeded groups carry exactly what ROLES says; return permissions nobody declares."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, names in ROLES.items():
        put_permissions(role, [known[name] for name in names if name in known])
    return sorted({name for names in ROLES.values() for name in names} - known.keys())


def put_permissions(role: str, wanted: list[Permission]) -> None:
    group, _ = Group.objects.get_or_create(name=role)
    held = set(group.permissions.all())
    if held != set(wanted):
        group.permissions.set(wanted)
        change = Change(before=named(held), after=named(wanted))
        trail.record(None, "role.sync", group, change)


def named(permissions: Iterable[Permission]) -> dict[str, object]:
    return {"permissions": sorted(permission.codename for permission in permissions)}


@transaction.atomic
def create_staff(
    actor: User | None,
    *,
    email: str,
    roles: Sequence[str],
    password: str | None,
    name: str = "",
    is_sample: bool = False,
) -> User:
    """Make an account. Without a password its owner sets one through "Forgot your password?".

    Raises FieldError for an address, role or password that cannot be used, and AlreadyThere.
    """
    email = checked_email(email)
    existing = User.objects.filter(email=email).first()
    if existing is not None:
        raise AlreadyThere(existing)
    if password is not None:
        check_password_strength(password, User(email=email, name=name))
    user = User.objects.create_user(email, password, name=name, is_sample=is_sample)
    after = {"email": email, "name": name, "roles": put_into_roles(user, roles)}
    trail.record(actor, "user.create", user, Change(after=after))
    return user


@transaction.atomic
def set_roles(actor: User | None, user: User, roles: Sequence[str]) -> None:
    """Give a person exactly these roles. Raises FieldError for an unknown one, and rather than
    take the role admin from the last who holds it.
    """
    if "admin" not in roles:
        check_an_admin_remains(user)
    before = user.roles()
    after = put_into_roles(user, roles)
    if before != after:
        change = Change(before={"roles": before}, after={"roles": after})
        trail.record(actor, "user.roles", user, change)
        publish.rights_changed()


@transaction.atomic
def set_active(actor: User | None, user: User, *, active: bool) -> None:
    """Let a person in or keep them out; open sessions and tokens end with the next request.

    Raises FieldError rather than keep the last admin out.
    """
    if user.is_active == active:
        return
    if not active:
        check_an_admin_remains(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    change = Change(before={"is_active": not active}, after={"is_active": active})
    trail.record(actor, "user.reactivate" if active else "user.deactivate", user, change)
    publish.rights_changed()


@transaction.atomic
def rename(actor: User, user: User, *, name: str) -> None:
    """Change the name that a person is shown by."""
    before, user.name = user.name, name.strip()
    if before != user.name:
        user.save(update_fields=["name"])
        change = Change(before={"name": before}, after={"name": user.name})
        trail.record(actor, "user.update", user, change)


def put_into_roles(user: User, roles: Sequence[str]) -> list[str]:
    """Set the seeded groups and what follows from them; teams, which are groups too, stay."""
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise FieldError("role", f"Unknown role {unknown[0]!r}; known: {', '.join(ROLES)}.")
    wanted = [role for role in ROLES if role in roles]
    user.groups.remove(*user.groups.filter(name__in=ROLES.keys() - set(wanted)))
    user.groups.add(*Group.objects.filter(name__in=wanted))
    may_administer = "admin" in wanted
    if user.is_staff != may_administer:
        user.is_staff = may_administer
        user.save(update_fields=["is_staff"])
    return wanted


def check_an_admin_remains(user: User) -> None:
    """Raise FieldError when nobody else could administer the portal without this person."""
    admins = User.objects.filter(is_active=True, groups__name="admin")
    if admins.filter(pk=user.pk).exists() and not admins.exclude(pk=user.pk).exists():
        raise FieldError("role", "The last admin stays one: make somebody else an admin first.")


def checked_email(text: str) -> str:
    email = User.objects.normalize_email(text).strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise FieldError("email", f"{text!r} is not an e-mail address.") from error
    return email


def check_password_strength(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise FieldError("password", " ".join(error.messages)) from error
