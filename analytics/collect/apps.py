from __future__ import annotations

from django.apps import AppConfig


class CollectConfig(AppConfig):
    name = "analytics.collect"
    label = "collect"
