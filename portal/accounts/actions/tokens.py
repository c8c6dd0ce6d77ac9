"""Tokens of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from portal.accounts.models import SCOPES, ApiToken, User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.lib.secrets import new_secret

TOKEN_LABEL = "ptk"  # noqa: S105  # the visible start of every API token


@transaction.atomic
def create_token(
    actor: User | None,
    user: User,
    *,
    name: str,
    scopes: Sequence[str] = SCOPES,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Return a new token of the user and its text, which is not kept and never shown again.

    Raises FieldError for no name and for scopes that are unknown or none at all.
    """
    if not name.strip():
        raise FieldError("name", "Name the program that will use this token.")
    secret = new_secret(TOKEN_LABEL)
    token = ApiToken.objects.create(
        user=user,
        name=name.strip()[:120],
        prefix=secret.prefix,
        digest=secret.digest,
        scopes=checked_scopes(scopes),
        expires_at=expires_at,
    )
    trail.record(actor, "token.create", token, Change(after=described(token)))
    return token, secret.text


@transaction.atomic
def revoke_token(actor: User | None, token: ApiToken, *, now: datetime) -> None:
    """End a token at once. Revoking twice changes nothing."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    if revoked:
        before = described(token)
        token.revoked_at = now
        trail.record(actor, "token.revoke", token, Change(before, described(token)))


def described(token: ApiToken) -> dict[str, object]:
    """Return what the trail says of a token; its secret is not known here."""
    return {
        "owner": token.user_id,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "expires_at": token.expires_at and token.expires_at.isoformat(),
        "revoked_at": token.revoked_at and token.revoked_at.isoformat(),
    }


def checked_scopes(scopes: Sequence[str]) -> list[str]:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise FieldError("scopes", f"Choose at least one of {', '.join(SCOPES)}.")
    return [scope for scope in SCOPES if scope in scopes]
