"""Teams, and who is in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from portal.accounts.models import Grant, Membership, Team, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish

LONGEST_NAME, LONGEST_DESCRIPTION = 120, 200
MOST_SSO_NAMES = 50


@transaction.atomic
def create_team(
    actor: User | None, *, name: str, description: str = "", sso_names: Sequence[str] = ()
) -> Team:
    """Make a team with nobody in it. Raises FieldError for a name that is taken, also by a role."""
    team = Team(
        group=Group(name=checked_name(name)),
        description=checked_description(description),
        sso_names=checked_sso_names(sso_names),
        created_by=actor,
    )
    team.group.save()
    team.save()
    trail.record(actor, "team.create", team, Change(after=described(team)))
    return team


@transaction.atomic
def change_team(
    actor: User | None, team: Team, *, name: str, description: str, sso_names: Sequence[str]
) -> Team:
    """Write a team anew; the same again changes nothing. Raises FieldError as `create_team` does.

    Who came in by a name that is no longer here stays until the next login says otherwise.
    """
    found = locked(team)
    before = described(found)
    found.group.name = checked_name(name, besides=found.group)
    found.description = checked_description(description)
    found.sso_names = checked_sso_names(sso_names)
    if described(found) != before:
        found.group.save(update_fields=["name"])
        found.save()
        trail.record(actor, "team.change", found, Change(before, described(found)))
    return found


@transaction.atomic
def delete_team(actor: User | None, team: Team) -> None:
    """Remove a team: what was shared with it is no longer. Raises FieldError while it owns
    service accounts.
    """
    found = locked(team)
    if found.services.exists():
        message = "It owns service accounts: give them to another team first."
        raise FieldError("team", message)
    grants = Grant.objects.filter(group=found.group).values_list("object_type", "object_id")
    before = described(found) | {
        "members": sorted(found.memberships.values_list("user__email", flat=True)),
        "grants": [f"{kind} {pk}" for kind, pk in grants],
    }
    trail.record(actor, "team.delete", found, Change(before=before))
    found.group.delete()  # takes team, memberships and grants with it
    publish.rights_changed()


@transaction.atomic
def add_member(actor: User | None, team: Team, user: User, *, from_sso: bool = False) -> bool:
    """Put somebody into a team; return whether they were not in it."""
    found = locked(team)
    membership, is_new = Membership.objects.get_or_create(
        team=found, user=user, defaults={"added_by": actor, "is_from_sso": from_sso}
    )
    if not is_new and membership.is_from_sso and not from_sso:
        # Somebody wants them here whatever the provider says.
        membership.is_from_sso, membership.added_by = False, actor
        membership.save(update_fields=["is_from_sso", "added_by"])
    user.groups.add(found.group)
    if is_new:
        trail.record(actor, "team.add_member", found, Change(after={"member": user.email}))
        publish.rights_changed()
    return is_new


@transaction.atomic
def remove_member(actor: User | None, team: Team, user: User) -> bool:
    """Take somebody out of a team; return whether they were in it."""
    found = locked(team)
    removed, _ = Membership.objects.filter(team=found, user=user).delete()
    user.groups.remove(found.group)
    if removed:
        trail.record(actor, "team.remove_member", found, Change(before={"member": user.email}))
        publish.rights_changed()
    return bool(removed)


@transaction.atomic
def set_teams(user: User, names: Collection[str]) -> list[str]:
    """Make the teams that a login brings those that the identity provider names; return all of
    the user's teams.

    `names` are the provider's group names, compared with `Team.sso_names` whatever their case;
    names that no team has are passed over. Whom somebody put into a team by hand stays in it.
    """
    wanted = {name.strip().casefold() for name in names}
    for team in Team.objects.select_related("group"):
        if wanted & {name.casefold() for name in team.sso_names}:
            add_member(None, team, user, from_sso=True)
        elif team.memberships.filter(user=user, is_from_sso=True).exists():
            remove_member(None, team, user)
    return list(Team.objects.filter(memberships__user=user).values_list("group__name", flat=True))


def locked(team: Team) -> Team:
    rows = Team.objects.select_for_update(of=("self",)).select_related("group")
    found: Team = rows.get(pk=team.pk)
    return found


def described(team: Team) -> dict[str, Any]:
    """Return what people set."""
    return {
        "name": team.name,
        "description": team.description,
        "sso_names": list(team.sso_names),
    }


def checked_name(name: str, *, besides: Group | None = None) -> str:
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise FieldError("name", f"A team needs a name of at most {LONGEST_NAME} characters.")
    same = Group.objects.filter(name__iexact=name)
    if besides is not None:
        same = same.exclude(pk=besides.pk)
    if same.exists():
        raise FieldError("name", f"There is a team or a role named “{name}” already.")
    return name


def checked_description(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_DESCRIPTION or "\0" in text:
        message = f"This may have {LONGEST_DESCRIPTION} characters at most."
        raise FieldError("description", message)
    return text


def checked_sso_names(names: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if len(found) > MOST_SSO_NAMES or any(len(name) > 255 or "\0" in name for name in found):
        message = f"At most {MOST_SSO_NAMES} names of at most 255 characters."
        raise FieldError("sso_names", message)
    return found
