from __future__ import annotations

from django.urls import path

from dashboards.open import api, pages, views

urlpatterns = [
    # For strangers; the token is the right.
    path("p/<slug:token>/", pages.opened_link, name="open-link"),
    path("p/<slug:token>/widgets/<slug:key>.csv", pages.opened_csv, name="open-csv"),
    path("dashboards/<slug:uid>/links/", views.links, name="public-links"),
    path("dashboards/<slug:uid>/snapshots/", views.snapshots, name="snapshots"),
    path("playlists/<int:pk>/links/", views.playlist_links, name="playlist-links"),
    path("public-links/<int:pk>/revoke/", views.revoke, name="public-link-revoke"),
    path("snapshots/<int:pk>/", views.snapshot, name="snapshot"),
    path("snapshots/<int:pk>/delete/", views.delete_snapshot, name="snapshot-delete"),
    path("api/v1/dashboards/<slug:uid>/links", api.LinkList.as_view(), name="api-dashboard-links"),
    path(
        "api/v1/dashboards/<slug:uid>/snapshots", api.SnapshotList.as_view(), name="api-snapshots"
    ),
    path(
        "api/v1/playlists/<int:pk>/links", api.PlaylistLinkList.as_view(), name="api-playlist-links"
    ),
    path("api/v1/links/<int:pk>", api.LinkDetail.as_view(), name="api-link"),
    path("api/v1/snapshots/<int:pk>", api.SnapshotDetail.as_view(), name="api-snapshot"),
]
