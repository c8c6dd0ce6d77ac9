"""Accounts and groups as SCIM shows them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from portal.sign_in.models import ScimGroup, ScimUser
from portal.sign_in.scim.messages import GROUP, USER


def user_resource(found: ScimUser, base: str) -> dict[str, Any]:
    user, path = found.user, reverse("scim-user", args=[found.user_id])
    shown: dict[str, Any] = {
        "schemas": [USER],
        "id": str(user.pk),
        "userName": user.email,
        "displayName": user.name,
        "name": {"formatted": user.name},
        "emails": [{"value": user.email, "type": "work", "primary": True}],
        "active": user.is_active,
        "groups": [{"value": str(group.pk), "display": group.name} for group in found.groups.all()],
        "meta": meta("User", found, f"{base}{path}"),
    }
    return shown | ({"externalId": found.external_id} if found.external_id else {})


def group_resource(group: ScimGroup, base: str) -> dict[str, Any]:
    path = reverse("scim-group", args=[group.pk])
    shown: dict[str, Any] = {
        "schemas": [GROUP],
        "id": str(group.pk),
        "displayName": group.name,
        "members": [
            {"value": str(one.user_id), "display": one.user.email} for one in group.members.all()
        ],
        "meta": meta("Group", group, f"{base}{path}"),
    }
    return shown | ({"externalId": group.external_id} if group.external_id else {})


def meta(kind: str, row: ScimUser | ScimGroup, location: str) -> dict[str, str]:
    return {"resourceType": kind, "created": row.created_at.isoformat(), "location": location}
