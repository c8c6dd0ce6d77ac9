"""How allauth's provider behaves here: nobody signs up, and everybody's groups are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ProviderAdapter(DefaultOIDCAdapter):
    scope_display = DefaultOIDCAdapter.scope_display | {"groups": "View your groups"}

    def get_claims(self, purpose: Any, user: User, client: Any, scopes: Any, **rest: Any) -> Any:
        claims = super().get_claims(purpose, user, client, scopes, **rest)
        if "groups" in scopes:
            claims["groups"] = sorted(user.groups.values_list("name", flat=True))
        return claims
