"""The library's pages: its widgets, where each is used, and what it shows now."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards import actions
from dashboards.adding import require_may_make
from dashboards.library import LibraryDraft, read_draft
from dashboards.library_shapes import listed_as_json, row_as_json
from dashboards.models import VIEW, LibraryWidget
from dashboards.widgets import widgets
from portal.accounts.access import fetch
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError

SOURCE_WORDS = {
    "promql": "PromQL",
    "insight": "Insight",
    "sql": "SQL",
    "dataset": "Dataset",
    "text": "Text",
}


@require_safe
@staff_page(VIEW)
def library(request: StaffRequest) -> HttpResponse:
    """List library widgets with where they are used."""
    require_may_make(request.user)
    wanted = request.GET.get("q", "").strip().lower()
    rows = [in_words(one) for one in listed_as_json(request.user)]
    found = [one for one in rows if wanted in f"{one['name']} {one['description']}".lower()]
    return render(request, "dashboards/library.html", {"rows": found, "wanted": wanted})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def library_widget(request: StaffRequest, uid: str) -> HttpResponse:
    """Show one, and change its name and description."""
    require_may_make(request.user)
    row = fetch(request.user, LibraryWidget, edit=request.method == "POST", uid=uid)
    context: dict[str, Any] = {"row": row}
    if request.method == "POST":
        now = clock.now()
        given = {name: request.POST.get(name, "") for name in ("name", "description")}
        try:
            draft: LibraryDraft = read_draft(given, row, now)
            actions.change_library_widget(request.user, row, draft, None, now)
            messages.success(request, f"“{draft.name}” is saved.")
            return HttpResponseRedirect(row.get_absolute_url())
        except FieldError as problem:
            context |= {"problem": problem, "given": given}
    shown = in_words(row_as_json(request.user, row))
    return render(
        request, "dashboards/library_widget.html", context | {"one": shown},
        status=400 if "problem" in context else 200,
    )  # fmt: skip


@require_POST
@staff_page(VIEW)
def remove(request: StaffRequest, uid: str) -> HttpResponse:
    """Remove one; the boxes that showed it keep what it was."""
    require_may_make(request.user)
    row = fetch(request.user, LibraryWidget, edit=True, uid=uid)
    actions.remove_from_library(request.user, row, clock.now())
    messages.success(request, f"“{row.name}” left the library; the boxes that showed it stay.")
    return HttpResponseRedirect(reverse("library"))


def in_words(one: dict[str, Any]) -> dict[str, Any]:
    definition = one["definition"]
    kind = definition["config"]["kind"]
    return one | {
        "source": SOURCE_WORDS.get(definition["source"], definition["source"]),
        "kind": widgets.get(kind).label if kind in widgets else kind,
        "query": definition["query"],
        "unseen": one["dashboards"] - len(one["used_on"]),
    }
