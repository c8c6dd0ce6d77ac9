"""Everything that changes how staff come in, and who is in."""

from __future__ import annotations

from portal.sign_in.actions.factors import noted_factors, reset_second_factor
from portal.sign_in.actions.logins import REFUSED, NotAdmitted, admit, refuse
from portal.sign_in.actions.providers import (
    ProviderDraft,
    add_provider,
    change_provider,
    remove_provider,
)
from portal.sign_in.actions.rules import change_policy
from portal.sign_in.actions.sessions import (
    end_others,
    end_provider_sessions,
    end_session,
    end_sessions,
    forget_expired_sessions,
)

__all__ = [
    "REFUSED",
    "NotAdmitted",
    "ProviderDraft",
    "add_provider",
    "admit",
    "change_policy",
    "change_provider",
    "end_others",
    "end_provider_sessions",
    "end_session",
    "end_sessions",
    "forget_expired_sessions",
    "noted_factors",
    "refuse",
    "remove_provider",
    "reset_second_factor",
]
