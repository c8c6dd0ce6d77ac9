"""Second factors: allauth's pages, for those who have a password here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib import clock
from portal.sign_in.actions import noted_factors
from portal.sign_in.adapter import FAILURES_ALLOWED, LOGIN_FAILED, SECOND_FACTOR, factor_failures_of

View = Callable[..., HttpResponse]
form_page = require_http_methods(["GET", "HEAD", "POST"])


class AuthenticateView(base.AuthenticateView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take an answer, unless there were too many; counted in the trail, like passwords."""
        if factor_failures_of(self.stage.login.user, clock.now()) >= FAILURES_ALLOWED:
            return render(request, "429.html", status=429)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        user = self.stage.login.user
        trail.record(None, LOGIN_FAILED, user, Change(after={"step": SECOND_FACTOR}))
        answer: HttpResponse = super().form_invalid(form)
        return answer


def own(view: View) -> View:
    """Let in who has a password here; a provider asks for its own second factor."""

    @form_page
    @staff_page()
    @never_cache
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_usable_password():
            messages.info(request, "You sign in through a provider, which asks for its own.")
            return redirect("profile")
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with noted_factors(request.user):
            return view(request, *args, **kwargs)

    return guarded


authenticate: Callable[[HttpRequest], HttpResponse] = form_page(AuthenticateView.as_view())
reauthenticate_by_password = own(account.reauthenticate)
reauthenticate = own(base.reauthenticate)
index = own(base.index)
activate_totp = own(totp.activate_totp)
deactivate_totp = own(totp.deactivate_totp)
view_codes = own(recovery.view_recovery_codes)
generate_codes = own(recovery.generate_recovery_codes)
list_keys = own(webauthn.list_webauthn)
add_key = own(webauthn.add_webauthn)
remove_key = own(webauthn.remove_webauthn)
reauthenticate_by_key = own(webauthn.reauthenticate_webauthn)
