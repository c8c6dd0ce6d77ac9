"""The identity providers of the admin page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from portal.accounts.models import User
from portal.accounts.roles import ROLES
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.sign_in import providers
from portal.sign_in.certificates import checked_certificate
from portal.sign_in.models import FROM_SETTINGS, OIDC, SAML, IdentityProvider, Policy


@dataclass(frozen=True)
class ProviderDraft:
    """What somebody typed about a provider. An empty secret keeps the one that is there."""

    name: str
    protocol: str = OIDC
    is_enabled: bool = True
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    scopes: str = "openid profile email"
    sso_url: str = ""
    certificate: str = ""
    allowed_domains: tuple[str, ...] = ()
    trusts_addresses: bool = False
    creates_accounts: bool = True
    links_accounts: bool = False
    email_claim: str = "email"
    name_claim: str = "name"
    role_claim: str = ""
    role_map: tuple[tuple[str, str], ...] = ()
    default_role: str = ""
    team_claim: str = ""


@transaction.atomic
def add_provider(actor: User | None, slug: str, draft: ProviderDraft) -> IdentityProvider:
    """Let staff come in through one more provider. Raises FieldError."""
    if slug == FROM_SETTINGS or IdentityProvider.objects.filter(slug=slug).exists():
        raise FieldError("slug", f"“{slug}” is taken.")
    provider = written(IdentityProvider(slug=slug), draft)
    provider.save()
    trail.record(actor, "identity_provider.create", provider, Change(after=described(draft)))
    return provider


@transaction.atomic
def change_provider(
    actor: User | None, provider: IdentityProvider, draft: ProviderDraft
) -> IdentityProvider:
    """Write a provider anew. With another issuer everybody is somebody else: they are joined to
    their accounts again by the rules of a first login. Raises FieldError.
    """
    found = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
    before = described(draft_of(found))
    written(found, draft).save()
    check_somebody_can_come(found.slug)
    after = described(draft)
    if after != before or draft.client_secret:
        after |= {"secrets_changed": bool(draft.client_secret)}
        trail.record(actor, "identity_provider.change", found, Change(before, after))
    return found


@transaction.atomic
def remove_provider(actor: User | None, provider: IdentityProvider) -> None:
    """Take a provider away. Accounts that came through it stay, but nobody can sign in to them
    before an admin joins them to another or they set a password. Raises FieldError.
    """
    before = described(draft_of(provider))
    trail.record(actor, "identity_provider.delete", provider, Change(before=before))
    SocialAccount.objects.filter(provider__startswith=f"{provider.slug}:").delete()
    provider.delete()
    check_somebody_can_come("")


def check_somebody_can_come(changed: str) -> None:
    """Raise FieldError when only providers open the portal, and none is left."""
    if Policy.objects.filter(sso_only=True).exists() and not providers.enabled():
        message = "This is the only way in: switch “SSO only” off, or add another provider first."
        raise FieldError("is_enabled" if changed else "provider", message)


def written(provider: IdentityProvider, draft: ProviderDraft) -> IdentityProvider:
    """Put a draft into the fields. Raises FieldError."""
    check_common(draft)
    for name, value in asdict(draft).items():
        if name != "client_secret":
            setattr(provider, name, list(value) if isinstance(value, tuple) else value)
    provider.role_map = dict(draft.role_map)
    if draft.client_secret:
        provider.client_secret = draft.client_secret
    (check_oidc if draft.protocol == OIDC else check_saml)(provider)
    return provider


def check_common(draft: ProviderDraft) -> None:
    if not draft.name.strip():
        raise FieldError("name", "It needs a name, for the button on the sign-in page.")
    if draft.protocol not in {OIDC, SAML}:
        raise FieldError("protocol", "OpenID Connect or SAML.")
    roles = {role for _, role in draft.role_map} | {draft.default_role or "viewer"}
    if unknown := sorted(roles - ROLES.keys()):
        raise FieldError("role_map", f"Unknown role “{unknown[0]}”; known: {', '.join(ROLES)}.")
    if draft.links_accounts and not draft.allowed_domains:
        message = "Name the domains that this provider answers for first."
        raise FieldError("links_accounts", message)


def check_oidc(provider: IdentityProvider) -> None:
    check_url("issuer", provider.issuer)
    if not provider.client_id:
        raise FieldError("client_id", "The provider shows it beside the registered application.")
    if not provider.secret():
        raise FieldError("client_secret", "The provider shows it when the application is made.")
    if "openid" not in provider.scopes.split():
        raise FieldError("scopes", "They have to contain openid.")


def check_saml(provider: IdentityProvider) -> None:
    if not provider.issuer:
        raise FieldError("issuer", "The provider's entity id, as its metadata has it.")
    check_url("sso_url", provider.sso_url)
    provider.certificate = checked_certificate(provider.certificate)


def check_url(name: str, text: str) -> None:
    """Raise FieldError for an address that is not https, except on this machine."""
    parts = urlsplit(text)
    is_near = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_near)):
        raise FieldError(name, "An address that begins with https://.")


def draft_of(provider: IdentityProvider) -> ProviderDraft:
    """Return what is set, without the secret."""
    values: dict[str, Any] = {
        one.name: getattr(provider, one.name) for one in fields(ProviderDraft)
    }
    values["client_secret"] = ""
    values["allowed_domains"] = tuple(values["allowed_domains"])
    values["role_map"] = tuple(values["role_map"].items())
    return ProviderDraft(**values)


def described(draft: ProviderDraft) -> dict[str, Any]:
    shown = asdict(draft) | {"role_map": dict(draft.role_map)}
    del shown["client_secret"]
    return {name: value for name, value in shown.items() if value not in ("", [], {}, ())}
