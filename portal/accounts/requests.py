"""A request from behind the login: its user is staff, the type checker knows."""

from __future__ import annotations

from django.http import HttpRequest

from portal.accounts.models import User


class StaffRequest(HttpRequest):
    user: User
