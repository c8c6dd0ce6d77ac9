from __future__ import annotations

from django.apps import AppConfig

from portal.lib.registry import discover


class StoreConfig(AppConfig):
    name = "portal.store"
    label = "store"

    def ready(self) -> None:
        discover("portal.store.personal")
