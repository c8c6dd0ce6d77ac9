"""The only way out: what people enter as a URL is called by this client.

It resolves the host once, refuses addresses that are not of the public internet unless
PORTAL_INTERNAL_HOSTS names them, connects to the very address that it checked, follows no
redirect, and ends when the time or the size given is over.
"""

from __future__ import annotations

from portal.lib.http.addresses import Internal, Refused
from portal.lib.http.client import Answer, Call, Failed, Limits, get, post_json, request

__all__ = [
    "Answer",
    "Call",
    "Failed",
    "Internal",
    "Limits",
    "Refused",
    "get",
    "post_json",
    "request",
]
