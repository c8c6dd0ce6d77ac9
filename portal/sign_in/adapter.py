"""How allauth behaves here: accounts are made by admins or by SSO, never by sign-up.

Its hooks are also where the audit trail hears of logins.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.utils.crypto import salted_hmac

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.models import AuditEntry
from portal.audit.trail import Change
from portal.lib import clock
from portal.sign_in.actions import REFUSED
from portal.sign_in.passwords import may_use_password
from portal.sign_in.second_factor import note_need
from portal.sign_in.started import note_start, policy, provider_login

if TYPE_CHECKING:
    from django.http import HttpRequest

LOGIN_FAILED = "user.login_failed"
SECOND_FACTOR = "second factor"
FAILURES_ALLOWED = 5
FAILURES_WITHIN = timedelta(minutes=5)


class StaffAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "sso_only": "This account signs in through your company's sign-in, not with a password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        note_start(request, clock.now())
        note_need(request, policy())
        trail.record(user, "user.login", user, Change(after={"by": self.ways(request, user)}))

    def ways(self, request: HttpRequest, user: User) -> list[str]:
        """Return how somebody showed who they are: `password`, `totp`, `provider acme`, ..."""
        login = provider_login(request)
        if login is not None:
            return [f"provider {login.provider}"]
        records = get_authentication_records(request, user)
        return [str(record.get("type", record["method"])) for record in records]

    def get_login_stages(self) -> list[str]:
        """Ask for a second factor after a password only; a provider has asked for its own."""
        stages: list[str] = super().get_login_stages()
        return [] if provider_login(self.request) is not None else stages

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        if user is not None and not may_use_password(user):
            trail.record(None, REFUSED, user, Change(after={"reason": "password not allowed"}))
            raise self.validation_error("sso_only")
        return user

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
        about = {"account": reference(email)}
        trail.record(None, LOGIN_FAILED, known, Change(after=about))
        if failures_of(email, clock.now()) == FAILURES_ALLOWED:
            until = clock.now() + FAILURES_WITHIN
            after = {**about, "until": until.isoformat(timespec="seconds")}
            trail.record(None, "user.lock_out", known, Change(after=after))

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


def factor_failures_of(user: User, now: datetime) -> int:
    """Count the wrong second factors of somebody whose password was right, in the last minutes."""
    return AuditEntry.objects.filter(
        action=LOGIN_FAILED,
        at__gt=now - FAILURES_WITHIN,
        object_id=str(user.pk),
        after__step=SECOND_FACTOR,
    ).count()


def reference(typed: str) -> str:
    """Stand in for what somebody typed as an address: it may be a password, so it is not kept,
    yet repeated tries of the same text can be told apart.
    """
    return salted_hmac("failed login", typed.lower()).hexdigest()[:16]
