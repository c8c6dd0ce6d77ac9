"""Pages of signing in and of one's own sign-in. Of allauth only what is used: no sign-up, no
e-mail management, no joining of accounts by their owner.
"""

from __future__ import annotations

from allauth.account import views as allauth
from allauth.socialaccount.providers.openid_connect.views import callback
from allauth.socialaccount.providers.saml import views as saml
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_http_methods, require_safe

from portal.sign_in.scim import views as scim
from portal.sign_in.views import entrance, providers, sessions
from portal.sign_in.views import second_factor as factor
from portal.sign_in.views.back_channel import back_channel


class Base36Converter(StringConverter):
    """A user's number as allauth writes it in its links; no hyphen, which ends it there."""

    regex = "[0-9A-Za-z]+"


register_converter(Base36Converter, "base36")
form_page = require_http_methods(["GET", "HEAD", "POST"])

second_factor_patterns = [
    path("accounts/second-factor/", factor.index, name="mfa_index"),
    path("accounts/second-factor/sign-in/", factor.authenticate, name="mfa_authenticate"),
    path("accounts/confirm/", factor.reauthenticate_by_password, name="account_reauthenticate"),
    path("accounts/confirm/code/", factor.reauthenticate, name="mfa_reauthenticate"),
    path(
        "accounts/confirm/key/",
        factor.reauthenticate_by_key,
        name="mfa_reauthenticate_webauthn",
    ),
    path("accounts/second-factor/app/", factor.activate_totp, name="mfa_activate_totp"),
    path("accounts/second-factor/app/off/", factor.deactivate_totp, name="mfa_deactivate_totp"),
    path("accounts/second-factor/codes/", factor.view_codes, name="mfa_view_recovery_codes"),
    path(
        "accounts/second-factor/codes/new/",
        factor.generate_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/second-factor/keys/", factor.list_keys, name="mfa_list_webauthn"),
    path("accounts/second-factor/keys/add/", factor.add_key, name="mfa_add_webauthn"),
    path(
        "accounts/second-factor/keys/<int:pk>/remove/",
        factor.remove_key,
        name="mfa_remove_webauthn",
    ),
]

saml_patterns = [
    path(
        "accounts/saml/<slug:organization_slug>/acs/",
        entrance.saml_posted,
        name="saml_acs",
    ),
    path(
        "accounts/saml/<slug:organization_slug>/acs/finish/",
        require_safe(entrance.saml_finished),
        name="saml_finish_acs",
    ),
    path("accounts/saml/<slug:organization_slug>/sls/", entrance.saml_logout, name="saml_sls"),
    path(
        "accounts/saml/<slug:organization_slug>/metadata/",
        require_safe(saml.metadata),
        name="saml_metadata",
    ),
]

scim_patterns = [
    path("scim/v2/ServiceProviderConfig", scim.config, name="scim-config"),
    path("scim/v2/Users", scim.user_list, name="scim-users"),
    path("scim/v2/Users/<int:pk>", scim.user_detail, name="scim-user"),
    path("scim/v2/Groups", scim.group_list, name="scim-groups"),
    path("scim/v2/Groups/<int:pk>", scim.group_detail, name="scim-group"),
]

urlpatterns = [
    path("accounts/login/", entrance.login, name="account_login"),
    path("accounts/login/cancelled/", entrance.cancelled, name="socialaccount_login_cancelled"),
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
    path("accounts/sso/<slug:slug>/", entrance.begin, name="sso"),
    path(
        "accounts/sso/<slug:provider_id>/callback/",
        require_safe(callback),
        name="openid_connect_callback",
    ),
    path("accounts/sso/<slug:slug>/back-channel/", back_channel, name="sso-back-channel"),
    *saml_patterns,
    *scim_patterns,
    *second_factor_patterns,
    path("settings/sessions/", sessions.own, name="own-sessions"),
    path("settings/sessions/end-others/", sessions.end_all_others, name="sessions-end-others"),
    path("settings/sessions/<uuid:public_id>/end/", sessions.end, name="session-end"),
    path("settings/sign-in/", providers.overview, name="sign-in"),
    path("settings/sign-in/sessions/", sessions.everybody, name="sessions-everybody"),
    path(
        "settings/sign-in/people/<int:user_id>/sign-out/",
        sessions.end_all_of,
        name="sessions-end-of",
    ),
    path(
        "settings/sign-in/people/<int:user_id>/reset-second-factor/",
        sessions.reset_factor_of,
        name="second-factor-reset",
    ),
    path("settings/sign-in/add/oidc/", providers.add, {"protocol": "oidc"}, name="oidc-add"),
    path("settings/sign-in/add/saml/", providers.add, {"protocol": "saml"}, name="saml-add"),
    path("settings/sign-in/<int:provider_id>/", providers.change, name="identity-provider"),
    path("settings/sign-in/scim/<slug:slug>/", providers.scim, name="scim-access"),
    path(
        "settings/sign-in/<int:provider_id>/remove/",
        providers.remove,
        name="identity-provider-remove",
    ),
]
