"""Django's admin for the role admin: our login instead of its own, and no inline scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.accounts.access import is_staff_member

# Its pages load scripts by address and carry no nonce; nothing inline may run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class StaffAdminSite(AdminSite):
    site_header = "Portal administration"
    site_title = "Portal administration"
    index_title = "What staff and programs may do"
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return is_staff_member(request.user) and request.user.is_staff

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase = inner(request, *args, **kwargs)
            response.headers["Content-Security-Policy"] = POLICY
            return response

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send to the portal's login, which is throttled and audited, and back."""
        index = reverse("admin:index")
        asked = request.GET.get(REDIRECT_FIELD_NAME, "")
        target = asked if url_has_allowed_host_and_scheme(asked, allowed_hosts=None) else index
        if self.has_permission(request):
            return redirect(target)
        if is_staff_member(request.user):
            raise PermissionDenied("Only the role admin may open the administration.")
        return redirect_to_login(target, reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")
