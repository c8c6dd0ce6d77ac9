from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.collect import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("metrics", views.metrics, name="metrics"),
    path("status/", views.status, name="status"),
]
