"""Where staff make and revoke public links, and keep snapshots."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.models import VIEW, Dashboard, Playlist, PublicLink, Snapshot
from dashboards.open import actions
from dashboards.open.addresses import address_of, state_of
from dashboards.open.api import snapshot_of
from dashboards.open.forms import LinkForm, SnapshotForm
from dashboards.open.freezing import boxes_in
from dashboards.open.reading import frozen_now, look_in
from portal.accounts.access import editable, fetch, may, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import Level
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
@never_cache
def links(request: StaffRequest, uid: str) -> HttpResponse:
    """List a dashboard's public links, and make one: its address is in this answer and nowhere else."""
    dashboard = fetch(request.user, Dashboard, level=Level.ADMIN, uid=uid)
    return links_page(request, dashboard)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
@never_cache
def playlist_links(request: StaffRequest, pk: int) -> HttpResponse:
    """List a playlist's screens, and make one."""
    return links_page(request, fetch(request.user, Playlist, level=Level.ADMIN, pk=pk))


def links_page(request: StaffRequest, target: Dashboard | Playlist) -> HttpResponse:
    board = target if isinstance(target, Dashboard) else None
    initial = {"look": request.GET.urlencode()}
    form = LinkForm(request.POST or None, initial=initial, is_screen_only=board is None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            context = made(request, target, form)
            form = LinkForm(initial=initial, is_screen_only=board is None)
        except FieldError as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    now = clock.now()
    rows = target.public_links.select_related("created_by", "snapshot", "dashboard", "playlist")
    context |= {
        "target": target,
        "dashboard": board,
        "form": form,
        "links": [{"link": row, "state": state_of(row, now)} for row in rows],
        "look": dict(request.GET.lists()),
        "snapshot": chosen_snapshot(request, target),
        "is_on": settings.PUBLIC_LINKS,
        "embed_hosts": settings.EMBED_HOSTS,
    }
    status = 400 if form.errors else 200
    return render(request, "dashboards/open/links.html", context, status=status)


def made(request: StaffRequest, target: Dashboard | Playlist, form: LinkForm) -> dict[str, Any]:
    """Make the link that a form asks for. Raises FieldError."""
    now = clock.now()
    board = target if isinstance(target, Dashboard) else None
    look = look_in(form.cleaned_data.get("look", ""), request.user, board, now)
    new = form.new_link(look, now, chosen_snapshot(request, target))
    link, secret = actions.create_link(request.user, target, new, now)
    address = address_of(secret)
    embed = f'<iframe src="{address}" width="100%" height="600" title="{target}"></iframe>'
    return {"made": link, "address": address, "embed": embed}


def chosen_snapshot(request: StaffRequest, target: Dashboard | Playlist) -> Snapshot | None:
    """Return the snapshot that a link is made for, named in the address."""
    wanted = request.GET.get("snapshot", "")
    if not wanted.isdecimal() or len(wanted) > 18 or not isinstance(target, Dashboard):
        return None
    return visible(request.user, Snapshot).filter(pk=int(wanted), dashboard=target).first()


@require_POST
@staff_page(VIEW)
def revoke(request: StaffRequest, pk: int) -> HttpResponse:
    link = fetch(request.user, PublicLink, edit=True, pk=pk)
    actions.revoke_link(request.user, link, clock.now())
    messages.success(
        request, f"“{link.name}” opens nothing any more. Open pages close within seconds."
    )
    if link.dashboard is not None:
        return HttpResponseRedirect(reverse("public-links", args=[link.dashboard.uid]))
    return HttpResponseRedirect(reverse("playlist-links", args=[link.playlist_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def snapshots(request: StaffRequest, uid: str) -> HttpResponse:
    """List a dashboard's snapshots, and freeze it as it is looked at now."""
    dashboard = fetch(request.user, Dashboard, uid=uid)
    form = SnapshotForm(request.POST or None, initial={"look": request.GET.urlencode()})
    if request.method == "POST" and form.is_valid():
        try:
            return HttpResponseRedirect(kept(request, dashboard, form).get_absolute_url())
        except FieldError as problem:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
    rows = dashboard.snapshots.filter(expires_at__gt=clock.now()).select_related("created_by")
    deletable = set(editable(request.user, Snapshot).values_list("pk", flat=True))
    context = {
        "dashboard": dashboard,
        "form": form,
        "snapshots": [
            {"row": row, "may_delete": row.pk in deletable} for row in rows.defer("answers")
        ],
        "may_share": may(request.user, dashboard, Level.ADMIN),
        "look": dict(request.GET.lists()),
    }
    return render(
        request, "dashboards/open/snapshots.html", context, status=400 if form.errors else 200
    )


def kept(request: StaffRequest, dashboard: Dashboard, form: SnapshotForm) -> Snapshot:
    now = clock.now()
    frozen = frozen_now(request.user, dashboard, form.cleaned_data["look"], now)
    made = actions.keep_snapshot(
        request.user, dashboard, frozen, name=form.cleaned_data["name"],
        expires_at=form.expires_at(now), now=now,
    )  # fmt: skip
    messages.success(request, "Frozen. This page shows it as it was at this moment.")
    return made


@require_safe
@staff_page(VIEW)
def snapshot(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a snapshot to who sees its dashboard and may read the rows that it was made of."""
    found = snapshot_of(request.user, pk)
    context = {
        "snapshot": found,
        **boxes_in(found, request.GET.get("tab", "")),
        "may_share": found.dashboard is not None
        and may(request.user, found.dashboard, Level.ADMIN),
        "may_delete": editable(request.user, Snapshot).filter(pk=found.pk).exists(),
    }
    return render(request, "dashboards/open/snapshot.html", context)


@require_POST
@staff_page(VIEW)
def delete_snapshot(request: StaffRequest, pk: int) -> HttpResponse:
    found = fetch(request.user, Snapshot, edit=True, pk=pk)
    board = found.dashboard
    actions.delete_snapshot(request.user, found)
    messages.success(request, f"“{found.name}” is deleted, and so are links to it.")
    if board is None:
        return HttpResponseRedirect(reverse("dashboards"))
    return HttpResponseRedirect(reverse("snapshots", args=[board.uid]))
