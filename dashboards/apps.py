from __future__ import annotations

import importlib

from django.apps import AppConfig

from portal.lib.registry import discover


class DashboardsConfig(AppConfig):
    name = "dashboards"
    label = "dashboards"

    def ready(self) -> None:
        discover("dashboards.annotations")
        discover("dashboards.widgets")
        discover("dashboards.transformations")
        importlib.import_module("dashboards.sharing")
        discover("dashboards.personal")
        importlib.import_module("dashboards.live")  # its topic registers itself
        importlib.import_module("dashboards.open.live")
