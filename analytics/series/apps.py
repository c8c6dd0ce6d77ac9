from __future__ import annotations

from django.apps import AppConfig


class SeriesConfig(AppConfig):
    name = "analytics.series"
    label = "series"
