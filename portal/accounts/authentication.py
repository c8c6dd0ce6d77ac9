"""Programs authenticate with `Authorization: Bearer <api token>`."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.lib import clock
from portal.lib.requests import came_by
from portal.lib.secrets import digest_of

USE_IS_NOTED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's owner and the token. Raises AuthenticationFailed (401)."""
        words = get_authorization_header(request).decode("latin-1").split()
        text = self.token_in(words)
        if text is None:
            return None
        token = find_token(text)
        if token is None:
            raise AuthenticationFailed("This API token is unknown, expired or revoked.")
        came_by(str(token))
        return token.user, token

    def token_in(self, words: list[str]) -> str | None:
        """Return the token that the header's words hold; None where they speak of something else."""
        if not words or words[0].lower() != "bearer":
            return None
        return words[1] if len(words) == 2 else ""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BasicTokenAuthentication(TokenAuthentication):
    """Take the token as the password of HTTP's Basic scheme, whatever the user name: many programs
    that speak Prometheus's protocols know no other way.
    """

    def token_in(self, words: list[str]) -> str | None:
        if not words or words[0].lower() != "basic":
            return None
        try:
            text = base64.b64decode(words[1] if len(words) == 2 else "", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return text.partition(":")[2]


def find_token(text: str) -> ApiToken | None:
    """Return the valid token of this text, noting its use at most once a minute."""
    now = clock.now()
    token = ApiToken.objects.select_related("user").filter(digest=digest_of(text)).first()
    if token is None or not token.is_valid(now):
        return None
    if token.last_used_at is None or now - token.last_used_at > USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """Describe the above in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "api token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class BasicTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """Describe the same, with the token as the password."""

    target_class = BasicTokenAuthentication
    name = "api token as password"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "basic"}
