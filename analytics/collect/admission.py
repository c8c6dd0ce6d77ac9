"""Who may read /metrics."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from analytics.collect import scrape
from portal.accounts.access import is_staff_member
from portal.accounts.authentication import find_token

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def may_read_metrics(request: HttpRequest) -> bool:
    """Let in: the portal's own collector, an API token with read scope, a logged-in member of
    staff, and a program on this very host.
    """
    signature = request.headers.get(scrape.OWN_SCRAPE_HEADER, "")
    if signature:
        return constant_time_compare(signature, scrape.own_signature())
    authorization = request.headers.get("Authorization", "")
    if authorization:
        token = find_token(authorization.removeprefix("Bearer ").strip())
        return token is not None and "read" in token.scopes
    return is_on_this_host(request) or is_staff_member(request.user)


def is_on_this_host(request: HttpRequest) -> bool:
    """Tell whether the direct peer is a program on this host.

    Behind a reverse proxy every peer is: so this holds only while no public URL is set and
    nothing in the request says that it was passed on.
    """
    if settings.BASE_URL or any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "").is_loopback
    except ValueError:
        return False
