"""The only socket route; topics join through the registry in portal.live.topics."""

from __future__ import annotations

from typing import Any

from django.urls import re_path

from portal.live.consumer import LiveConsumer

websocket_urlpatterns: list[Any] = [
    re_path(r"^ws/(?P<kind>[a-z_]+)/(?P<ident>[-\w]+)/$", LiveConsumer.as_asgi()),
]
