from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.insights import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/insights/trend", api.TrendView.as_view(), name="api-trend"),
    path("api/v1/schema", api.SchemaView.as_view(), name="api-schema-of-events"),
]
