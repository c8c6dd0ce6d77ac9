"""Every URL of the portal; each app names its own pages and API paths in full."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from portal import design

urlpatterns = [
    path("", include("dashboards.urls")),
    path("", include("analytics.insights.urls")),
    path("", include("analytics.collect.urls")),
    path("", include("analytics.ingest.urls")),
    path("", include("portal.accounts.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("design/", design.page, name="design"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
]
