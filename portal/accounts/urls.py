"""Pages of one's own account; how one signs in is portal.sign_in's."""

from __future__ import annotations

from django.urls import path

from portal.accounts.api import folders as folders_api
from portal.accounts.api import grants as grants_api
from portal.accounts.api import teams as teams_api
from portal.accounts.views import own, services, sharing, teams

urlpatterns = [
    path("settings/profile/", own.profile, name="profile"),
    path("settings/tokens/", own.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke/", own.revoke_token, name="token-revoke"),
    path("teams/", teams.teams, name="teams"),
    path("teams/<int:pk>/", teams.team, name="team"),
    path("teams/<int:pk>/members/", teams.add_member, name="team-members"),
    path(
        "teams/<int:pk>/members/<int:user_id>/remove/",
        teams.remove_member,
        name="team-member-remove",
    ),
    path("teams/<int:pk>/delete/", teams.delete_team, name="team-delete"),
    path("service-accounts/", services.services, name="services"),
    path("service-accounts/<int:pk>/", services.service, name="service"),
    path("service-accounts/<int:pk>/change/", services.change_service, name="service-change"),
    path(
        "service-accounts/<int:pk>/tokens/<int:token_id>/revoke/",
        services.revoke_service_token,
        name="service-token-revoke",
    ),
    path("sharing/<slug:kind>/<int:pk>/", sharing.sharing, name="sharing"),
    path("sharing/<slug:kind>/<int:pk>/grants/", sharing.share, name="share"),
    path(
        "sharing/<slug:kind>/<int:pk>/grants/<int:grant_id>/remove/",
        sharing.unshare,
        name="unshare",
    ),
    path("sharing/<slug:kind>/<int:pk>/change/", sharing.change, name="sharing-change"),
    path("api/v1/teams", teams_api.TeamList.as_view(), name="api-teams"),
    path("api/v1/teams/<int:pk>", teams_api.TeamDetail.as_view(), name="api-team"),
    path("api/v1/folders", folders_api.FolderList.as_view(), name="api-folders"),
    path("api/v1/folders/<int:pk>", folders_api.FolderDetail.as_view(), name="api-folder"),
    path("api/v1/grants", grants_api.GrantList.as_view(), name="api-grants"),
    path("api/v1/grants/<int:pk>", grants_api.GrantDetail.as_view(), name="api-grant"),
    path(
        "api/v1/access/<slug:kind>/<int:pk>", grants_api.AccessDetail.as_view(), name="api-access"
    ),
]
