from __future__ import annotations

from allauth.account import views as allauth
from django.urls import include, path

from portal.demo_sso import views

urlpatterns = [
    path("", views.people, name="people"),
    path("people/<int:user_id>/groups/", views.set_groups, name="set-groups"),
    path("accounts/login/", allauth.login, name="account_login"),
    path("accounts/logout/", allauth.logout, name="account_logout"),
    path("accounts/inactive/", allauth.account_inactive, name="account_inactive"),
    path("accounts/forgotten/", allauth.account_inactive, name="account_reset_password"),
    path("", include("allauth.idp.urls")),
]
