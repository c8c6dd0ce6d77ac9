from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.promql.api import browsing, queries, servers, status, tsdb
from analytics.promql.views import cardinality, explore
from analytics.promql.views import servers as pages

# Prometheus's own addresses, so that what speaks to a Prometheus server speaks to the portal.
PROMETHEUS = "prometheus/api/v1/"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{PROMETHEUS}query", queries.QueryView.as_view(), name="prometheus-query"),
    path(f"{PROMETHEUS}query_range", queries.QueryRangeView.as_view()),
    path(f"{PROMETHEUS}query_exemplars", queries.ExemplarsView.as_view()),
    path(f"{PROMETHEUS}format_query", queries.FormatQueryView.as_view()),
    path(f"{PROMETHEUS}series", browsing.SeriesView.as_view()),
    path(f"{PROMETHEUS}labels", browsing.LabelsView.as_view()),
    path(f"{PROMETHEUS}label/<str:name>/values", browsing.LabelValuesView.as_view()),
    path(f"{PROMETHEUS}metadata", browsing.MetadataView.as_view()),
    path(f"{PROMETHEUS}rules", status.RulesView.as_view()),
    path(f"{PROMETHEUS}alerts", status.AlertsView.as_view()),
    path(f"{PROMETHEUS}status/buildinfo", status.BuildInfoView.as_view()),
    path(f"{PROMETHEUS}status/config", status.ConfigView.as_view()),
    path(f"{PROMETHEUS}status/flags", status.FlagsView.as_view()),
    path(f"{PROMETHEUS}status/tsdb", tsdb.TsdbView.as_view()),
    path("api/v1/prometheus_servers", servers.ServerList.as_view()),
    path("api/v1/prometheus_servers/<int:pk>", servers.ServerDetail.as_view()),
    path("api/v1/prometheus_servers/<int:pk>/test", servers.ServerTest.as_view()),
    path("metrics/explore/", explore.page, name="explore-metrics"),
    path("metrics/explore/browse/", explore.browse, name="explore-metrics-browse"),
    path("metrics/explore/complete/", explore.complete, name="explore-metrics-complete"),
    path("metrics/explore/check/", explore.check, name="explore-metrics-check"),
    path("metrics/explore/csv/", explore.file, name="explore-metrics-csv"),
    path("metrics/cardinality/", cardinality.page, name="cardinality"),
    path("metrics/cardinality/limit/", cardinality.change_limit, name="cardinality-limit"),
    path("settings/prometheus-servers/", pages.servers, name="prometheus-servers"),
    path("settings/prometheus-servers/new/", pages.add, name="prometheus-server-add"),
    path(
        "settings/prometheus-servers/<int:server_id>/", pages.change, name="prometheus-server"
    ),
    path(
        "settings/prometheus-servers/<int:server_id>/test/",
        pages.test,
        name="prometheus-server-test",
    ),
    path(
        "settings/prometheus-servers/<int:server_id>/remove/",
        pages.remove,
        name="prometheus-server-remove",
    ),
]  # fmt: skip
