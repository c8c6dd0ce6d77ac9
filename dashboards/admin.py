"""Dashboards in Django's admin, for repair: their documents as text, saved through the same actions."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from dashboards import actions
from dashboards.actions import origins
from dashboards.as_code.shaping import unpacked
from dashboards.as_code.text import data_of, written
from dashboards.askable import check_changed
from dashboards.models import Dashboard, DashboardVersion, Draft, LibraryWidget, Origin, Widget
from dashboards.shapes import document_of
from portal.accounts.actions import set_public
from portal.accounts.models import User
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale

NOTE = "Repaired in the administration"


class DashboardForm(forms.ModelForm):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    document = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 40, "cols": 120, "spellcheck": "false"}),
        help_text="The whole dashboard as YAML or JSON; saving it makes a version.",
    )
    read_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Dashboard
        fields = ("is_public",)

    actor: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["document"] = written(document_of(self.instance), self.instance.uid)
            self.initial["read_version"] = self.instance.version

    def clean_document(self) -> dict[str, Any]:
        try:
            document, uid = unpacked(data_of(self.cleaned_data["document"]))
            check_uid(uid, self.instance)
            check_changed(self.actor, document_of(self.instance), document, clock.now())
        except FieldError as problem:
            raise forms.ValidationError(f"{problem.field}: {problem.message}") from problem
        return document

    def clean_read_version(self) -> int:
        version = int(self.cleaned_data["read_version"])
        if version != Dashboard.objects.get(pk=self.instance.pk).version:
            raise forms.ValidationError("Somebody saved this meanwhile: open it anew.")
        return version


def check_uid(uid: str, dashboard: Dashboard) -> None:
    if uid not in ("", dashboard.uid):
        raise FieldError("uid", f"This must stay {dashboard.uid}.")


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    """Rows to look at, for whom the site lets in; what repairs them stands elsewhere."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Dashboard)
class DashboardAdmin(ReadOnly):
    form = DashboardForm
    fields = ("is_public", "document", "read_version")
    list_display = (
        "name",
        "uid",
        "created_by",
        "folder",
        "is_public",
        "is_provisioned",
        "version",
        "updated_at",
    )
    list_filter = ("is_public", "is_provisioned")
    list_select_related = ("created_by", "folder")
    search_fields = ("name", "uid", "description")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True  # the site lets only admins in

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        found = super().get_form(request, obj, change, **kwargs)
        return type("DashboardForm", (found,), {"actor": cast("User", request.user)})

    def save_model(self, request: HttpRequest, obj: Dashboard, form: Any, change: bool) -> None:
        actor, given = cast("User", request.user), form.cleaned_data
        try:
            with transaction.atomic():
                stored = Dashboard.objects.get(pk=obj.pk)
                if stored.is_public != given["is_public"]:
                    set_public(actor, stored, is_public=given["is_public"])
                actions.save(
                    actor, stored, given["document"], given["read_version"], clock.now(), NOTE
                )
        except (FieldError, Stale) as problem:
            self.message_user(request, f"Not saved: {problem}", messages.ERROR)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what goes along; that rows of a dashboard cannot go by themselves does not keep it."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Dashboard) -> None:
        actions.remove(cast("User", request.user), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Dashboard]) -> None:
        for row in queryset:
            actions.remove(cast("User", request.user), row)


@admin.register(Widget)
class WidgetAdmin(ReadOnly):
    """A widget is changed with its dashboard's document."""

    list_display = ("title", "key", "kind", "source", "dashboard")
    list_filter = ("kind", "source")
    list_select_related = ("dashboard",)
    search_fields = ("title", "key", "query", "dashboard__name", "dashboard__uid")


@admin.register(DashboardVersion)
class DashboardVersionAdmin(ReadOnly):
    list_display = ("dashboard", "number", "created_by", "created_at", "note")
    list_select_related = ("dashboard", "created_by")
    search_fields = ("dashboard__name", "dashboard__uid", "note")
    actions = ("restore",)

    @admin.action(description="Restore the selected version", permissions=["view"])
    def restore(self, request: HttpRequest, queryset: QuerySet[DashboardVersion]) -> None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return
        row = queryset.get()
        actions.restore(cast("User", request.user), row.dashboard, row.number, None, clock.now())
        self.message_user(request, f"{row.dashboard} is as version {row.number} was.")


@admin.register(Draft)
class DraftAdmin(ReadOnly):
    list_display = ("dashboard", "user", "base_version", "updated_at")
    list_select_related = ("dashboard", "user")
    exclude = ("document",)  # what somebody has not saved yet is theirs


@admin.register(Origin)
class OriginAdmin(ReadOnly):
    list_display = ("uid", "kind", "path", "version", "synced_at", "dashboard")
    list_filter = ("kind",)
    list_select_related = ("dashboard",)
    search_fields = ("uid", "path")
    actions = ("forget",)

    @admin.action(description="Forget where the selected ones are kept", permissions=["view"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Origin]) -> None:
        for row in queryset:
            origins.forget_origin(cast("User", request.user), row)
        self.message_user(request, "The dashboards stay here as they are.")


@admin.register(LibraryWidget)
class LibraryWidgetAdmin(ReadOnly):
    list_display = ("name", "uid", "version", "created_by", "updated_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "uid", "description")
