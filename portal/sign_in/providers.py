"""The identity providers that there are: those of the admin page, and the one of the settings."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialApp
from django.conf import settings

from portal.sign_in.claims import Reading
from portal.sign_in.models import FROM_SETTINGS, OIDC, IdentityProvider

ALLAUTH_NAMES = {"oidc": "openid_connect", "saml": "saml"}


def enabled() -> list[IdentityProvider]:
    """Return those that one can sign in with, in the order of the sign-in page."""
    given = from_settings()
    kept = IdentityProvider.objects.filter(is_enabled=True)
    return [*([given] if given else []), *kept]


def named(slug: str) -> IdentityProvider | None:
    return next((one for one in enabled() if one.slug == slug), None)


def with_key(key: str) -> IdentityProvider:
    """Return the provider that accounts with this key belong to. Raises StopIteration."""
    return next(one for one in enabled() if one.key == key)


def from_settings() -> IdentityProvider | None:
    """Return the provider that OIDC_ISSUER and the settings beside it describe; it has no row."""
    if not settings.OIDC_ISSUER:
        return None
    return IdentityProvider(
        slug=FROM_SETTINGS,
        name=settings.OIDC_NAME,
        protocol=OIDC,
        issuer=settings.OIDC_ISSUER,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        scopes=settings.OIDC_SCOPES,
        allowed_domains=list(settings.OIDC_ALLOWED_DOMAINS),
        links_accounts=settings.OIDC_LINK_ACCOUNTS,
        trusts_addresses=settings.OIDC_TRUST_ADDRESSES,
        role_claim=settings.OIDC_ROLE_CLAIM,
        role_map=settings.OIDC_ROLE_MAP,
        team_claim=settings.OIDC_TEAM_CLAIM,
    )


def reading(provider: IdentityProvider) -> Reading:
    return Reading(
        email=provider.email_claim,
        name=provider.name_claim,
        roles=provider.role_claim,
        teams=provider.team_claim,
    )


def app_of(provider: IdentityProvider) -> SocialApp:
    """Return a provider as allauth wants it: a row that is never saved."""
    is_oidc = provider.protocol == OIDC
    return SocialApp(
        provider=ALLAUTH_NAMES[provider.protocol],
        provider_id=provider.key,
        name=provider.name,
        client_id=provider.client_id if is_oidc else provider.slug,
        secret=provider.secret(),
        settings=oidc_options(provider) if is_oidc else saml_options(provider),
    )


def oidc_options(provider: IdentityProvider) -> dict[str, Any]:
    return {
        "server_url": provider.issuer.rstrip("/"),
        "oauth_pkce_enabled": True,
        "scope": provider.scopes.split(),
    }


def saml_options(provider: IdentityProvider) -> dict[str, Any]:
    return {
        "idp": {
            "entity_id": provider.issuer,
            "sso_url": provider.sso_url,
            "x509cert": provider.certificate,
        },
        "advanced": {
            "want_assertion_signed": True,
            "reject_idp_initiated_sso": True,
            "allow_single_label_domains": True,  # names inside a company's network
        },
    }
