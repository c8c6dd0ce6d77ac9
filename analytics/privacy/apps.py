from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class PrivacyConfig(AppConfig):
    name = "analytics.privacy"
    label = "privacy"

    def ready(self) -> None:
        discover("analytics.privacy.personal")
