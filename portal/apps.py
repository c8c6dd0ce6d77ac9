from __future__ import annotations

from django.apps import AppConfig

from portal.celery import app as celery_app  # tasks find their application from here on

__all__ = ["PortalConfig", "celery_app"]


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"
