from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class PromqlConfig(AppConfig):
    name = "analytics.promql"
    label = "promql"

    def ready(self) -> None:
        discover("analytics.promql.sources")
