"""Dashboards can be shared."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse

from dashboards.models import ADMINISTER, CHANGE, VIEW, Dashboard, Playlist
from dashboards.open.addresses import state_of
from portal.accounts.shareables import OtherWay, Shareable, shareables
from portal.lib import clock


def public_links(row: Dashboard | Playlist) -> Sequence[OtherWay]:
    """Return the links by which strangers see something, those that open nothing left out."""
    now = clock.now()
    links = row.public_links.filter(revoked_at=None).select_related(
        "created_by", "snapshot", "dashboard", "playlist"
    )
    states = [(link, state_of(link, now)) for link in links]
    return [
        OtherWay(
            f"Whoever has the address of the {link.kind} “{link.name}” sees"
            f" {'a frozen snapshot of it' if link.snapshot_id else 'it'} without an account, with the"
            f" rights that {link.created_by} has.",
            str(link.created_by),
            state,
        )
        for link, state in states
        if state != "expired"
    ]


shareables.add(
    Shareable(
        "dashboard",
        "Dashboard",
        Dashboard,
        see=VIEW,
        change=CHANGE,
        administer=ADMINISTER,
        is_open=Q(is_public=True),
        inherits=Q(stop_inheriting=False),
        icon="layout-dashboard",
        other_ways=public_links,
        other_ways_url=lambda row: reverse("public-links", args=[row.uid]),
    )
)
shareables.add(
    Shareable(
        "playlist",
        "Playlist",
        Playlist,
        see=VIEW,
        change=CHANGE,
        administer=ADMINISTER,
        is_open=Q(is_public=True),
        inherits=Q(stop_inheriting=False),
        icon="play",
        other_ways=public_links,
        other_ways_url=lambda row: reverse("playlist-links", args=[row.pk]),
    )
)
