"""Entry of the web process: HTTP through Django, sockets through Channels."""

from __future__ import annotations

import gc
import os
from importlib import import_module

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")  # noqa: TID251  # the entry
django_application = get_asgi_application()

from analytics.ingest.intake import Intake  # noqa: E402  # needs the apps loaded
from portal.lib.asker import CancelsWhenGone  # noqa: E402  # needs the apps loaded
from portal.live.routing import straight, websocket_urlpatterns  # noqa: E402  # needs the apps loaded
from portal.store import client  # noqa: E402  # needs the apps loaded

application = ProtocolTypeRouter(
    {
        "http": Intake(CancelsWhenGone(django_application, client.cancel)),
        "websocket": AllowedHostsOriginValidator(
            straight(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
        ),
    }
)

# What was imported stays. To look through it for garbage, again and again, took 0.4 s of CPU each
# time, in which no socket was told anything: with 2,000 of them the latest 3 % of all values.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 10)
