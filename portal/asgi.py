"""Entry of the web process: HTTP through Django, sockets through Channels."""

from __future__ import annotations

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251  # the entry
django_application = get_asgi_application()

from analytics.ingest.intake import Intake  # noqa: E402  # needs the apps loaded
from portal.lib.asker import CancelsWhenGone  # noqa: E402  # needs the apps loaded
from portal.live.routing import websocket_urlpatterns  # noqa: E402  # needs the apps loaded
from portal.store import client  # noqa: E402  # needs the apps loaded

application = ProtocolTypeRouter(
    {
        "http": Intake(CancelsWhenGone(django_application, client.cancel)),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
