"""The cast: who tries things in the tests. Ask for the fixture `people`."""

from __future__ import annotations

from dataclasses import dataclass

from portal.accounts.models import User
from tests import factories


@dataclass(frozen=True)
class People:
    """One person per role, and four who differ in what they have to do with an object."""

    viewer: User
    analyst: User
    editor: User
    responder: User
    admin: User
    auditor: User
    owner: User  # an editor: made the object
    teammate: User  # a viewer: may see it, may not change it
    outsider: User  # an active account without any role: may not know of it

    def with_role(self, role: str) -> User:
        found: User = getattr(self, role)
        return found


# Who has which role.
CAST = {role: role for role in ("viewer", "analyst", "editor", "responder", "admin", "auditor")} | {
    "owner": "editor",
    "teammate": "viewer",
    "outsider": "",
}


def make_people() -> People:
    return People(**factories.make_cast(CAST))
