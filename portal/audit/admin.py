"""Django's admin writes the audit trail too, and shows it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest

from portal.audit.models import AuditEntry
from portal.audit.trail import Change, record, reference


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    """A ModelAdmin whose every write leaves an entry, in the same transaction.

    `personal_fields` may name persons whose events are measured: the trail says that they changed.
    """

    personal_fields: tuple[str, ...] = ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        before = {name: form.initial.get(name) for name in form.changed_data} if change else None
        after = _described(form.instance)
        if change:
            after = {name: after.get(name) for name in form.changed_data}
        if before != after:
            self._record(request, form.instance, "update" if change else "create", before, after)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._record(request, obj, "delete", _described(obj), None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        for row in queryset:
            self._record(request, row, "delete", _described(row), None)
        super().delete_queryset(request, queryset)

    def _record(
        self, request: HttpRequest, row: Model, verb: str, before: Any, after: Any
    ) -> None:  # fmt: skip
        actor: Any = request.user  # the site lets only staff in
        change = Change(self._plain(before), self._plain(after))
        record(actor, f"{row._meta.model_name}.{verb}", row, change)

    def _plain(self, values: dict[str, Any] | None) -> dict[str, Any] | None:
        """Write rows of relations as their keys, what JSON lacks as text, persons as references."""
        if values is None:
            return None
        return {
            name: reference(str(value)) if name in self.personal_fields else _plain_value(value)
            for name, value in values.items()
        }


def _described(row: Model) -> dict[str, Any]:
    return model_to_dict(row)


def _plain_value(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, list | tuple | set | QuerySet):
        return [_plain_value(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | dict | None) else str(value)


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    list_display = ("at", "actor_label", "action", "object_type", "object_label", "address")
    list_filter = ("action",)
    search_fields = ("actor_label", "action", "object_label", "object_id", "request_id")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False
