"""/scim/v2: users, groups, and what of SCIM is spoken here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from portal.sign_in.actions import provisioning as actions
from portal.sign_in.models import IdentityProvider, ScimGroup, ScimUser
from portal.sign_in.scim import messages
from portal.sign_in.scim.door import answer, base_of, body_of, page_of, scim_view
from portal.sign_in.scim.messages import BadRequest, Change
from portal.sign_in.scim.resources import group_resource, user_resource

Request = HttpRequest
USER_FILTERS = {
    "username": "user__email__iexact",
    "emails.value": "user__email__iexact",
    "emails": "user__email__iexact",
    "externalid": "external_id",
}
GROUP_FILTERS = {"displayname": "name", "externalid": "external_id"}


def users(provider: IdentityProvider) -> QuerySet[ScimUser]:
    rows = ScimUser.objects.filter(provider=provider.slug).select_related("user")
    return rows.prefetch_related("groups").order_by("user_id")


def groups(provider: IdentityProvider) -> QuerySet[ScimGroup]:
    rows = ScimGroup.objects.filter(provider=provider.slug).order_by("pk")
    return rows.prefetch_related("members__user")


def one_user(provider: IdentityProvider, pk: int) -> ScimUser:
    found: ScimUser = get_object_or_404(users(provider), user_id=pk)
    return found


def one_group(provider: IdentityProvider, pk: int) -> ScimGroup:
    found: ScimGroup = get_object_or_404(groups(provider), pk=pk)
    return found


def listing(
    request: Request,
    rows: QuerySet[Any],
    filters: Mapping[str, str],
    resource: Callable[[Any, str], dict[str, Any]],
) -> HttpResponse:
    """Answer the page of rows that is asked for, as resources (RFC 7644, 3.4.2)."""
    if text := request.GET.get("filter", ""):
        field, value = messages.read_filter(text, filters)
        rows = rows.filter(**{field: value})
    start, count = page_of(request)
    shown = [resource(row, base_of(request)) for row in rows[start - 1 : start - 1 + count]]
    return answer(messages.listed(shown, rows.count(), start))


def list_users(request: Request, provider: IdentityProvider) -> HttpResponse:
    return listing(request, users(provider), USER_FILTERS, user_resource)


def make_user(request: Request, provider: IdentityProvider) -> HttpResponse:
    body = body_of(request)
    made = actions.provision(
        provider,
        email=messages.read_email(body),
        name=messages.read_name(body),
        external_id=str(body.get("externalId") or ""),
        active=messages.read_bool(body.get("active", True)),
    )
    return answer(user_resource(made, base_of(request)), 201)


def show_user(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    return answer(user_resource(one_user(provider, pk), base_of(request)))


def replace_user(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    body = body_of(request)
    wanted = {
        "email": messages.read_email(body),
        "name": messages.read_name(body),
        "external_id": str(body.get("externalId") or ""),
        "active": messages.read_bool(body.get("active", True)),
    }
    actions.change_provisioned(provider, one_user(provider, pk), wanted)
    return show_user(request, provider, pk)


def patch_user(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    wanted: dict[str, Any] = {}
    for change in messages.read_patch(body_of(request)):
        wanted |= of_user(change)
    actions.change_provisioned(provider, one_user(provider, pk), wanted)
    return show_user(request, provider, pk)


def of_user(change: Change) -> dict[str, Any]:
    """Return what one change of a patch means here; attributes that nobody keeps mean nothing."""
    if change.path == "active":
        return {"active": messages.read_bool(change.value)}
    if change.op == "remove":
        return {}
    if change.path == "username" or messages.WORK_EMAIL.fullmatch(change.path):
        return {"email": str(change.value)}
    if change.path in {"displayname", "name.formatted"}:
        return {"name": str(change.value)[:120]}
    if change.path == "externalid":
        return {"external_id": str(change.value)}
    return {}


def end_user(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    actions.deprovision(one_user(provider, pk))
    return HttpResponse(status=204)


def list_groups(request: Request, provider: IdentityProvider) -> HttpResponse:
    return listing(request, groups(provider), GROUP_FILTERS, group_resource)


def make_group(request: Request, provider: IdentityProvider) -> HttpResponse:
    body = body_of(request)
    made = actions.put_group(
        provider,
        name=str(body.get("displayName") or ""),
        external_id=str(body.get("externalId") or ""),
        members=messages.read_members(body.get("members") or []),
    )
    return answer(group_resource(made, base_of(request)), 201)


def show_group(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    return answer(group_resource(one_group(provider, pk), base_of(request)))


def replace_group(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    body, group = body_of(request), one_group(provider, pk)
    if name := str(body.get("displayName") or ""):
        actions.rename_group(provider, group, name)
    actions.set_members(provider, group, messages.read_members(body.get("members") or []))
    return show_group(request, provider, pk)


def patch_group(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    group = one_group(provider, pk)
    for change in messages.read_patch(body_of(request)):
        change_group(provider, group, change)
    return show_group(request, provider, pk)


def change_group(provider: IdentityProvider, group: ScimGroup, change: Change) -> None:
    if change.path == "displayname" and change.op != "remove":
        actions.rename_group(provider, group, str(change.value))
    elif change.path.lower().startswith("members"):
        held = set(group.members.values_list("user_id", flat=True))
        actions.set_members(provider, group, members_after(held, change))


def members_after(held: set[int], change: Change) -> set[int]:
    """Return the members that a change leaves. Raises BadRequest."""
    named = messages.MEMBER.fullmatch(change.path)
    if named is not None:
        given = messages.read_members([{"value": named[1]}])
    elif change.path == "members":
        given = messages.read_members(change.value or [])
    else:
        raise BadRequest("invalidPath", 'Members are named by members[value eq "id"].')
    if change.op == "add":
        return held | set(given)
    if change.op == "replace":
        return set(given)
    is_everybody = named is None and change.value is None
    return set() if is_everybody else held - set(given)


def remove_group(request: Request, provider: IdentityProvider, pk: int) -> HttpResponse:
    actions.remove_group(provider, one_group(provider, pk))
    return HttpResponse(status=204)


def show_config(request: Request, provider: IdentityProvider) -> HttpResponse:
    return answer(messages.service_config())


user_list = scim_view(get=list_users, post=make_user)
user_detail = scim_view(get=show_user, put=replace_user, patch=patch_user, delete=end_user)
group_list = scim_view(get=list_groups, post=make_group)
group_detail = scim_view(get=show_group, put=replace_group, patch=patch_group, delete=remove_group)
config = scim_view(get=show_config)
