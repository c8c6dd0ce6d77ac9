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
from analytics.insights.drafts import read_change
from analytics.insights.drawing import drawn
from analytics.insights.forms.shared import number
from analytics.insights.keeping import keepable, question_of
from analytics.insights.models import EXPLORE, RUN_SQL, SAVE, Folder, SavedInsight
from analytics.insights.pages import PAGES, Kept, address_of
from analytics.insights.shapes import check_badge, folder_path, paths_of, tree, way_to
from analytics.insights.views.shared import PROBLEMS, Json, is_partial, problem_of
from analytics.insights.views.sql import cell_of
from portal.accounts.access import fetch, row_rights, visible
from portal.accounts.decorators import staff_page
from portal.accounts.models import User
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
    context = {
        "insights": [row(one, paths) for one in rows[:MOST_LISTED]],
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
        "chosen_path": way_to(chosen),
        "parents": [(pk, path) for pk, path in paths.items() if chosen is None or pk != chosen.pk],
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


def row(insight: SavedInsight, paths: Mapping[int, str] | None = None) -> Json:
    page = PAGES.get(insight.kind)
    return {
        "insight": insight,
        "icon": page.icon if page else "sigma",
        "label": page.label if page else insight.kind.capitalize(),
        "folder": folder_path(insight, paths).replace("/", " / "),
        "badge": check_badge(insight),
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
    """Say all that is known of a saved insight; POST renames, moves or shares it."""
    if request.method != "POST":
        insight = fetch(request.user, SavedInsight, pk=pk)
        return render(request, "insights/saved_about.html", about_context(request, insight))
    insight = fetch(request.user, SavedInsight, edit=True, pk=pk)
    given: Json = {name: request.POST.get(name, "") for name in ("name", "description", "folder")}
    given["is_shared"] = "is_private" not in request.POST
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
    may_edit = SavedInsight.objects.editable_by(user).filter(pk=insight.pk).exists()
    folder = folder_path(insight)
    return {
        **row(insight),
        "given": {
            "name": insight.name, "description": insight.description, "folder": folder,
            "is_private": not insight.is_shared,
        },
        "paths": list(paths_of(visible(user, Folder)).values()),
        "may_edit": may_edit,
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
@staff_page(SAVE)
def delete_saved(request: StaffRequest, pk: int) -> HttpResponse:
    insight = fetch(request.user, SavedInsight, edit=True, pk=pk)
    actions.delete_insight(request.user, insight)
    messages.success(request, f"“{insight.name}” is deleted.")
    return redirect("saved")


@require_POST
@staff_page(SAVE)
def make_folder(request: StaffRequest) -> HttpResponse:
    name, parent = folder_fields(request)
    try:
        made = actions.create_folder(request.user, name=name, parent=parent, now=clock.now())
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect("saved")
    return redirect(f"{reverse('saved')}?folder={made.pk}")


@require_POST
@staff_page(SAVE)
def change_folder(request: StaffRequest, pk: int) -> HttpResponse:
    folder = fetch(request.user, Folder, edit=True, pk=pk)
    name, parent = folder_fields(request)
    try:
        actions.change_folder(request.user, folder, name=name, parent=parent)
    except FieldError as problem:
        messages.error(request, problem.message)
    return redirect(f"{reverse('saved')}?folder={pk}")


@require_POST
@staff_page(SAVE)
def delete_folder(request: StaffRequest, pk: int) -> HttpResponse:
    folder = fetch(request.user, Folder, edit=True, pk=pk)
    try:
        actions.delete_folder(request.user, folder)
    except FieldError as problem:
        messages.error(request, problem.message)
        return redirect(f"{reverse('saved')}?folder={pk}")
    messages.success(request, f"The folder “{folder.name}” is deleted.")
    return redirect("saved")


def folder_fields(request: StaffRequest) -> tuple[str, Folder | None]:
    wanted = number(request.POST.get("parent", ""))
    parent = visible(request.user, Folder).filter(pk=wanted).first() if wanted else None
    return request.POST.get("name", ""), parent
