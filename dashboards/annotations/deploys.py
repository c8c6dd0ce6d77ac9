from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.core.cache import cache

from analytics.insights.models import Deploy
from dashboards.annotations import MOST, Happening, annotation_kinds
from portal.lib.row_rights import MayNotRead, RowRights
from portal.store.models import Epoch
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

Seen = list[tuple[datetime, str, str]]
# Looking for what is new reads days of events. A minute late is early enough for a mark; what is
# older than SETTLED, and was asked once, comes from the cache while the window moves on.
KEPT = timedelta(minutes=1)
OLDER_KEPT = timedelta(hours=1)
SETTLED = timedelta(minutes=10)


class Deploys:
    """What went live: as it was told, else as events first bore its version or deployment."""

    kind = "deploys"
    label = "Deploys"
    icon = "package"

    def between(self, window: TimeRange, as_of: datetime, rights: RowRights) -> Sequence[Happening]:
        told = list(Deploy.objects.during(window)[:MOST])
        known = {(row.service, name) for row in told for name in (row.version, row.deployment_id)}
        noted = [(row.at, row.service, row.version or row.deployment_id) for row in told]
        seen = [
            (at, service, name)
            for at, service, name in seen_in(window, as_of, rights)
            if (service, name) not in known and window.start <= at < window.end
        ]
        return [Happening(self.kind, said(*one[1:]), one[0]) for one in [*noted, *seen]][:MOST]


def seen_in(window: TimeRange, as_of: datetime, rights: RowRights) -> Seen:
    """Return (at, service, version or deployment) of what events first bore in about this window."""
    since = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = minute(window.end.astimezone(UTC)) + timedelta(minutes=1)
    settled = max(since, (until - SETTLED).replace(minute=0))
    parts = [(since, settled, OLDER_KEPT), (settled, until, KEPT)]
    return [
        one
        for start, end, kept in parts
        if start < end
        for one in remembered(TimeRange(start, end), as_of, rights, kept)
    ]


def remembered(window: TimeRange, as_of: datetime, rights: RowRights, kept: timedelta) -> Seen:
    text = repr((window, rights, Epoch.current().number))
    key = f"deploys:{hashlib.sha256(text.encode()).hexdigest()}"
    found: Seen | None = cache.get(key)
    if found is None:
        found = asked(window, as_of, rights)
        cache.set(key, found, timeout=int(kept.total_seconds()))
    return found


def asked(window: TimeRange, as_of: datetime, rights: RowRights) -> Seen:
    try:
        frame = ask("deploys", Question({}, window, as_of, rights))
    except MayNotRead:
        return []  # of events; what was told is everybody's
    return [(at, service, version or name) for at, service, version, name in frame.rows()]


def minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def said(service: str, name: str) -> str:
    return f"{service} {name} went live" if service else f"{name} went live"


annotation_kinds.add(Deploys())
