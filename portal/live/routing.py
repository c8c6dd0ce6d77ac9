"""The only socket route; topics join through the registry in portal.live.topics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.urls import re_path

from portal.live.consumer import LiveConsumer

ASGI = Callable[..., Awaitable[None]]

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/(?P<kind>[a-z_]+)/(?P<ident>[-\w]+)/$", LiveConsumer.as_asgi()),
]


def straight(app: ASGI) -> ASGI:
    """Let sockets send straight to the server: what wraps `send` looks at the session each time."""

    async def run(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "send": send}, receive, send)

    return run
