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


def make_people() -> People:
    return People(
        viewer=factories.make_staff("viewer"),
        analyst=factories.make_staff("analyst"),
        editor=factories.make_staff("editor"),
        responder=factories.make_staff("responder"),
        admin=factories.make_staff("admin"),
        auditor=factories.make_staff("auditor"),
        owner=factories.make_staff("editor", name="owner"),
        teammate=factories.make_staff("viewer", name="teammate"),
        outsider=factories.make_staff(name="outsider"),
    )
