from __future__ import annotations

import importlib

from django.apps import AppConfig

from portal.lib.registry import discover


class InsightsConfig(AppConfig):
    name = "analytics.insights"
    label = "insights"

    def ready(self) -> None:
        discover("analytics.insights.sources")
        importlib.import_module("analytics.insights.sharing")
        discover("analytics.insights.personal")
