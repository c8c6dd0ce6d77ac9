from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class IngestConfig(AppConfig):
    name = "analytics.ingest"
    label = "ingest"

    def ready(self) -> None:
        discover("analytics.ingest.protocols")
        discover("analytics.ingest.personal")
