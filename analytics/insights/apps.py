from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class InsightsConfig(AppConfig):
    name = "analytics.insights"
    label = "insights"

    def ready(self) -> None:
        discover("analytics.insights.sources")
