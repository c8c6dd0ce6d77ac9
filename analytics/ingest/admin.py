"""Sources, their keys and the quarantine in Django's admin. New sources and keys come from `manage.py create_source`, because a
key is shown only once and admin pages have no place for that.
"""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from analytics.ingest.actions import replay, revoke_key
from analytics.ingest.models import IngestKey, Quarantined, Source
from analytics.ingest.spool import SpoolFull
from portal.accounts.models import User
from portal.audit.admin import AuditedAdmin
from portal.lib import clock

HOW_TO_SEND = (
    "Send with one of the source's ingest keys: events to /api/v1/events; metrics by Prometheus's"
    " remote write to /prometheus/api/v1/write, from OpenTelemetry to /v1/metrics, from jobs that"
    " end to /metrics/job/&lt;job&gt;. docs/metrics.md has the lines to copy."
)


@admin.register(Source)
class SourceAdmin(AuditedAdmin):
    list_display = (
        "name", "service", "environment", "events_per_minute", "samples_per_minute", "is_sample"
    )  # fmt: skip
    search_fields = ("name", "service")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name", "service", "environment", "events_per_minute", "samples_per_minute"
                ),
                "description": HOW_TO_SEND,
            },
        ),
    )  # fmt: skip

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


@admin.register(Quarantined)
class QuarantinedAdmin(AuditedAdmin):
    """Read what was not taken and why, correct the event, and send it once more."""

    personal_fields = ("event",)
    list_display = ("received_at", "source", "field", "message", "replayed_at")
    list_select_related = ("source",)
    list_filter = ("source", "field")
    search_fields = ("message", "event")
    fields = ("source", "received_at", "field", "message", "event", "replayed_at")
    readonly_fields = ("source", "received_at", "field", "message", "replayed_at")
    actions = ("replay",)

    @admin.action(description="Send selected events once more", permissions=["change"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Quarantined]) -> None:
        try:
            taken = replay(cast("User", request.user), queryset, now=clock.now())
        except SpoolFull as error:
            self.message_user(request, f"None was taken. {error}", messages.ERROR)
            return
        self.message_user(request, f"{taken} taken, {len(queryset) - taken} refused once more.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Quarantined | None = None) -> bool:
        return False
