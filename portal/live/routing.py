"""The only socket route; topics join through the registry in portal.live.topics."""

from __future__ import annotations

from typing import Any

websocket_urlpatterns: list[Any] = []
