"""What somebody writes about another Prometheus server, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from analytics.promql.models import BASIC, BEARER, NO_AUTHENTICATION, PrometheusServer
from portal.lib.field_error import FieldError

WAYS = (NO_AUTHENTICATION, BEARER, BASIC)
LONGEST = {"name": 80, "url": 500, "user_name": 200, "secret": 10_000, "tenant": 500}
URL_HELP = "An address such as https://prometheus.example.com, without /api/v1 at its end."


@dataclass(frozen=True)
class Draft:
    """None keeps the secret or the tenant that is there; the empty text removes it."""

    name: str = ""
    url: str = ""
    authentication: str = NO_AUTHENTICATION
    user_name: str = ""
    secret: str | None = None
    tenant: str | None = None


def parse_draft(body: Any, before: PrometheusServer | None = None) -> Draft:
    """Read a JSON object; what it leaves out stays as it is in `before`. Raises FieldError."""
    if not isinstance(body, Mapping):
        raise FieldError("body", "A JSON object.")
    known = {one.name for one in fields(Draft)}
    for name, value in body.items():
        if name not in known:
            raise FieldError(str(name), f"Unknown; known: {', '.join(sorted(known))}.")
        if not isinstance(value, str) and not (value is None and name in {"secret", "tenant"}):
            raise FieldError(name, "A text.")
    draft = replace(draft_of(before) if before else Draft(), **body)
    check(draft, before)
    return draft


def draft_of(server: PrometheusServer) -> Draft:
    """Return what is set, without what is secret."""
    return Draft(server.name, server.url, server.authentication, server.user_name)


def check(draft: Draft, before: PrometheusServer | None = None) -> None:
    """Raise FieldError for what cannot be kept or would not work."""
    check_texts(draft)
    check_url(draft.url)
    check_identification(draft, has_secret=bool(before and before.secret))
    if before and moved(before, draft) and keeps_secrets(before, draft):
        raise FieldError("secret", "The URL is another one: type token, password and tenant anew.")


def check_texts(draft: Draft) -> None:
    if not draft.name.strip():
        raise FieldError("name", "It needs a name, to choose it by.")
    for name, most in LONGEST.items():
        value = getattr(draft, name) or ""
        if len(value) > most:
            raise FieldError(name, f"At most {most:,} characters.")
        if not value.isprintable():
            raise FieldError(name, "No line breaks or control characters.")


def check_url(url: str) -> None:
    parts = parts_of(url)
    if parts is None or parts.path.rstrip("/").endswith("/api/v1"):
        raise FieldError("url", URL_HELP)
    if parts.username is not None or parts.password is not None:
        raise FieldError("url", "User name and password have fields of their own.")


def parts_of(url: str) -> SplitResult | None:
    """Take an address apart; None for what is none."""
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        return None
    is_address = is_plain and parts.scheme in {"http", "https"} and " " not in url
    return parts if is_address else None


def check_identification(draft: Draft, *, has_secret: bool) -> None:
    if draft.authentication not in WAYS:
        raise FieldError("authentication", f"One of: {', '.join(WAYS)}.")
    if draft.secret is not None:
        has_secret = bool(draft.secret)
    if draft.authentication == BEARER and not has_secret:
        raise FieldError("secret", "The bearer token that the server asks for.")
    if draft.authentication == BASIC and not draft.user_name:
        raise FieldError("user_name", "The user name that the server asks for.")
    in_headers = {"tenant": draft.tenant or ""}
    if draft.authentication == BEARER:
        in_headers["secret"] = draft.secret or ""
    for name, value in in_headers.items():
        if not value.isascii():
            raise FieldError(name, "Letters, digits and signs of ASCII: it goes into a header.")


def moved(before: PrometheusServer, draft: Draft) -> bool:
    """Tell whether the draft speaks to another host: kept secrets are not for it."""
    was, now = urlsplit(before.url), urlsplit(draft.url)
    return (was.scheme, was.netloc) != (now.scheme, now.netloc)


def keeps_secrets(before: PrometheusServer, draft: Draft) -> bool:
    return (bool(before.secret) and draft.secret is None) or (
        bool(before.tenant) and draft.tenant is None
    )


def described(server: PrometheusServer) -> dict[str, Any]:
    """Return what may be shown of a server, and written into the trail."""
    shown = asdict(draft_of(server))
    del shown["secret"]
    return shown | {"tenant": bool(server.tenant)}


def server_json(server: PrometheusServer, *, whole: bool) -> dict[str, Any]:
    """Return a server for the API; who may only ask it sees its name, not where it stands."""
    if not whole:
        return {"id": server.pk, "name": server.name}
    return {
        "id": server.pk,
        "name": server.name,
        "url": server.url,
        "authentication": server.authentication,
        "user_name": server.user_name,
        "has_secret": bool(server.secret),
        "has_tenant": bool(server.tenant),
        "created_by": server.created_by.email if server.created_by else "system",
        "created_at": server.created_at,
        "updated_at": server.updated_at,
    }
