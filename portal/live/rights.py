"""Whether viewers may go on watching: their accounts, their sessions, their rights.

To find out what one person may takes 12 ms of CPU. While nothing has changed that rights are made of
(TopicKind.rights_stamp), what was found about a person stands.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from portal.lib import clock
from portal.live.topics import Topic, TopicKind

if TYPE_CHECKING:
    from portal.live.rooms import Viewer

ANEW_S = 300.0  # for what changes rights and is in no stamp
MOST_SESSIONS = 10_000


@dataclass(frozen=True)
class Rights:
    """What was found about the people of a room since `found_at`, under one stamp."""

    stamp: Hashable = None
    found_at: float = 0.0
    known: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()
    moved: frozenset[int] = frozenset()


def rights_now(
    entry: TopicKind, ident: str, topic: Topic, ids: Collection[int], before: Rights
) -> Rights:
    """Return people's rights to a topic, of those only that are not known from before."""
    now, stamp = time.monotonic(), entry.rights_stamp(ident)  # first: a later change is seen next
    if stamp is None or stamp != before.stamp or now - before.found_at > ANEW_S:
        before = Rights(stamp, now)
    new = set(ids) - before.known
    return Rights(
        stamp,
        before.found_at,
        before.known | new,
        before.allowed | entry.allowed(ident, new),
        before.moved | entry.moved(topic, new),
    )


def still_signed_in(viewers: Collection[Viewer]) -> set[Viewer]:
    """Return the viewers whose account is active and whose session is still theirs."""
    ids = {viewer.user_id for viewer in viewers}
    users = get_user_model()._default_manager.filter(pk__in=ids, is_active=True)
    hashes = {user.pk: user.get_session_auth_hash() for user in users}
    keys = {viewer.session_key for viewer in viewers}
    rows = session_store().get_model_class().objects.filter(session_key__in=keys)
    alive = rows.filter(expire_date__gt=clock.now()).values_list("session_key", "session_data")
    sessions = {key: session_of(text) for key, text in alive}
    return {
        one
        for one in viewers
        if one.user_id in hashes
        and is_of(one.user_id, hashes[one.user_id], sessions.get(one.session_key))
    }


def session_store() -> type[SessionStore]:
    """Return whichever engine keeps sessions."""
    found: type[SessionStore] = import_module(settings.SESSION_ENGINE).SessionStore
    return found


@lru_cache(maxsize=MOST_SESSIONS)
def session_of(text: str) -> Mapping[str, Any]:
    """Decode a session, the same text once: to check its signature takes long."""
    found: Mapping[str, Any] = session_store()().decode(text)
    return found


def is_of(user_id: int, user_hash: str, session: Mapping[str, Any] | None) -> bool:
    """Tell whether a session is still this user's: a new password ends the sessions before it."""
    if session is None or session.get(SESSION_KEY) != str(user_id):
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), user_hash)
