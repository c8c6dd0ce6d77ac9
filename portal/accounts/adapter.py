"""How allauth behaves here: accounts are made by admins or by SSO, never by sign-up.

Its hooks are also where the audit trail hears of logins.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.utils.crypto import salted_hmac

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.models import AuditEntry
from portal.audit.trail import Change
from portal.lib import clock

if TYPE_CHECKING:
    from django.http import HttpRequest

LOGIN_FAILED = "user.login_failed"
FAILURES_ALLOWED = 5
FAILURES_WITHIN = timedelta(minutes=5)


class StaffAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        trail.record(user, "user.login", user)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            trail.record(request.user, "user.logout", request.user)
        super().logout(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        # allauth counts in Valkey; this counts in the trail, so that the limit holds without it.
        if failures_of(str(credentials.get("email", "")), clock.now()) >= FAILURES_ALLOWED:
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = str(credentials.get("email", ""))
        known = User.objects.filter(email=email.lower()).first()
        trail.record(None, LOGIN_FAILED, known, Change(after={"account": reference(email)}))

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        trail.record(user, "user.password", user)

    def format_email_subject(self, subject: str) -> str:
        return f"Portal: {subject}"

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL


def failures_of(email: str, now: datetime) -> int:
    """Count the failed logins to this address in the last minutes."""
    return AuditEntry.objects.filter(
        action=LOGIN_FAILED, at__gt=now - FAILURES_WITHIN, after__account=reference(email)
    ).count()


def reference(typed: str) -> str:
    """Stand in for what somebody typed as an address: it may be a password, so it is not kept,
    yet repeated tries of the same text can be told apart.
    """
    return salted_hmac("failed login", typed.lower()).hexdigest()[:16]
