"""Every URL of the portal; each app names its own pages and API paths in full."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from portal import design
from portal.api_docs import SchemaView, api_docs
from portal.health import alive, ready

urlpatterns = [
    path("", include("dashboards.urls")),
    path("", include("analytics.privacy.urls")),  # before insights, whose people take any text
    path("", include("analytics.insights.urls")),
    path("", include("analytics.promql.urls")),
    path("", include("analytics.collect.urls")),
    path("", include("analytics.ingest.urls")),
    path("", include("portal.accounts.urls")),
    path("", include("portal.sign_in.urls")),
    path("", include("portal.auditor.urls")),
    path("admin/", admin.site.urls),
    path("design/", design.page, name="design"),
    path("healthz", alive, name="healthz"),
    path("readyz", ready, name="readyz"),
    path("api/schema/", SchemaView.as_view(), name="api-schema"),
    path("api/docs/", api_docs, name="api-docs"),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler429 = "portal.errors.too_many"
handler500 = "portal.errors.broken"
