"""Teams: who works together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import actions
from portal.accounts.access import fetch, require, visible
from portal.accounts.api import described
from portal.accounts.models import CHANGE_TEAM, VIEW_TEAM, Team, User
from portal.accounts.permissions import staff_of
from portal.lib.field_error import FieldError
from portal.lib.reading import MAX_TEXT, Reader

MOST_MEMBERS = 10_000
READ_ONLY = ("id", "created_at")


class TeamList(APIView):
    """List all teams with their members, and make one."""

    required_permission = VIEW_TEAM
    operations = {"get": described.TEAM_LIST, "post": described.TEAM_CREATE}

    def get(self, request: Request) -> Response:
        rows = visible(staff_of(request), Team).select_related("group")
        listed = rows.prefetch_related("memberships__user", "memberships__added_by")
        return Response({"teams": [team_json(team) for team in listed]})

    @transaction.atomic
    def post(self, request: Request) -> Response:
        user = staff_of(request)
        require(user, CHANGE_TEAM)
        reader = Reader(request.data)
        team = actions.create_team(
            user,
            name=reader.text("name"),
            description=reader.text("description", "") if reader.values.get("description") else "",
            sso_names=texts(reader, "sso_names") or (),
        )
        set_members(user, team, texts(reader, "members"))
        reader.known.extend(("description", *READ_ONLY))
        reader.finish()
        return Response(team_json(team), status=201)


class TeamDetail(APIView):
    """One team. `members` says who is in it, all of them; left out, they stay."""

    required_permission = VIEW_TEAM
    operations = {
        "get": described.TEAM_ONE,
        "patch": described.TEAM_CHANGE,
        "put": described.TEAM_REPLACE,
    }

    def get(self, request: Request, pk: int) -> Response:
        return Response(team_json(fetch(staff_of(request), Team, pk=pk)))

    def patch(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    def put(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    @transaction.atomic
    def changed(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        team = fetch(user, Team, edit=True, pk=pk)
        reader = Reader(request.data)
        said = reader.values.get("description")
        description = "" if said == "" else reader.text("description", team.description)
        names = texts(reader, "sso_names")
        changed = actions.change_team(
            user,
            team,
            name=reader.text("name", team.name),
            description=description,
            sso_names=team.sso_names if names is None else names,
        )
        set_members(user, changed, texts(reader, "members"))
        reader.known.extend(("description", *READ_ONLY))
        reader.finish()
        return Response(team_json(changed))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        actions.delete_team(user, fetch(user, Team, edit=True, pk=pk))
        return Response(status=204)


def set_members(actor: User, team: Team, wanted: Sequence[str] | None) -> None:
    """Make exactly these people the members. Raises FieldError for an address nobody has."""
    if wanted is None:
        return
    emails = {email.strip().lower() for email in wanted}
    found = {user.email: user for user in User.objects.filter(email__in=emails)}
    unknown = sorted(emails - found.keys())
    if unknown:
        raise FieldError("members", f"Nobody here has the address {unknown[0]!r}.")
    for membership in team.memberships.select_related("user"):
        if membership.user.email not in emails:
            actions.remove_member(actor, team, membership.user)
    for user in found.values():
        actions.add_member(actor, team, user)


def texts(reader: Reader, name: str) -> tuple[str, ...] | None:
    """Read a list of texts; members may be written as they are read. None when it is not said."""
    if reader.take(name) is None:
        return None

    def text(item: Any, path: str) -> str:
        found = item.get("user") if isinstance(item, dict) and name == "members" else item
        if not isinstance(found, str) or len(found) > MAX_TEXT or "\0" in found:
            raise FieldError(path, "This must be a string.")
        return found

    return reader.each(name, text, most=MOST_MEMBERS)


def team_json(team: Team) -> dict[str, Any]:
    members = team.memberships.all()
    return {
        "id": team.pk,
        "name": team.name,
        "description": team.description,
        "sso_names": team.sso_names,
        "members": [
            {
                "user": one.user.email,
                "name": one.user.name,
                "added_by": one.added_by.email if one.added_by else "system",
                "added_at": one.added_at,
                "is_from_sso": one.is_from_sso,
            }
            for one in members
        ],
        "created_at": team.created_at,
    }
