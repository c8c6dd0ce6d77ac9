"""Staff, roles and tokens in Django's admin; every change goes through the actions."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.actions import (
    check_an_admin_remains,
    create_staff,
    rename,
    revoke_token,
    set_active,
    set_roles,
)
from portal.accounts.models import ApiToken, User
from portal.accounts.roles import ROLES
from portal.lib import clock
from portal.lib.api import FieldError

admin.site.unregister([Group, EmailAddress])  # accounts have one address


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    roles = forms.MultipleChoiceField(
        choices=[(role, role) for role in ROLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = User
        fields = ("email", "name", "is_active")
        help_texts = {
            "email": "They set their password through “Forgot your password?”.",
            "is_active": "Untick instead of deleting: sessions and tokens end at once.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["roles"] = self.instance.roles()

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()  # as it is stored, so that "taken" is found

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        keeps_admin = found.get("is_active") and "admin" in found.get("roles", [])
        if self.instance.pk and not keeps_admin:
            try:
                check_an_admin_remains(self.instance)
            except FieldError as error:
                raise forms.ValidationError(error.message) from error
        return found


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    form = StaffForm
    list_display = ("email", "name", "held_roles", "is_active", "last_login")
    list_filter = ("is_active", "groups", "is_sample")
    search_fields = ("email", "name")
    ordering = ("email",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles")
    def held_roles(self, user: User) -> str:
        return ", ".join(user.roles()) or "none"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("email",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        actor = cast("User", request.user)
        wanted = form.cleaned_data
        if not change:
            made = create_staff(
                actor, email=obj.email, roles=wanted["roles"], password=None, name=obj.name
            )
            obj.pk = made.pk
        stored = User.objects.get(pk=obj.pk)
        rename(actor, stored, name=wanted["name"])
        set_roles(actor, stored, wanted["roles"])
        set_active(actor, stored, active=wanted["is_active"])


@admin.register(Group)
class RoleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    """What the roles may do stands in the code (portal/accounts/roles.py); here one can read it."""

    list_display = ("name",)
    fields = ("name", "permissions")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    list_display = ("name", "prefix", "user", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__email")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke selected tokens", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_token(cast("User", request.user), token, now=clock.now())
        self.message_user(request, "They can no longer use the API.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False
