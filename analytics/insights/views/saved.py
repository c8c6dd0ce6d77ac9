"""The library of saved insights, and the page about one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analytics.insights import actions
from analytics.insights.data_rights import row_rights
from analytics.insights.drafts import read_change
from analytics.insights.drawing import drawn
from analytics.insights.forms.shared import number
from analytics.insights.keeping import keepable, question_of
from analytics.insights.models import EXPLORE, RUN_SQL, SAVE, SavedInsight
from analytics.insights.pages import PAGES, Kept, address_of
from analytics.insights.shapes import check_badge, folder_path, folder_paths
from analytics.insights.views.shared import PROBLEMS, Json, is_partial, problem_of
from analytics.insights.views.sql import cell_of
from portal.accounts.access import fetch, may, visible
from portal.accounts.decorators import staff_page
from portal.accounts.folders import paths_of, tree, way_to
from portal.accounts.models import CHANGE_FOLDER, Folder, Level, User
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale
from portal.store.frame import Frame
from portal.store.sources import ask

SHOWN_ROWS = 200
MOST_LISTED = 500


@require_safe
@staff_page(EXPLORE)
def library(request: StaffRequest) -> HttpResponse:
    """List saved insights, of one folder or found by words."""
    wanted = request.GET.get("q", "").replace("\0", "").strip()
    folders = list(visible(request.user, Folder))
    chosen = next((one for one in folders if str(one.pk) == request.GET.get("folder")), None)
    rows = visible(request.user, SavedInsight).select_related("created_by")
    for word in wanted.split()[:10]:
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    counts = counted(rows)
    if chosen is not None:
        rows = rows.filter(folder=chosen)
    paths = paths_of(folders)
    reads_all = row_rights(request.user).is_all
    context = {
        "insights": [row(one, paths, reads_all=reads_all) for one in rows[:MOST_LISTED]],
        "is_cut": rows.count() > MOST_LISTED,
        "wanted": wanted,
        "folders": [
            {
                "folder": one,
                "depth": depth,
                "count": counts.get(one.pk, 0),
                "is_open": one == chosen,
            }
            for depth, one in tree(folders)
        ],
        "all_count": sum(counts.values()),
        "chosen": chosen,
        "chosen_path": [one for one in way_to(chosen) if one in folders],
        "may_change_folder": chosen is not None and may(request.user, chosen, Level.EDIT),
        "may_make_folder": request.user.has_perm(CHANGE_FOLDER),
        "may_save": request.user.has_perm(SAVE),
    }
    name = "_saved" if is_partial(request) else "saved"
    return render(request, f"insights/{name}.html", context)


def counted(rows: Any) -> dict[int | None, int]:
    """Count insights by folder."""
    found: dict[int | None, int] = {}
    for folder in rows.values_list("folder_id", flat=True):
        found[folder] = found.get(folder, 0) + 1
    return found


def row(insight: SavedInsight, paths: Mapping[int, str], *, reads_all: bool) -> Json:
    page = PAGES.get(insight.kind)
    return {
        "insight": insight,
        "icon": page.icon if page else "sigma",
        "label": page.label if page else insight.kind.capitalize(),
        "folder": folder_path(insight, paths).replace("/", " / "),
        "badge": check_badge(insight, reads_all=reads_all),
    }


@require_safe
@staff_page(EXPLORE)
def open_saved(request: StaffRequest, pk: int) -> HttpResponse:
    """Open a saved insight on the page that made it, or else on the page about it."""
    insight = fetch(request.user, SavedInsight, pk=pk)
    return HttpResponseRedirect(builder_url(request.user, insight) or about_url(insight))


def builder_url(user: User, insight: SavedInsight) -> str:
    """Return the address of its builder; nothing where that cannot show it, or is not theirs."""
    if insight.kind == "sql" and not user.has_perm(RUN_SQL):
        return ""
    kept = Kept(insight.definition, insight.view)
    return address_of(insight.kind, kept, clock.now(), str(insight.pk))


def about_url(insight: SavedInsight) -> str:
    return reverse("saved-about", args=[insight.pk])


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(EXPLORE)
def about(request: StaffRequest, pk: int) -> HttpResponse:
    """Say all that is known of a saved insight; POST renames it."""
    if request.method != "POST":
        insight = fetch(request.user, SavedInsight, pk=pk)
        return render(request, "insights/saved_about.html", about_context(request, insight))
    insight = fetch(request.user, SavedInsight, edit=True, pk=pk)
    given: Json = {name: request.POST.get(name, "") for name in ("name", "description")}
    now = clock.now()
    try:
        version = int(number(request.POST.get("version", "")) or 0) or None
        actions.change_insight(
            request.user, insight, read_change(given, insight, now), version, now
        )
    except (FieldError, Stale) as problem:
        status = 409 if isinstance(problem, Stale) else 400
        context = about_context(request, insight) | {"given": request.POST, "problem": problem}
        return render(request, "insights/saved_about.html", context, status=status)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(about_url(insight))


def about_context(request: StaffRequest, insight: SavedInsight) -> Json:
    user = request.user
    paths = folder_paths(user)
    return {
        **row(insight, paths, reads_all=row_rights(request.user).is_all),
        "given": {"name": insight.name, "description": insight.description},
        "may_edit": may(user, insight, Level.EDIT),
        "builder_url": builder_url(user, insight),
        "definition": orjson.dumps(insight.definition, option=orjson.OPT_INDENT_2).decode(),
        **answered(user, insight),
    }  # fmt: skip


def answered(user: User, insight: SavedInsight) -> Json:
    """Ask what the page shows; SQL is shown where it was run on purpose only."""
    if insight.kind == "sql":
        return {"is_sql": True}
    try:
        keepable(insight.kind)
        question, _ = question_of(insight.definition, clock.now(), row_rights(user), {})
        frame = ask(insight.kind, question)
    except PROBLEMS as problem:
        return {"error": problem_of(problem)}
    return {
        "meta": frame.meta,
        "time_zone": question.window.zone if question.window else "UTC",
        "figure": drawn(insight.kind, frame, insight.view),
        "columns": frame.columns,
        "rows": rows_of(frame),
        "row_count": len(frame),
    }


def rows_of(frame: Frame) -> list[list[Json]]:
    shown = [cells for _, cells in zip(range(SHOWN_ROWS), frame.rows(), strict=False)]
    return [[cell_of(cell) for cell in cells] for cells in shown]


@require_POST
@staff_page(EXPLORE)
def delete_saved(request: StaffRequest, pk: int) -> HttpResponse:
    insight = fetch(request.user, SavedInsight, edit=True, pk=pk)
    actions.delete_insight(request.user, insight)
    messages.success(request, f"“{insight.name}” is deleted.")
    return redirect("saved")
