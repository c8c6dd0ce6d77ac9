"""The way in: the sign-in page, and off to a provider."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.views import LoginView
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.saml.utils import get_app_or_404
from allauth.socialaccount.providers.saml.views import acs, finish_acs
from allauth.utils import get_request_param
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error

from portal.sign_in import providers
from portal.sign_in.started import policy

log = logging.getLogger(__name__)
LARGEST_ANSWER = 256 << 10
# What a provider that is away, or is none, makes allauth raise.
UNUSABLE = (OAuth2Error, ValueError, KeyError, OneLogin_Saml2_Error, LxmlError)


class SignInView(LoginView):
    """Our sign-in page: the providers, and the password form where it is of use."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**kwargs)
        listed = providers.enabled()
        asked = self.request.method == "POST" or "password" in self.request.GET
        hidden = bool(listed) and policy().sso_only and not asked
        next_path = get_request_param(self.request, "next") or ""
        return found | {"providers": listed, "hides_password": hidden, "next_path": next_path}


login = require_http_methods(["GET", "HEAD", "POST"])(SignInView.as_view())


@require_safe
@never_cache
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """Send somebody to a provider; they come back to where they wanted to go.

    By GET, because the page's policy lets forms lead to this portal only. Nothing is gained by
    luring somebody here: a login can only be finished by the browser that began it.
    """
    provider = providers.named(slug)
    if provider is None:
        raise Http404
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = ""
    try:
        allauth = get_adapter(request).get_provider(request, provider.key)
        answer: HttpResponse = allauth.redirect(request, process="login", next_url=target or None)
    except UNUSABLE as error:
        said = {"provider": provider.slug, "error": str(error)[:300] or type(error).__name__}
        log.warning("An identity provider cannot be used.", extra=said)
        return render(request, "sign_in/unreachable.html", {"provider": provider}, status=502)
    return answer


@require_safe
def cancelled(request: HttpRequest) -> HttpResponse:
    return redirect("account_login")


@csrf_exempt
@require_POST
def saml_posted(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Keep what a provider posted until the browser comes back with its own cookies. Anybody may
    post, so what no provider of ours would send is not kept.
    """
    get_app_or_404(request, organization_slug)
    if int(request.headers.get("Content-Length") or 0) > LARGEST_ANSWER:
        return HttpResponse("The answer is too large.", status=413, content_type="text/plain")
    answer: HttpResponse = acs(request, organization_slug=organization_slug)
    return answer


def saml_finished(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Read what the provider posted. An answer that nobody here asked for, or that was used before,
    is refused like one with a wrong signature.
    """
    try:
        answer: HttpResponse = finish_acs(request, organization_slug=organization_slug)
    except (PermissionDenied, *UNUSABLE) as error:
        provider = get_app_or_404(request, organization_slug).get_provider(request)
        answer = render_authentication_error(request, provider, exception=error)
    return answer


@require_safe
def saml_logout(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Ask before anything ends: a request to log out need not be signed, so anybody could send it."""
    return redirect("account_logout")
