from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class CollectConfig(AppConfig):
    name = "analytics.collect"
    label = "collect"

    def ready(self) -> None:
        discover("analytics.collect.sources")
        discover("analytics.collect.personal")
