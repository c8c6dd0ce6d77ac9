from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics.insights.api import cohorts, people, saved
from analytics.insights.api import insights as api
from analytics.insights.views import (
    activity,
    behind,
    cohort_builder,
    events,
    funnels,
    keeping,
    paths,
    retention,
    samples,
    schema,
    sql,
    trends,
)
from analytics.insights.views import cohorts as cohort_pages
from analytics.insights.views import saved as saved_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("explore/trends/", trends.trends, name="trends"),
    path("explore/trends/csv/", trends.trends_file, {"kind": "csv"}, name="trends-csv"),
    path("explore/trends/xlsx/", trends.trends_file, {"kind": "xlsx"}, name="trends-xlsx"),
    path("explore/events/", events.events, name="events"),
    path("explore/funnels/", funnels.funnels, name="funnels"),
    path("explore/funnels/csv/", funnels.funnels_file, {"kind": "csv"}, name="funnels-csv"),
    path("explore/funnels/xlsx/", funnels.funnels_file, {"kind": "xlsx"}, name="funnels-xlsx"),
    path("explore/paths/", paths.paths, name="paths"),
    path("explore/paths/csv/", paths.paths_file, {"kind": "csv"}, name="paths-csv"),
    path("explore/paths/xlsx/", paths.paths_file, {"kind": "xlsx"}, name="paths-xlsx"),
    path("explore/retention/", retention.retention, name="retention"),
    path("explore/retention/csv/", retention.retention_file, {"kind": "csv"}, name="retention-csv"),
    path(
        "explore/retention/xlsx/", retention.retention_file, {"kind": "xlsx"}, name="retention-xlsx"
    ),
    path("explore/lifecycle/", activity.activity, {"kind": "lifecycle"}, name="lifecycle"),
    path(
        "explore/lifecycle/csv/",
        activity.activity_file,
        {"kind": "lifecycle", "file": "csv"},
        name="lifecycle-csv",
    ),
    path(
        "explore/lifecycle/xlsx/",
        activity.activity_file,
        {"kind": "lifecycle", "file": "xlsx"},
        name="lifecycle-xlsx",
    ),
    path("explore/stickiness/", activity.activity, {"kind": "stickiness"}, name="stickiness"),
    path(
        "explore/stickiness/csv/",
        activity.activity_file,
        {"kind": "stickiness", "file": "csv"},
        name="stickiness-csv",
    ),
    path(
        "explore/stickiness/xlsx/",
        activity.activity_file,
        {"kind": "stickiness", "file": "xlsx"},
        name="stickiness-xlsx",
    ),
    path("explore/people-behind/<str:kind>/", behind.behind, name="people-behind"),
    path("explore/cohorts/", cohort_pages.cohorts, name="cohorts"),
    path("explore/cohorts/new/", cohort_builder.cohort_new, name="cohort-new"),
    path("explore/cohorts/preview/", cohort_builder.cohort_preview, name="cohort-preview"),
    path("explore/cohorts/<int:cohort_id>/", cohort_pages.cohort, name="cohort"),
    path("explore/cohorts/<int:cohort_id>/edit/", cohort_builder.cohort_edit, name="cohort-edit"),
    path(
        "explore/cohorts/<int:cohort_id>/delete/", cohort_pages.cohort_delete, name="cohort-delete"
    ),
    path("explore/values/", samples.values, name="values"),
    path("explore/sql/", sql.sql, name="sql"),
    path("explore/sql/csv/", sql.sql_file, {"kind": "csv"}, name="sql-csv"),
    path("explore/sql/xlsx/", sql.sql_file, {"kind": "xlsx"}, name="sql-xlsx"),
    path("explore/saved/", saved_pages.library, name="saved"),
    path("explore/saved/new/", keeping.save, name="saved-new"),
    path("explore/saved/folders/", saved_pages.make_folder, name="saved-folders"),
    path("explore/saved/folders/<int:pk>/", saved_pages.change_folder, name="saved-folder"),
    path(
        "explore/saved/folders/<int:pk>/delete/",
        saved_pages.delete_folder,
        name="saved-folder-delete",
    ),
    path("explore/saved/<int:pk>/", saved_pages.about, name="saved-about"),
    path("explore/saved/<int:pk>/open/", saved_pages.open_saved, name="saved-open"),
    path("explore/saved/<int:pk>/update/", keeping.update, name="saved-update"),
    path("explore/saved/<int:pk>/delete/", saved_pages.delete_saved, name="saved-delete"),
    path("explore/schema/", schema.schema, name="schema"),
    path("api/v1/insights/trend", api.TrendView.as_view(), name="api-trend"),
    path("api/v1/insights/why", api.WhyView.as_view(), name="api-why"),
    path("api/v1/insights/sql", api.SqlView.as_view(), name="api-sql"),
    path("api/v1/insights/funnel", api.FunnelView.as_view(), name="api-funnel"),
    path("api/v1/insights/funnel/correlates", api.CorrelatesView.as_view(), name="api-correlates"),
    path("api/v1/insights/retention", api.RetentionView.as_view(), name="api-retention"),
    path("api/v1/insights/lifecycle", api.LifecycleView.as_view(), name="api-lifecycle"),
    path("api/v1/insights/stickiness", api.StickinessView.as_view(), name="api-stickiness"),
    path("api/v1/insights/paths", api.PathsView.as_view(), name="api-paths"),
    path("api/v1/insights/sessions", api.SessionsView.as_view(), name="api-sessions"),
    path("api/v1/insights/<str:kind>/people", api.PeopleView.as_view(), name="api-people-behind"),
    path("api/v1/insights", saved.InsightList.as_view(), name="api-insights"),
    path("api/v1/insights/<int:pk>", saved.InsightDetail.as_view(), name="api-insight"),
    path("api/v1/insights/<int:pk>/result", saved.InsightResult.as_view(), name="api-result"),
    path("api/v1/folders", saved.FolderList.as_view(), name="api-folders"),
    path("api/v1/folders/<int:pk>", saved.FolderDetail.as_view(), name="api-folder"),
    path("api/v1/cohorts", cohorts.CohortList.as_view(), name="api-cohorts"),
    path("api/v1/cohorts/size", cohorts.CohortSizeView.as_view(), name="api-cohort-size"),
    path("api/v1/cohorts/<int:cohort_id>", cohorts.CohortDetail.as_view(), name="api-cohort"),
    path(
        "api/v1/cohorts/<int:cohort_id>/members",
        cohorts.CohortMembers.as_view(),
        name="api-cohort-members",
    ),
    path(
        "api/v1/cohorts/<int:cohort_id>/sizes",
        cohorts.CohortSizes.as_view(),
        name="api-cohort-sizes",
    ),
    path("api/v1/people", people.PeopleList.as_view(), name="api-people"),
    path("api/v1/people/merge", people.MergePersons.as_view(), name="api-people-merge"),
    path("api/v1/people/split", people.SplitPerson.as_view(), name="api-people-split"),
    path("api/v1/people/changes", people.ChangeList.as_view(), name="api-people-changes"),
    path(
        "api/v1/people/changes/<int:change_id>",
        people.ChangeDetail.as_view(),
        name="api-people-change",
    ),
    path(
        "api/v1/people/changes/<int:change_id>/undo",
        people.UndoChange.as_view(),
        name="api-people-undo",
    ),
    # Last: an id may hold slashes.
    path("api/v1/people/<path:person_id>", people.Person.as_view(), name="api-person"),
    # A POST to this path is intake and never comes here: analytics.ingest.intake.
    path("api/v1/events", api.EventList.as_view(), name="api-events"),
    path("api/v1/schema", api.SchemaView.as_view(), name="api-schema-of-events"),
]
