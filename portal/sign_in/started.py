"""What is noted in a session when it starts, and how long it then lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from portal.lib.requests import current_origin
from portal.sign_in.models import Policy
from portal.sign_in.sessions import SIGN_IN, about, read_time

TOUCH_EVERY_S = 60
MARK = "sso_login"


@dataclass(frozen=True)
class ProviderLogin:
    """At which provider somebody signed in, and what it calls its own session."""

    provider: str
    provider_session: str = ""


def came_by(request: HttpRequest, login: ProviderLogin) -> None:
    """Remember until the end of the request that this login came through a provider."""
    setattr(request, MARK, login)


def provider_login(request: HttpRequest) -> ProviderLogin | None:
    found: ProviderLogin | None = getattr(request, MARK, None)
    return found


def note_start(request: HttpRequest, now: datetime) -> None:
    """Write into a session that somebody just signed in, from where and how."""
    login = provider_login(request) or ProviderLogin("")
    request.session[SIGN_IN] = {
        "id": str(uuid4()),
        "provider": login.provider,
        "provider_session": login.provider_session,
        "address": current_origin.get().address,
        "browser": request.headers.get("User-Agent", "")[:200],
        "started_at": now.isoformat(),
        "seen_at": now.isoformat(),
    }
    limit(request.session, policy(), now)


def policy() -> Policy:
    """Return the rules in force; those of a new portal until somebody sets others."""
    return Policy.objects.select_related("break_glass").first() or Policy()


def is_due(session: SessionBase, now: datetime) -> bool:
    """Tell whether it is time to note that somebody is still there, and to look at the rules."""
    seen = read_time(about(session).get("seen_at"))
    return seen is None or (now - seen).total_seconds() >= TOUCH_EVERY_S


def has_ended(session: SessionBase, rules: Policy, now: datetime) -> bool:
    """Tell whether a session is too old, or was left alone for too long, by the rules of now."""
    known = about(session)
    started, seen = read_time(known.get("started_at")), read_time(known.get("seen_at"))
    is_old = started is not None and now - started >= rules.longest
    return is_old or (seen is not None and now - seen >= rules.idle)


def touch(session: SessionBase, rules: Policy, now: datetime) -> None:
    known: dict[str, Any] = about(session)
    started = {"id": str(uuid4()), "started_at": now.isoformat()}
    session[SIGN_IN] = {**started, **known, "seen_at": now.isoformat()}
    limit(session, rules, now)


def limit(session: SessionBase, rules: Policy, now: datetime) -> None:
    """Let the session end by itself at whichever limit comes first; sockets see that as well."""
    started = read_time(about(session)["started_at"]) or now
    left = min(rules.idle, started + rules.longest - now)
    session.set_expiry(max(int(left.total_seconds()), 1))
