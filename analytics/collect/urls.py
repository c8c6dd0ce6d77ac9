from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from analytics.collect import views
from analytics.collect.health import views as health

urlpatterns: list[URLPattern | URLResolver] = [
    path("metrics", views.metrics, name="metrics"),
    path("", include("analytics.collect.business.urls")),
    path("health/", health.health, name="health"),
    path("status/", views.status, name="status"),
    path("", include("analytics.collect.scraping.urls")),
]
