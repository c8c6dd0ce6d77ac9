"""The rules of signing in."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError
from portal.live import publish
from portal.sign_in import providers
from portal.sign_in.models import Policy, Session


@transaction.atomic
def change_policy(actor: User | None, wanted: Policy) -> Policy:
    """Set the rules for everybody. Raises FieldError rather than lock everybody out, or for a limit
    that makes no sense. Limits reach open sessions with the next minute.
    """
    found, _ = Policy.objects.select_for_update().get_or_create(pk=1)
    before = described(found)
    check_limits(wanted)
    if wanted.break_glass is not None:
        check_break_glass(wanted.break_glass)
    if wanted.sso_only:
        check_way_in(wanted)
    wanted.pk = 1
    wanted.save(force_update=True)
    after = described(wanted)
    if wanted.sso_only and not before["sso_only"]:
        after["sessions_ended"] = end_sessions_by_password(wanted, actor)
    if after != before:
        trail.record(actor, "sign_in.policy", wanted, Change(before, after))
    return wanted


def end_sessions_by_password(policy: Policy, actor: User | None) -> int:
    """End what a password began, but for the break-glass account and who is just setting this;
    returns how many sessions.
    """
    kept = [user.pk for user in (policy.break_glass, actor) if user is not None]
    rows = Session.objects.filter(provider="", user__isnull=False).exclude(user__in=kept)
    ended, _ = rows.delete()
    publish.rights_changed()
    return int(ended)


def check_limits(wanted: Policy) -> None:
    if not 5 <= wanted.idle_minutes <= 30 * 24 * 60:
        raise FieldError("idle_minutes", "Between 5 minutes and 30 days.")
    if not 1 <= wanted.longest_hours <= 90 * 24:
        raise FieldError("longest_hours", "Between one hour and 90 days.")


def check_break_glass(user: User) -> None:
    """Raise FieldError unless this account can open the portal when no provider answers."""
    is_admin = user.is_active and "admin" in user.roles()
    if not is_admin or not user.has_usable_password():
        message = "The break-glass account has to be an admin's, with a password."
        raise FieldError("break_glass", message)
    if SocialAccount.objects.filter(user=user).exists():
        message = "This account comes through a provider; break-glass has to be a local one."
        raise FieldError("break_glass", message)


def check_way_in(wanted: Policy) -> None:
    if not providers.enabled():
        message = "Nobody could come in: add an identity provider first."
        raise FieldError("sso_only", message)
    if wanted.break_glass is None:
        message = "Choose a break-glass account first: it opens the portal when no provider does."
        raise FieldError("sso_only", message)


def described(policy: Policy) -> dict[str, Any]:
    return {
        "sso_only": policy.sso_only,
        "break_glass": policy.break_glass.email if policy.break_glass else None,
        "mfa_for_admins": policy.mfa_for_admins,
        "idle_minutes": policy.idle_minutes,
        "longest_hours": policy.longest_hours,
    }
