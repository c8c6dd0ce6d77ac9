"""What a login through a provider changes here: the account, its roles, its teams."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q

from portal.accounts.actions import create_staff, rename, set_roles, set_teams
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish
from portal.sign_in.claims import Identity, mapped_roles
from portal.sign_in.models import IdentityProvider, Policy, ScimUser

REFUSED = "user.login_refused"


class NotAdmitted(Exception):
    """Somebody whom the provider knows may not come in; the text is for them, `reason` for the
    audit trail.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@transaction.atomic
def admit(provider: IdentityProvider, identity: Identity, known: SocialAccount | None) -> User:
    """Return the account of somebody who signed in at a provider, with the roles and teams that the
    provider says now. It is made or joined if the provider's rules allow. Raises NotAdmitted.
    """
    if known is not None:
        user: User = User.objects.select_for_update().get(pk=known.user_id)
    else:
        check_address(provider, identity)
        user = joined(provider, identity) or created(provider, identity)
        keep_identity(provider, identity, user)
    check_may_log_in(user)
    take_over(provider, identity, user)
    return user


def check_address(provider: IdentityProvider, identity: Identity) -> None:
    """Raise NotAdmitted unless this address may stand for an account here."""
    if not identity.email or not identity.domain:
        raise NotAdmitted(
            "no address",
            f"{provider.name} did not tell your e-mail address. An admin can look into which"
            " claims it sends.",
        )
    domains = {domain.casefold() for domain in provider.allowed_domains}
    if domains and identity.domain.casefold() not in domains:
        raise NotAdmitted(
            "domain", f"Addresses at {identity.domain} may not sign in through {provider.name}."
        )
    if not (identity.is_verified or provider.trusts_addresses):
        raise NotAdmitted(
            "unverified address",
            f"{provider.name} has not verified that {identity.email} is yours.",
        )


def joined(provider: IdentityProvider, identity: Identity) -> User | None:
    """Join an account that exists with the address, or refuse to: whoever can choose an address at
    a provider must not become somebody else here. None when there is no such account.
    """
    user = User.objects.select_for_update().filter(email=identity.email).first()
    if user is None:
        return None
    if user.is_service or not may_be_joined(provider, user):
        raise NotAdmitted(
            "account exists",
            f"There is an account with the address {identity.email} already, and {provider.name}"
            " may not open it. An admin can allow that, or change the address.",
        )
    # Whoever knew the old password is not necessarily whom the provider knows.
    user.set_unusable_password()
    user.save(update_fields=["password"])
    trail.record(user, "user.join_provider", user, Change(after={"provider": provider.slug}))
    return user


def may_be_joined(provider: IdentityProvider, user: User) -> bool:
    """Tell whether the provider opens accounts that exist: those that it made itself by SCIM, and of
    domains that it answers for; never one that another identity opens, never the break-glass account.
    """
    is_taken = SocialAccount.objects.filter(user=user).filter(
        Q(provider=provider.key) | ~Q(provider__startswith=f"{provider.slug}:")
    )
    is_break_glass = Policy.objects.filter(break_glass=user).exists()
    is_made_by_it = ScimUser.objects.filter(user=user, provider=provider.slug).exists()
    answers_for_it = provider.links_accounts and bool(provider.allowed_domains)
    return (is_made_by_it or answers_for_it) and not is_break_glass and not is_taken.exists()


def created(provider: IdentityProvider, identity: Identity) -> User:
    if not provider.creates_accounts:
        raise NotAdmitted(
            "no account",
            "You have no account here yet. An admin can make one with your address"
            f" {identity.email}.",
        )
    try:
        return create_staff(
            None,
            email=identity.email,
            name=identity.name,
            roles=[provider.default_role] if provider.default_role else [],
            password=None,
        )
    except FieldError as error:
        raise NotAdmitted("bad address", error.message) from error


def keep_identity(provider: IdentityProvider, identity: Identity, user: User) -> None:
    """Remember who this is there; of what else the provider said nothing is kept."""
    SocialAccount.objects.filter(user=user, provider__startswith=f"{provider.slug}:").delete()
    SocialAccount.objects.create(user=user, provider=provider.key, uid=identity.subject)


def check_may_log_in(user: User) -> None:
    if user.is_service:
        raise NotAdmitted("service account", "This is a program's account; nobody signs in to it.")


def take_over(provider: IdentityProvider, identity: Identity, user: User) -> None:
    """Bring name, roles and teams to what the provider says now."""
    SocialAccount.objects.filter(user=user, provider=provider.key).update(extra_data={})
    if identity.name and not user.name:
        rename(user, user, name=identity.name)
    if provider.role_claim:
        give_roles(user, mapped_roles(identity.groups, provider.role_map, provider.default_role))
    if provider.team_claim:
        set_teams(user, identity.teams)


def give_roles(user: User, roles: list[str]) -> None:
    """Give exactly these roles, but leave the portal its last admin."""
    before = user.roles()
    try:
        set_roles(None, user, roles)
    except FieldError:
        set_roles(None, user, ["admin", *roles])
        trail.record(None, "user.keep_last_admin", user, Change(after={"wanted": roles}))
    if user.roles() != before:
        publish.rights_changed()


def refuse(provider: IdentityProvider, identity: Identity, reason: str) -> None:
    """Write down that somebody could not come in, with their address as a reference only."""
    user = User.objects.filter(email=identity.email).first()
    after = {
        "provider": provider.slug,
        "reason": reason,
        "account": trail.reference(identity.email),
    }
    trail.record(None, REFUSED, user, Change(after=after))
