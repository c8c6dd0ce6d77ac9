"""Sources and their keys in Django's admin. New ones come from `manage.py create_source`, because a
key is shown only once and admin pages have no place for that.
"""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from analytics.ingest.actions import revoke_key
from analytics.ingest.models import IngestKey, Source
from portal.accounts.models import User
from portal.audit.admin import AuditedAdmin
from portal.lib import clock


@admin.register(Source)
class SourceAdmin(AuditedAdmin):
    list_display = ("name", "service", "environment", "events_per_minute", "is_sample")
    search_fields = ("name", "service")
    fields = ("name", "service", "environment", "events_per_minute")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False


@admin.register(IngestKey)
class IngestKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    list_display = ("prefix", "source", "created_at", "revoked_at")
    list_select_related = ("source",)
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke selected keys", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[IngestKey]) -> None:
        for key in queryset:
            revoke_key(cast("User", request.user), key, now=clock.now())
        self.message_user(request, "They let no more events in.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IngestKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: IngestKey | None = None) -> bool:
        return False
