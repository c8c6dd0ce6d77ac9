from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin

from portal.lib.registry import discover


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        discover("portal.accounts.personal")


class StaffAdminConfig(admin.AdminConfig):
    """Django's admin, behind our own login and content security policy."""

    default = False  # this module's app is accounts
    default_site = "portal.accounts.site.StaffAdminSite"
