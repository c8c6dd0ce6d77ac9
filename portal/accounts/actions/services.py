"""Service accounts: programs with roles, teams and tokens of their own, that cannot log in."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.text import slugify

from portal.accounts.actions.people import put_into_roles
from portal.accounts.models import Team, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError

# Nobody can have this address: RFC 2606 keeps the name from ever being registered.
DOMAIN = "service.invalid"
LONGEST_NAME = 60


@transaction.atomic
def create_service(
    actor: User | None, *, name: str, roles: Sequence[str], team: Team | None = None
) -> User:
    """Make an account for a program. Members of `team` look after its tokens; without one, admins do.

    Raises FieldError for a name that is empty or taken, and for an unknown role.
    """
    name = name.strip()
    slug = slugify(name)
    if not slug or len(name) > LONGEST_NAME or "\0" in name:
        message = f"A service account needs a name of letters, at most {LONGEST_NAME} characters."
        raise FieldError("name", message)
    email = f"{slug}@{DOMAIN}"
    if User.objects.filter(email=email).exists():
        raise FieldError("name", "There is a service account of this name already.")
    user = User.objects.create_user(email, None, name=name, is_service=True, owned_by=team)
    held = put_into_roles(user, roles)
    after = {"name": name, "roles": held, "team": team.name if team else None}
    trail.record(actor, "service.create", user, Change(after=after))
    return user


@transaction.atomic
def set_service_team(actor: User, service: User, team: Team | None) -> None:
    """Let another team look after a service account, or only admins."""
    before, after = service.owned_by, team
    if before != after:
        service.owned_by = after
        service.save(update_fields=["owned_by"])
        change = Change(
            before={"team": before.name if before else None},
            after={"team": after.name if after else None},
        )
        trail.record(actor, "service.team", service, change)
