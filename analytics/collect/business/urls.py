from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.collect.business import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("metrics/business/", views.metrics, name="business-metrics"),
    path("metrics/business/new/", views.new, name="business-metric-new"),
    path("metrics/business/<int:pk>/", views.metric, name="business-metric"),
    path("metrics/business/<int:pk>/edit/", views.edit, name="business-metric-edit"),
    path("metrics/business/<int:pk>/switch/", views.switch, name="business-metric-switch"),
    path("metrics/business/<int:pk>/delete/", views.delete, name="business-metric-delete"),
    path(
        "api/v1/metrics/business",
        api.BusinessMetricList.as_view(),
        name="api-business-metrics",
    ),
    path(
        "api/v1/metrics/business/preview",
        api.BusinessMetricPreview.as_view(),
        name="api-business-metric-preview",
    ),
    path(
        "api/v1/metrics/business/<int:pk>",
        api.BusinessMetricDetail.as_view(),
        name="api-business-metric",
    ),
]
