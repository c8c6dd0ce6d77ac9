"""Accounts and groups that a provider looks after by SCIM."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.accounts.actions import create_staff, rename, set_active, set_teams
from portal.accounts.actions.people import checked_email
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.secrets import new_secret
from portal.sign_in.actions.logins import give_roles, may_be_joined
from portal.sign_in.actions.sessions import end_sessions
from portal.sign_in.claims import mapped_roles
from portal.sign_in.models import IdentityProvider, ScimGroup, ScimToken, ScimUser

LABEL = "pts"


@transaction.atomic
def make_scim_token(actor: User, provider: IdentityProvider) -> str:
    """Give a provider a fresh token, in place of the one it had; its text is returned only here."""
    made = new_secret(LABEL)
    ScimToken.objects.update_or_create(
        provider=provider.slug,
        defaults={"prefix": made.prefix, "digest": made.digest, "last_used_at": None},
    )
    after = {"provider": provider.slug, "prefix": made.prefix}
    trail.record(actor, "scim.token", None, Change(after=after))
    return made.text


@transaction.atomic
def revoke_scim_token(actor: User, provider: IdentityProvider) -> None:
    removed, _ = ScimToken.objects.filter(provider=provider.slug).delete()
    if removed:
        trail.record(actor, "scim.revoke", None, Change(before={"provider": provider.slug}))


def note_use(token: ScimToken, now: datetime) -> None:
    ScimToken.objects.filter(pk=token.pk).update(last_used_at=now)


@transaction.atomic
def provision(
    provider: IdentityProvider, *, email: str, name: str, external_id: str, active: bool
) -> ScimUser:
    """Make an account for a provider, or take one over that its rules let it open. Raises FieldError
    for an address that it may not use.
    """
    email = checked_email(email)
    check_domain(provider, email)
    user = User.objects.select_for_update().filter(email=email).first()
    if user is None:
        roles = [provider.default_role] if provider.default_role else []
        user = create_staff(None, email=email, name=name, roles=roles, password=None)
    elif user.is_service or hasattr(user, "scim") or not may_be_joined(provider, user):
        raise FieldError("userName", f"There is an account with the address {email} already.")
    made: ScimUser = ScimUser.objects.create(
        provider=provider.slug, user=user, external_id=external_id[:255]
    )
    trail.record(None, "scim.user", user, Change(after={"provider": provider.slug}))
    switch(made, active=active)
    return made


@transaction.atomic
def change_provisioned(provider: IdentityProvider, found: ScimUser, wanted: dict[str, Any]) -> None:
    """Write what a provider says of an account: some of `email`, `name`, `external_id`, `active`.
    Raises FieldError, also rather than switch the last admin off.
    """
    if "email" in wanted:
        move(provider, found.user, checked_email(wanted["email"]))
    if wanted.get("name"):
        rename(found.user, found.user, name=wanted["name"])
    if "external_id" in wanted:
        found.external_id = str(wanted["external_id"])[:255]
        found.save(update_fields=["external_id"])
    if "active" in wanted:
        switch(found, active=wanted["active"])


@transaction.atomic
def deprovision(found: ScimUser) -> None:
    """Switch an account off that its provider no longer has. What its owner made stays."""
    switch(found, active=False)
    before = {"provider": found.provider}
    trail.record(None, "scim.remove_user", found.user, Change(before=before))
    found.delete()


def switch(found: ScimUser, *, active: bool) -> None:
    """Let somebody in or keep them out, at once: sessions end, tokens of an inactive account do not
    work.
    """
    if found.user.is_active != active:
        set_active(None, found.user, active=active)
        if not active:
            end_sessions(None, found.user, why="deactivated by the provider")


def move(provider: IdentityProvider, user: User, email: str) -> None:
    if email == user.email:
        return
    check_domain(provider, email)
    if User.objects.filter(email=email).exists():
        raise FieldError("userName", f"There is an account with the address {email} already.")
    before, user.email = user.email, email
    user.save(update_fields=["email"])
    trail.record(None, "user.email", user, Change({"email": before}, {"email": email}))


def check_domain(provider: IdentityProvider, email: str) -> None:
    domains = {domain.casefold() for domain in provider.allowed_domains}
    if domains and email.rpartition("@")[2].casefold() not in domains:
        raise FieldError("userName", f"{provider.name} may not use addresses of that domain.")


@transaction.atomic
def put_group(
    provider: IdentityProvider, *, name: str, external_id: str, members: Collection[int]
) -> ScimGroup:
    """Make a group. Raises FieldError for a name that is there already."""
    if not name.strip() or ScimGroup.objects.filter(provider=provider.slug, name=name).exists():
        raise FieldError("displayName", "A group needs a name that no other has.")
    made: ScimGroup = ScimGroup.objects.create(
        provider=provider.slug, name=name[:255], external_id=external_id[:255]
    )
    set_members(provider, made, members)
    return made


@transaction.atomic
def rename_group(provider: IdentityProvider, group: ScimGroup, name: str) -> None:
    others = ScimGroup.objects.filter(provider=provider.slug, name=name).exclude(pk=group.pk)
    if not name.strip() or others.exists():
        raise FieldError("displayName", "A group needs a name that no other has.")
    group.name = name[:255]
    group.save(update_fields=["name"])
    for member in group.members.all():
        apply_groups(provider, member)


@transaction.atomic
def set_members(provider: IdentityProvider, group: ScimGroup, ids: Collection[int]) -> None:
    """Give a group exactly these members, by the numbers of their accounts."""
    wanted = ScimUser.objects.filter(provider=provider.slug, user_id__in=ids)
    before = set(group.members.values_list("user_id", flat=True))
    after = set(wanted.values_list("user_id", flat=True))
    if before == after:
        return
    group.members.set(wanted)
    change = Change({"members": sorted(before)}, {"members": sorted(after)})
    trail.record(None, "scim.group", group, change)
    for member in ScimUser.objects.filter(provider=provider.slug, user_id__in=before ^ after):
        apply_groups(provider, member)


@transaction.atomic
def remove_group(provider: IdentityProvider, group: ScimGroup) -> None:
    set_members(provider, group, [])
    group.delete()


def apply_groups(provider: IdentityProvider, member: ScimUser) -> None:
    """Bring roles and teams to what somebody's groups give now; without a role map roles are given
    elsewhere.
    """
    names = tuple(member.groups.values_list("name", flat=True))
    if provider.role_map:
        give_roles(member.user, mapped_roles(names, provider.role_map, provider.default_role))
    set_teams(member.user, names)
