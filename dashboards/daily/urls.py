from __future__ import annotations

from django.urls import path

from dashboards.daily import api, playing, views

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("dashboards/", views.dashboard_list, name="dashboards"),
    path("dashboards/<slug:uid>/star/", views.star, name="star"),
    path("dashboards/<slug:uid>/home/", views.choose_home, name="choose-home"),
    path("settings/homes/", views.homes, name="homes"),
    path("playlists/", playing.playlists, name="playlists"),
    path("playlists/new/", playing.new_playlist, name="playlist-new"),
    path("playlists/<int:pk>/", playing.playlist, name="playlist"),
    path("playlists/<int:pk>/play/", playing.play, name="play"),
    path("playlists/<int:pk>/delete/", playing.delete_playlist, name="playlist-delete"),
    path("api/v1/playlists", api.PlaylistList.as_view(), name="api-playlists"),
    path("api/v1/playlists/<int:pk>", api.PlaylistDetail.as_view(), name="api-playlist"),
    path(
        "api/v1/dashboards/<slug:uid>/favorite", api.FavoriteDetail.as_view(), name="api-favorite"
    ),
    path("api/v1/home", api.HomeDetail.as_view(), name="api-home"),
]
