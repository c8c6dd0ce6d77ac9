"""Which links open something now, and what: the one check of pages, files and sockets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from dashboards.models import Dashboard, PublicLink
from portal.accounts.access import at_level, may
from portal.accounts.models import Level, User
from portal.lib.secrets import digest_of

LABEL = "pub"  # the visible start of every link's secret
# A link's secret; of a playlist's, on a socket, with the dashboard that is watched.
ADDRESSED = re.compile(rf"({LABEL}_[0-9a-z]{{8}}_[0-9A-Za-z_-]{{43}})(?:-(\d{{1,18}}))?")


class Unknown(LookupError):
    """There never was such a link, or links are switched off."""


class Ended(LookupError):
    """There was such a link; it expired, was revoked, or its maker may no longer share this."""


@dataclass(frozen=True)
class Opened:
    """A link that works: what it shows now, to be evaluated with its maker's rights."""

    link: PublicLink
    secret: str
    dashboard: Dashboard
    turn: int = 0  # of a playlist
    turns: int = 1

    @property
    def maker(self) -> User:
        return self.link.created_by

    @property
    def ident(self) -> str:
        """Return its name as a live topic."""
        return f"{self.secret}-{self.dashboard.pk}" if self.link.playlist_id else self.secret


def open_link(ident: str, now: datetime, turn: int = 0) -> Opened:
    """Return what a link's secret opens now; of a playlist the dashboard that is named, or whose
    turn it is. Raises Unknown, Ended.
    """
    match = ADDRESSED.fullmatch(ident)
    if match is None or not settings.PUBLIC_LINKS:
        raise Unknown
    secret, wanted = match.groups()
    link = found_by(secret)
    if link.has_ended(now) or not link.created_by.is_active:
        raise Ended
    boards = shown_by(link)
    if wanted:
        turn = next((at for at, one in enumerate(boards) if one.pk == int(wanted)), len(boards))
    elif boards:
        turn %= len(boards)
    if turn >= len(boards):
        raise Ended
    return Opened(link, secret, boards[turn], turn, len(boards))


def found_by(secret: str) -> PublicLink:
    rows = PublicLink.objects.select_related("created_by", "dashboard", "playlist", "snapshot")
    link = rows.filter(digest=digest_of(secret)).first()
    if link is None:
        raise Unknown
    return link


def shown_by(link: PublicLink) -> list[Dashboard]:
    """Return the dashboards that a link shows as long as it has not ended: those that its maker may
    share now; none where they may not share what the link is to.
    """
    maker, target = link.created_by, link.dashboard or link.playlist
    if target is None or not may(maker, target, Level.ADMIN):
        return []
    if link.dashboard is not None:
        return [link.dashboard]
    entries = link.playlist.entries.select_related("dashboard") if link.playlist else []
    shared = set(at_level(maker, Dashboard, Level.ADMIN).values_list("pk", flat=True))
    return [entry.dashboard for entry in entries if entry.dashboard_id in shared]
