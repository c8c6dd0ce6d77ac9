"""Pages of one's own account. Of allauth only what is used: no sign-up, no e-mail management."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_http_methods

from portal.accounts import views


class Base36Converter(StringConverter):
    """A user's number as allauth writes it in its links; no hyphen, which ends it there."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")
form_page = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("accounts/login/", form_page(allauth.login), name="account_login"),
    path("accounts/logout/", form_page(allauth.logout), name="account_logout"),
    path("accounts/inactive/", form_page(allauth.account_inactive), name="account_inactive"),
    path(
        "accounts/password/change/",
        form_page(allauth.password_change),
        name="account_change_password",
    ),
    path("accounts/password/set/", form_page(allauth.password_set), name="account_set_password"),
    path(
        "accounts/password/reset/", form_page(allauth.password_reset), name="account_reset_password"
    ),
    path(
        "accounts/password/reset/done/",
        form_page(allauth.password_reset_done),
        name="account_reset_password_done",
    ),
    path(
        "accounts/password/reset/key/done/",
        form_page(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path(
        "accounts/password/reset/key/<base36:uidb36>-<path:key>/",
        form_page(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/tokens/", views.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke/", views.revoke_token, name="token-revoke"),
]
