"""Who may sign in with a password kept here."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount

from portal.accounts.models import User
from portal.sign_in.models import ScimUser
from portal.sign_in.started import policy


def may_use_password(user: User) -> bool:
    """Tell whether a password opens this account: never that of somebody whom a provider answers
    for, or leaving the company would not lock them out here; with “SSO only” just the break-glass
    account's.
    """
    rules = policy()
    if rules.break_glass_id == user.pk:
        return True
    is_joined = (
        SocialAccount.objects.filter(user=user).exists()
        or ScimUser.objects.filter(user=user).exists()
    )
    return not (user.is_service or is_joined or rules.sso_only)
