"""End sessions: of somebody, or one of one's own."""

from __future__ import annotations

from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.live import publish
from portal.sign_in.models import IdentityProvider, Session


@transaction.atomic
def end_session(actor: User, session: Session) -> None:
    """Sign one browser out, with the next thing that it asks."""
    before = {"browser": session.browser, "address": session.address}
    Session.objects.filter(pk=session.pk).delete()
    trail.record(actor, "user.end_session", session.user, Change(before=before))
    publish.rights_changed()


@transaction.atomic
def end_sessions(actor: User | None, user: User, *, why: str = "") -> int:
    """Sign somebody out everywhere; returns of how many browsers. API tokens stay."""
    ended, _ = Session.objects.filter(user=user).delete()
    after = {"sessions": ended} | ({"why": why} if why else {})
    trail.record(actor, "user.end_sessions", user, Change(after=after))
    publish.rights_changed()
    return int(ended)


@transaction.atomic
def end_others(actor: User, current_key: str) -> int:
    """Sign oneself out everywhere but here; returns of how many browsers."""
    ended, _ = Session.objects.filter(user=actor).exclude(session_key=current_key).delete()
    trail.record(actor, "user.end_sessions", actor, Change(after={"sessions": ended}))
    publish.rights_changed()
    return int(ended)


@transaction.atomic
def end_provider_sessions(provider: IdentityProvider, *, subject: str, session: str) -> int:
    """End what a provider says is over: one of its own sessions, or all that somebody began through
    it; returns how many. One that nobody here knows is no error.
    """
    rows = Session.objects.filter(provider=provider.slug, user__isnull=False)
    if session:
        rows = rows.filter(provider_session=session)
    if subject:
        known = SocialAccount.objects.filter(provider=provider.key, uid=subject)
        rows = rows.filter(user__in=known.values("user"))
    found = list(rows.select_related("user"))
    for row in found:
        before = {"browser": row.browser, "provider": provider.slug}
        trail.record(None, "user.end_session", row.user, Change(before=before))
    Session.objects.filter(pk__in=[row.pk for row in found]).delete()
    publish.rights_changed()
    return len(found)


def forget_expired_sessions(now: datetime) -> int:
    """Delete sessions that ended by time, which opens and closes nothing; returns how many."""
    ended, _ = Session.objects.filter(expire_date__lt=now).delete()
    return int(ended)
