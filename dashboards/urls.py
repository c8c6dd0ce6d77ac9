from __future__ import annotations

from django.urls import path

from dashboards import api, views

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("dashboards/", views.dashboard_list, name="dashboards"),
    path("dashboards/<slug:uid>/", views.dashboard, name="dashboard"),
    path("dashboards/<slug:uid>/widgets/<slug:key>.csv", views.widget_csv, name="widget-csv"),
    path("api/v1/dashboards", api.DashboardList.as_view(), name="api-dashboards"),
    path("api/v1/dashboards/<slug:uid>", api.DashboardDetail.as_view(), name="api-dashboard"),
    path(
        "api/v1/dashboards/<slug:uid>/data", api.DashboardData.as_view(), name="api-dashboard-data"
    ),
]
