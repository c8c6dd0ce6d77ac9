"""Who may have a session in a browser."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class StaffBackend(AuthenticationBackend):
    """Let active people in, never programs: a service account has tokens only, and a session of
    one, however it came to be, is nobody's.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not user.is_service
