"""How allauth's logins through providers behave here: our providers, our rules of admission."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.shortcuts import render

from portal.audit import trail
from portal.audit.trail import Change
from portal.sign_in import claims, providers
from portal.sign_in.actions import NotAdmitted, admit, refuse
from portal.sign_in.models import SAML
from portal.sign_in.outbound import ProviderSession
from portal.sign_in.started import ProviderLogin, came_by

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp, SocialLogin
    from django.http import HttpRequest

    from portal.sign_in.models import IdentityProvider


class SluggedAdapter(OpenIDConnectOAuth2Adapter):
    """Comes back to an address with the provider's slug, not with the key of its accounts."""

    def __init__(self, request: HttpRequest, key: str) -> None:
        super().__init__(request, key.partition(":")[0])


class SsoAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        apps = {one.slug: providers.app_of(one) for one in providers.enabled()}
        return [
            app
            for slug, app in apps.items()
            if provider in {None, slug, app.provider, app.provider_id}
            and client_id in {None, app.client_id}
        ]

    def get_provider(self, request: HttpRequest, provider: str, client_id: Any = None) -> Any:
        found = super().get_provider(request, provider, client_id)
        if isinstance(found, OpenIDConnectProvider):
            found.oauth2_adapter_class = SluggedAdapter
        return found

    def get_requests_session(self) -> ProviderSession:
        return ProviderSession()

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        """Leave that to `admit`."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False  # `admit` made the account already, if anybody may

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the account, and bring its roles and teams up to date."""
        provider = providers.with_key(sociallogin.account.provider)
        found = claims.identity(
            sociallogin.account.uid,
            claims.merged(sociallogin.account.extra_data),
            providers.reading(provider),
        )
        if provider.protocol == SAML and not found.email:
            # allauth knows the attributes' long names, and an address that is the subject itself.
            found = replace(found, email=(sociallogin.user.email or "").lower())
        known = sociallogin.account if sociallogin.is_existing else None
        try:
            sociallogin.user = admit(provider, found, known)
        except NotAdmitted as refusal:
            refuse(provider, found, refusal.reason)
            raise ImmediateHttpResponse(refused_page(request, provider, refusal)) from refusal
        # A login brings somebody in and nothing else, whatever its address asked for.
        sociallogin.state["process"] = "login"
        came_by(request, ProviderLogin(provider.slug, found.provider_session))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, **_: Any
    ) -> None:
        what = {"provider": provider.app.name, "error": str(error)}
        trail.record(None, "user.login_failed", None, Change(after=what))


def refused_page(request: HttpRequest, provider: IdentityProvider, refusal: NotAdmitted) -> Any:
    context = {"provider": provider, "message": refusal.message}
    return render(request, "sign_in/refused.html", context, status=403)
