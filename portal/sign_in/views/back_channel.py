"""OpenID Connect Back-Channel Logout: a provider says that somebody signed out there."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.lib.api import error_response
from portal.sign_in import providers
from portal.sign_in.actions import end_provider_sessions
from portal.sign_in.models import OIDC
from portal.sign_in.sso import SluggedAdapter

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@csrf_exempt
@require_POST
@never_cache
def back_channel(request: HttpRequest, slug: str) -> HttpResponse:
    """End the sessions that a signed logout token names; anybody may post one."""
    provider = providers.named(slug)
    if provider is None or provider.protocol != OIDC:
        raise Http404
    try:
        said = checked(request.POST.get("logout_token", ""), SluggedAdapter(request, provider.key))
    except (OAuth2Error, ValueError, KeyError, TypeError) as error:
        return error_response(400, "invalid_request", f"The logout token is of no use: {error}")
    end_provider_sessions(provider, subject=said.get("sub", ""), session=said.get("sid", ""))
    return HttpResponse()


def checked(token: str, adapter: SluggedAdapter) -> dict[str, Any]:
    """Return what a logout token says. Raises OAuth2Error or ValueError for one that is not signed
    by the provider, not for us, too old, used before, or no logout token.
    """
    if token.count(".") != 2:
        raise ValueError("it is no signed token.")
    config = adapter.openid_config
    said: dict[str, Any] = jwtkit.verify_and_decode(
        credential=token,
        keys_url=config["jwks_uri"],
        issuer=config["issuer"],
        audience=adapter.get_provider().app.client_id,
        lookup_kid=jwtkit.lookup_kid_jwk,
    )
    events = said.get("events")
    if not isinstance(events, dict) or EVENT not in events or "nonce" in said:
        raise ValueError("it is a token for something else.")
    if not all(isinstance(said.get(name, ""), str) for name in ("sub", "sid")):
        raise ValueError("sub and sid are texts.")
    if not (said.get("sub") or said.get("sid")):
        raise ValueError("it names nobody.")
    return said
