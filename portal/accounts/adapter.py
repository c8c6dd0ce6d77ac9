"""How allauth behaves here: accounts are made by admins or by SSO, never by sign-up.

Its hooks are also where the audit trail hears of logins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.utils.crypto import salted_hmac

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change

if TYPE_CHECKING:
    from django.http import HttpRequest


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

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = str(credentials.get("email", ""))
        known = User.objects.filter(email__iexact=email).first()
        tried = {} if known else {"account": reference(email)}
        trail.record(None, "user.login_failed", known, Change(after=tried))

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        trail.record(user, "user.password", user)

    def format_email_subject(self, subject: str) -> str:
        return f"Portal: {subject}"

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL


def reference(typed: str) -> str:
    """Stand in for what somebody typed as an address: it may be a password, so it is not kept,
    yet repeated tries of the same text can be told apart.
    """
    return salted_hmac("failed login", typed.lower()).hexdigest()[:16]
