"""Grants: what is shared with whom, who can see an object and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import actions
from portal.accounts.access import fetch, visible
from portal.accounts.api import described
from portal.accounts.api.folders import MAX_ID, flags_of, parent_of, set_flags
from portal.accounts.models import VIEW_FOLDER, Folder, Grant, Level, Team, User
from portal.accounts.permissions import staff_of
from portal.accounts.previews import Effect, preview
from portal.accounts.reasons import Access, read_book, why_not
from portal.accounts.roles import ROLES
from portal.accounts.shareables import Shareable, shareables
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader

FLAGS = ("is_public", "stop_inheriting", "is_protected")
LEVELS = {level.label: level for level in Level}


class GrantList(APIView):
    """List the grants on an object that the caller administers, or those to the caller; and share
    an object with a person, a team or a role.
    """

    required_permission = VIEW_FOLDER
    operations = {"get": described.GRANT_LIST, "post": described.GRANT_CREATE}

    def get(self, request: Request) -> Response:
        user, given = staff_of(request), request.query_params
        rows = Grant.objects.select_related("user", "group__team", "created_by").order_by("id")
        if given.get("object_type") or given.get("object_id"):
            entry = kind_in(given.get("object_type"))
            row = fetch(user, entry.model, level=Level.ADMIN, pk=id_in(given.get("object_id")))
            return Response(
                {"grants": listed(rows.filter(object_type=entry.kind, object_id=row.pk))}
            )
        return Response({"grants": listed(rows.filter(user=user))})

    @transaction.atomic
    def post(self, request: Request) -> Response:
        user, reader = staff_of(request), Reader(request.data)
        entry = kind_in(reader.take("object_type"))
        row = fetch(user, entry.model, level=Level.ADMIN, pk=id_in(reader.take("object_id")))
        subject = subject_in(user, reader)
        level = LEVELS[reader.choice("level", list(LEVELS))]
        reader.finish()
        return Response(grant_json(actions.share(user, row, subject, level)), status=201)


class GrantDetail(APIView):
    """One grant, for who administers its object."""

    required_permission = VIEW_FOLDER
    operations = {
        "get": described.GRANT_ONE,
        "patch": described.GRANT_CHANGE,
        "put": described.GRANT_CHANGE,
    }

    def get(self, request: Request, pk: int) -> Response:
        return Response(grant_json(grant_and_row(staff_of(request), pk)[0]))

    def patch(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    def put(self, request: Request, pk: int) -> Response:
        return self.changed(request, pk)

    def changed(self, request: Request, pk: int) -> Response:
        user, reader = staff_of(request), Reader(request.data)
        grant, row = grant_and_row(user, pk)
        level = LEVELS[reader.choice("level", list(LEVELS))]
        reader.known.extend(grant_json(grant))
        reader.finish()
        return Response(grant_json(actions.share(user, row, grant.subject, level)))

    def delete(self, request: Request, pk: int) -> Response:
        user = staff_of(request)
        grant, row = grant_and_row(user, pk)
        actions.unshare(user, row, grant)
        return Response(status=204)


class AccessDetail(APIView):
    """Who can see one object and why; and what of its place and flags decides about that."""

    required_permission = VIEW_FOLDER
    operations = {"get": described.WHO, "patch": described.CHANGE_RIGHTS}

    def get(self, request: Request, kind: str, pk: int) -> Response:
        user = staff_of(request)
        row: Any = fetch(user, entry_at(kind).model, pk=pk)
        asked = request.query_params.get("user", "")
        return Response(
            {
                "object_type": kind,
                "object_id": pk,
                "name": str(row),
                **{name: getattr(row, name, False) for name in FLAGS},
                "other_ways": [asdict(way) for way in entry_at(kind).other_ways(row)],
                "people": about_one(user, row, asked) if asked else about_all(user, row),
            }
        )

    @transaction.atomic
    def patch(self, request: Request, kind: str, pk: int) -> Response:
        """Change an object's place or flags; answers who gains and who loses by it."""
        user = staff_of(request)
        row: Any = fetch(user, entry_at(kind).model, level=Level.ADMIN, pk=pk)
        reader = Reader(request.data)
        moves, folder = "folder" in reader.values, parent_of(user, reader, "folder")
        flags, only_preview = flags_of(reader, FLAGS), reader.flag("preview")
        reader.finish()

        def change() -> None:
            if moves:
                actions.move(user, row, folder)
            set_flags(user, row, flags)

        effects = preview(row, change)
        if not only_preview:
            change()
        return Response({"effects": [effect_json(one) for one in effects]})


