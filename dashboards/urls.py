from __future__ import annotations

from django.urls import include, path

from dashboards import api
from dashboards.views import (
    adding,
    editing,
    files,
    library,
    origins,
    pages,
    versions,
    widget_form,
)

urlpatterns = [
    path("", include("dashboards.open.urls")),
    path("", include("dashboards.daily.urls")),
    path("library/", library.library, name="library"),
    path("library/<slug:uid>/", library.library_widget, name="library-widget"),
    path("library/<slug:uid>/remove/", library.remove, name="library-widget-remove"),
    path("dashboards/add/", adding.add, name="widget-new"),
    path("dashboards/import/", files.bring_in, name="dashboard-import"),
    path("dashboards/new/", editing.new, name="dashboard-new"),
    path("dashboards/<slug:uid>/", pages.dashboard, name="dashboard"),
    path("dashboards/<slug:uid>/edit/", editing.edit, name="dashboard-edit"),
    path("dashboards/<slug:uid>/duplicate/", editing.duplicate, name="dashboard-duplicate"),
    path("dashboards/<slug:uid>/delete/", editing.delete, name="dashboard-delete"),
    path("dashboards/<slug:uid>/versions/", versions.version_list, name="dashboard-versions"),
    path(
        "dashboards/<slug:uid>/versions/<int:number>/restore/",
        versions.restore,
        name="dashboard-restore",
    ),
    path("dashboards/<slug:uid>/origin/", origins.origin, name="dashboard-origin"),
    path("dashboards/<slug:uid>/file/", files.as_file, name="dashboard-file"),
    path("dashboards/<slug:uid>/widgets/<slug:key>.csv", pages.widget_csv, name="widget-csv"),
    path(
        "dashboards/<slug:uid>/widgets/<slug:key>/explore/",
        pages.widget_explore,
        name="widget-explore",
    ),
    path("dashboards/<slug:uid>/widget-form/", widget_form.choices, name="widget-form"),
    path(
        "dashboards/<slug:uid>/widget-form/question/", widget_form.question, name="widget-question"
    ),
    path(
        "dashboards/<slug:uid>/widget-form/pictures/", widget_form.pictures, name="widget-pictures"
    ),
    path(
        "dashboards/<slug:uid>/widget-form/builders/<str:kind>/",
        widget_form.builder,
        name="widget-builder",
    ),
    path("api/v1/dashboards", api.DashboardList.as_view(), name="api-dashboards"),
    path("api/v1/dashboards/import", api.DashboardImport.as_view(), name="api-dashboard-import"),
    path("api/v1/dashboards/<slug:uid>", api.DashboardDetail.as_view(), name="api-dashboard"),
    path("api/v1/dashboards/<slug:uid>/widgets", api.WidgetList.as_view(), name="api-widgets"),
    path(
        "api/v1/dashboards/<slug:uid>/data", api.DashboardData.as_view(), name="api-dashboard-data"
    ),
    path("api/v1/dashboards/<slug:uid>/preview", api.WidgetPreview.as_view(), name="api-preview"),
    path(
        "api/v1/dashboards/<slug:uid>/variables", api.VariableList.as_view(), name="api-variables"
    ),
    path(
        "api/v1/dashboards/<slug:uid>/variables/preview",
        api.VariablePreview.as_view(),
        name="api-variables-preview",
    ),
    path(
        "api/v1/dashboards/<slug:uid>/rename-variable",
        api.VariableRename.as_view(),
        name="api-variable-rename",
    ),
    path("api/v1/library-widgets", api.LibraryWidgetList.as_view(), name="api-library"),
    path(
        "api/v1/library-widgets/<slug:uid>",
        api.LibraryWidgetDetail.as_view(),
        name="api-library-widget",
    ),
    path("api/v1/dashboards/<slug:uid>/duplicate", api.DashboardCopy.as_view(), name="api-copy"),
    path("api/v1/dashboards/<slug:uid>/draft", api.DraftDetail.as_view(), name="api-draft"),
    path(
        "api/v1/dashboards/<slug:uid>/export",
        api.DashboardExport.as_view(),
        name="api-dashboard-export",
    ),
    path("api/v1/dashboards/<slug:uid>/versions", api.VersionList.as_view(), name="api-versions"),
    path(
        "api/v1/dashboards/<slug:uid>/versions/<int:number>",
        api.VersionDetail.as_view(),
        name="api-version",
    ),
    path(
        "api/v1/dashboards/<slug:uid>/versions/<int:number>/restore",
        api.VersionRestore.as_view(),
        name="api-version-restore",
    ),
]
