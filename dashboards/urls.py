from __future__ import annotations

from django.urls import path

from dashboards import api
from dashboards.views import adding, pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("search", pages.search, name="search"),
    path("dashboards/", pages.dashboard_list, name="dashboards"),
    path("dashboards/add/", adding.add, name="widget-new"),
    path("dashboards/<slug:uid>/", pages.dashboard, name="dashboard"),
    path("dashboards/<slug:uid>/widgets/<slug:key>.csv", pages.widget_csv, name="widget-csv"),
    path(
        "dashboards/<slug:uid>/widgets/<slug:key>/explore/",
        pages.widget_explore,
        name="widget-explore",
    ),
    path("api/v1/dashboards", api.DashboardList.as_view(), name="api-dashboards"),
    path("api/v1/dashboards/<slug:uid>", api.DashboardDetail.as_view(), name="api-dashboard"),
    path("api/v1/dashboards/<slug:uid>/widgets", api.WidgetList.as_view(), name="api-widgets"),
    path(
        "api/v1/dashboards/<slug:uid>/data", api.DashboardData.as_view(), name="api-dashboard-data"
    ),
]