def about_all(asker: User, row: Model) -> list[dict[str, Any]]:
    book = read_book([row], shown=names_for(asker))
    return [access_json(one) for one in book.accesses(row)]


def about_one(asker: User, row: Model, email: str) -> list[dict[str, Any]]:
    """Say why somebody can see an object, or why not. Raises FieldError for an unknown address."""
    user = person_of(email, "user")
    book = read_book([row], [user], names_for(asker))
    found = [access_json(one) for one in book.accesses(row)]
    no = {"user": user.email, "name": user.name, "level": None, "why": [why_not(book, user, row)]}
    return found or [no]


def names_for(asker: User) -> set[int]:
    """Return the folders whose names somebody may read."""
    return set(visible(asker, Folder).values_list("pk", flat=True))


def access_json(access: Access) -> dict[str, Any]:
    return {
        "user": access.user.email,
        "name": access.user.name,
        "level": access.level.label,
        "why": [reason.text for reason in access.reasons],
    }


def effect_json(effect: Effect) -> dict[str, Any]:
    return {
        "user": effect.user.email,
        "before": effect.before.label if effect.before else None,
        "after": effect.after.label if effect.after else None,
        "counts": dict(effect.counts),
    }


def listed(rows: Any) -> list[dict[str, Any]]:
    return [grant_json(grant) for grant in rows]


def grant_json(grant: Grant) -> dict[str, Any]:
    group = grant.group
    is_role = group is not None and group.name in ROLES
    return {
        "id": grant.pk,
        "object_type": grant.object_type,
        "object_id": grant.object_id,
        "user": grant.user.email if grant.user else None,
        "team": group.team.pk if group and not is_role else None,
        "role": group.name if group and is_role else None,
        "level": Level(grant.level).label,
        "created_by": grant.created_by.email if grant.created_by else "system",
        "created_at": grant.created_at,
    }


def grant_and_row(user: User, pk: int) -> tuple[Grant, Model]:
    """Return a grant and its object. Raises Http404 unless the user may see that, PermissionDenied
    unless they administer it.
    """
    grant = Grant.objects.select_related("user", "group__team", "created_by").filter(pk=pk).first()
    if grant is None or grant.object_type not in shareables:
        raise Http404
    model = shareables.get(grant.object_type).model
    return grant, fetch(user, model, level=Level.ADMIN, pk=grant.object_id)


def subject_in(asker: User, reader: Reader) -> User | Group:
    """Read whom to share with: exactly one of `user`, `team`, `role`. Raises FieldError."""
    said = [name for name in ("user", "team", "role") if reader.take(name) is not None]
    if len(said) != 1:
        raise FieldError("user", "Name exactly one of user, team and role.")
    if said == ["user"]:
        return person_of(reader.text("user"), "user")
    if said == ["role"]:
        return Group.objects.get(name=reader.choice("role", list(ROLES)))
    team = visible(asker, Team).filter(pk=reader.integer("team", 0, low=1, high=MAX_ID)).first()
    if team is None:
        raise FieldError("team", "There is no team with this id.")
    group: Group = team.group
    return group


def person_of(email: str, field: str) -> User:
    found = User.objects.filter(email=email.replace("\0", "").strip().lower()).first()
    if found is None:
        raise FieldError(field, "Nobody here has this e-mail address.")
    return found


def kind_in(value: Any) -> Shareable:
    """Return the kind of object that a body names. Raises FieldError."""
    if not isinstance(value, str) or value not in shareables:
        known = ", ".join(entry.kind for entry in shareables)
        raise FieldError("object_type", f"This must be one of: {known}.")
    return shareables.get(value)


def entry_at(kind: str) -> Shareable:
    """Return the kind of object that an address names. Raises Http404."""
    if kind not in shareables:
        raise Http404
    return shareables.get(kind)


def id_in(value: Any) -> int:
    text = str(value)
    if (
        isinstance(value, bool)
        or not text.isdecimal()
        or len(text) > 19
        or not 0 < int(text) <= MAX_ID
    ):
        raise FieldError("object_id", "This must be an object's id, a whole number.")
    return int(text)
