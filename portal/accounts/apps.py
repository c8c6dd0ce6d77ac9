from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"


class StaffAdminConfig(admin.AdminConfig):
    """Django's admin, behind our own login and content security policy."""

    default = False  # this module's app is accounts
    default_site = "portal.accounts.site.StaffAdminSite"
