"""Pages and API of scrape targets."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.collect.scraping import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("scrape-targets/", views.targets, name="scrape-targets"),
    path("scrape-targets/add/<slug:discovery>/", views.add, name="scrape-target-add"),
    path("scrape-targets/<int:pk>/", views.target, name="scrape-target"),
    path("scrape-targets/<int:pk>/change/", views.change, name="scrape-target-change"),
    path("scrape-targets/<int:pk>/switch/", views.switch, name="scrape-target-switch"),
    path("scrape-targets/<int:pk>/delete/", views.delete, name="scrape-target-delete"),
    path("api/v1/scrape_targets", api.ScrapeTargetList.as_view(), name="api-scrape-targets"),
    path(
        "api/v1/scrape_targets/<int:pk>",
        api.ScrapeTargetDetail.as_view(),
        name="api-scrape-target",
    ),
]
