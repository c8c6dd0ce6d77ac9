"""Read what a provider says of somebody (pure): who it is, which roles and teams follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRUE = {"true", "1", "yes"}
LONGEST_VALUE, MOST_VALUES = 255, 2_000


@dataclass(frozen=True)
class Reading:
    """Where in the claims to look; a name with dots reaches into objects: `realm_access.roles`."""

    email: str = "email"
    name: str = "name"
    roles: str = ""
    teams: str = ""


@dataclass(frozen=True)
class Identity:
    """Somebody, as the provider knows them."""

    subject: str
    email: str
    is_verified: bool
    name: str
    groups: tuple[str, ...]  # what roles are mapped from
    teams: tuple[str, ...]
    provider_session: str = ""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


def merged(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of an OpenID login as one: allauth keeps those of the id token and of the
    userinfo answer apart, and providers put groups into either. The userinfo is fresher.
    """
    if not extra.keys() & {"id_token", "userinfo"}:
        return dict(extra)
    return {**(extra.get("id_token") or {}), **(extra.get("userinfo") or {})}


def identity(subject: str, claims: Mapping[str, Any], reading: Reading) -> Identity:
    """Return who this is. What is missing or of another type counts as not said."""
    return Identity(
        subject=subject,
        email=first(claims, reading.email).strip().lower(),
        is_verified=first(claims, "email_verified").lower() in TRUE,
        name=first(claims, reading.name)[:120],
        groups=values(claims, reading.roles),
        teams=values(claims, reading.teams),
        provider_session=first(claims, "sid")[:255],
    )


def values(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return all texts of a claim; a single one counts as a list of one."""
    found = reached(claims, name) if name else None
    listed = found if isinstance(found, list) else [found]
    texts = [str(value) for value in listed if isinstance(value, str | int | bool)]
    return tuple(text for text in texts if len(text) <= LONGEST_VALUE)[:MOST_VALUES]


def first(claims: Mapping[str, Any], name: str) -> str:
    return next(iter(values(claims, name)), "")


def reached(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its whole name or, failing that, by the path that its dots describe."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def mapped_roles(groups: tuple[str, ...], role_map: Mapping[str, str], default: str) -> list[str]:
    """Return the roles that groups give, whatever the case of their names, and nobody else's."""
    folded = {group.casefold() for group in groups}
    found = [role for group, role in role_map.items() if group.casefold() in folded]
    return list(dict.fromkeys(found or ([default] if default else [])))
