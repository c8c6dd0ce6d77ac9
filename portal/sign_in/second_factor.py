"""Who needs a second factor besides a password, and who has one."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.access import is_staff_member
from portal.accounts.models import User
from portal.lib.secrets import decrypt, encrypt
from portal.sign_in.models import Policy
from portal.sign_in.sessions import SIGN_IN, about
from portal.sign_in.started import policy

PURPOSE = "mfa.authenticator"
LACKS = "lacks_second_factor"
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the keys of codes encrypted, and names the portal in authenticator apps."""

    def encrypt(self, text: str) -> str:
        return encrypt(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, PURPOSE)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep the last factor of an admin who needs one."""
        user, rules = authenticator.user, policy()
        others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(
            pk=authenticator.pk
        )
        return not (rules.mfa_for_admins and user.is_staff) or bool(others.exists())

    def get_totp_issuer(self) -> str:
        return f"Portal ({self._get_site_name()})"


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def holders_of_factors() -> QuerySet[Authenticator]:
    """Return the numbers of the accounts that have a second factor."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(type__in=FACTORS)
    return rows.values("user_id")


def note_need(request: HttpRequest, rules: Policy) -> None:
    """Write into the session whether somebody must set up a second factor before going on. Who
    came through a provider has shown there what is asked there.
    """
    user, known = request.user, about(request.session)
    lacks = (
        rules.mfa_for_admins
        and not known.get("provider")
        and is_staff_member(user)
        and user.is_staff
        and not has_factor(user)
    )
    if bool(known.get(LACKS)) != lacks:
        request.session[SIGN_IN] = {**known, LACKS: lacks}


def must_set_up(request: HttpRequest) -> bool:
    """Tell whether this session is held to the page of second factors; looks again until it is not."""
    if not about(request.session).get(LACKS):
        return False
    user = request.user
    return is_staff_member(user) and user.is_staff and not has_factor(user)
