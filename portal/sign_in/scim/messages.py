"""What SCIM says and how its requests are read (pure): filters, patches, bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
EQUALS = re.compile(r'\s*([\w.:]+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*', re.IGNORECASE)
MEMBER = re.compile(r'members\[\s*value\s+eq\s+"([^"]*)"\s*\]', re.IGNORECASE)
LARGEST_ID = 2**63 - 1
WORK_EMAIL = re.compile(r"emails\[.*\]\.value", re.IGNORECASE)


class BadRequest(Exception):
    """A SCIM request that cannot be carried out; `kind` is a scimType of RFC 7644."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Change:
    """One operation of a patch, with its path split off: `replace active False`."""

    op: str
    path: str
    value: Any


def read_filter(text: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return (field, value) of `attribute eq "value"`, with `known` from attributes to fields.

    Raises BadRequest for anything else: providers look accounts up by one attribute.
    """
    match = EQUALS.fullmatch(text)
    field = known.get(match[1].lower()) if match else None
    if match is None or field is None or "\0" in text:
        wanted = ", ".join(known)
        raise BadRequest("invalidFilter", f'Only `attribute eq "value"` with one of: {wanted}.')
    return field, re.sub(r"\\(.)", r"\1", match[2])


def read_patch(body: Mapping[str, Any]) -> Iterator[Change]:
    """Yield a patch's changes one attribute at a time. Raises BadRequest."""
    operations = body.get("Operations", body.get("operations"))
    if not isinstance(operations, list):
        raise BadRequest("invalidSyntax", "A patch has a list of Operations.")
    for one in operations:
        op = str(one.get("op", "")).lower() if isinstance(one, dict) else ""
        if op not in {"add", "replace", "remove"}:
            raise BadRequest("invalidSyntax", "An operation is add, replace or remove.")
        yield from split(op, str(one.get("path") or ""), one.get("value"))


def split(op: str, path: str, value: Any) -> Iterator[Change]:
    """Take an operation apart: without a path its value names the attributes."""
    if path:
        yield Change(op, path.lower() if "[" not in path else path, value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield Change(op, str(name).lower(), inner)
    else:
        raise BadRequest("noTarget", "An operation without a path has an object as its value.")


def read_bool(value: Any) -> bool:
    """Read a truth value; Entra ID sends it as a text."""
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    raise BadRequest("invalidValue", "active is true or false.")


def read_email(body: Mapping[str, Any]) -> str:
    """Return the address of a user: the user name if it is one, else the first of the e-mails."""
    name = str(body.get("userName") or body.get("username") or "")
    if "@" in name:
        return name
    emails = body.get("emails")
    listed = emails if isinstance(emails, list) else []
    found = [str(one["value"]) for one in listed if isinstance(one, dict) and one.get("value")]
    return found[0] if found else name


def read_name(body: Mapping[str, Any]) -> str:
    given = body.get("name")
    parts = given if isinstance(given, dict) else {}
    whole = f"{parts.get('givenName') or ''} {parts.get('familyName') or ''}".strip()
    return str(body.get("displayName") or parts.get("formatted") or whole)[:120]


def read_members(value: Any) -> list[int]:
    """Return the ids of members. Raises BadRequest."""
    listed = value if isinstance(value, list) else [value]
    try:
        ids = [int(one["value"]) for one in listed if one]
    except (TypeError, KeyError, ValueError) as error:
        raise BadRequest("invalidValue", "Members are objects with the id as value.") from error
    return [one for one in ids if 0 < one <= LARGEST_ID]


def error(status: int, message: str, kind: str = "") -> dict[str, Any]:
    found = {"schemas": [ERROR], "status": str(status), "detail": message}
    return found | ({"scimType": kind} if kind else {})


def listed(resources: list[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def service_config() -> dict[str, Any]:
    no = {"supported": False}
    return {
        "schemas": [CONFIG],
        "patch": {"supported": True},
        "bulk": no | {"maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 200},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token that the page of the provider shows once.",
                "primary": True,
            }
        ],
    }
