"""Save what a builder page shows: in a dialog by htmx, else as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from analytics.insights import actions
from analytics.insights.drafts import read_change, read_new
from analytics.insights.forms.shared import SAVED, number
from analytics.insights.forms.sql import PREFIX
from analytics.insights.models import EXPLORE, RUN_SQL, SAVE, SavedInsight
from analytics.insights.pages import Kept, Page, address_of, page_at
from analytics.insights.shapes import folder_path, folder_paths
from analytics.insights.views.shared import Json
from portal.accounts.access import fetch, require, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.lib.stale import Stale


@dataclass(frozen=True)
class Shown:
    """The builder page that somebody looks at, and the state it is in."""

    page: Page
    at: str
    query: QueryDict

    @property
    def saved(self) -> str:
        return number(str(self.query.get(SAVED) or ""))

    def kept(self) -> Kept:
        """Return what is to be kept. Raises FieldError when the page asks nothing yet."""
        return self.page.keep(self.query, clock.now())


def shown_page(request: StaffRequest) -> Shown:
    """Read which page a dialog was opened on: `at`, or what htmx says. Raises FieldError."""
    at = request.POST.get("at") or request.GET.get("at") or request.headers.get("HX-Current-URL")
    page = page_at(at or "")
    if page is None or at is None:
        raise FieldError("at", "Open this on a page of Explore that can be saved.")
    address = urlsplit(at)
    query = request.POST if "q" in request.POST else QueryDict(address.query)
    if page.kind == "sql":
        require(request.user, RUN_SQL)
    return Shown(page, f"{address.path}?{address.query}", query)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SAVE)
def save(request: StaffRequest) -> HttpResponse:
    """Ask for a name, and save; a POST without a name brings a state that no address can hold."""
    try:
        shown = shown_page(request)
    except FieldError as problem:
        return dialog(request, "problem", {"problem": problem}, status=400)
    if "name" not in request.POST:
        return dialog(request, "save", save_context(request, shown))
    now = clock.now()
    given = {name: request.POST.get(name, "") for name in ("name", "description", "folder")}
    try:
        kept = shown.kept()
        whole = given | {"kind": shown.page.kind, "definition": kept.definition, "view": kept.view}
        draft = read_new(whole | {"is_shared": "is_private" not in request.POST}, now)
        insight = actions.save_insight(request.user, draft, now)
    except FieldError as problem:
        context = save_context(request, shown) | {"given": request.POST, "problem": problem}
        return dialog(request, "save", context, status=400)
    messages.success(request, f"“{insight.name}” is saved.")
    kept = Kept(insight.definition, insight.view)
    return go(request, address_of(insight.kind, kept, now, str(insight.pk)) or about_url(insight))


def save_context(request: StaffRequest, shown: Shown) -> Json:
    rows, paths = visible(request.user, SavedInsight), folder_paths(request.user)
    opened = rows.filter(pk=shown.saved).first() if shown.saved else None
    try:
        nothing = ready(shown)
    except FieldError as problem:
        nothing = problem.message
    return {
        "shown": shown,
        "carried": carried(request),
        "nothing": nothing,
        "given": {
            "name": f"Copy of {opened.name}"[:120] if opened else "",
            "folder": folder_path(opened, paths) if opened else "",
        },
        "paths": list(paths.values()),
    }


def ready(shown: Shown) -> str:
    """Return nothing when the page can be saved. Raises FieldError."""
    kept = shown.kept()
    read_new({"name": "x", "kind": shown.page.kind, "definition": kept.definition}, clock.now())
    return ""


def carried(request: StaffRequest) -> list[tuple[str, str]]:
    """Return the fields of a statement, which the dialog brings back."""
    names = [name for name in request.POST if name == "q" or name.startswith(PREFIX)]
    return [(name, str(request.POST[name])) for name in names]


@require_POST
@staff_page(EXPLORE)
def update(request: StaffRequest, pk: int) -> HttpResponse:
    """Write what the page shows over the saved insight that it was opened from."""
    insight = fetch(request.user, SavedInsight, edit=True, pk=pk)
    try:
        shown = shown_page(request)
    except FieldError as problem:
        return dialog(request, "problem", {"problem": problem}, status=400)
    version = int(number(request.POST.get("version", "")) or 0)
    try:
        changed = written_over(request, insight, shown, version or None)
    except FieldError as problem:
        return dialog(request, "problem", {"problem": problem}, status=400)
    except Stale:
        insight.refresh_from_db()
        context = {"insight": insight, "shown": shown, "carried": carried(request)}
        return dialog(request, "conflict", context, status=409)
    if changed.version == version:
        messages.info(request, f"“{insight.name}” is as it was: nothing changed.")
    else:
        messages.success(request, f"“{insight.name}” is updated.")
    kept = Kept(changed.definition, changed.view)
    address = address_of(changed.kind, kept, clock.now(), str(pk))
    return go(request, address or about_url(changed))


def written_over(
    request: StaffRequest, insight: SavedInsight, shown: Shown, version: int | None
) -> SavedInsight:
    now, kept = clock.now(), shown.kept()
    change = {"kind": shown.page.kind, "definition": kept.definition, "view": kept.view}
    draft = read_change(change, insight, now)
    return actions.change_insight(request.user, insight, draft, version, now)


def about_url(insight: SavedInsight) -> str:
    return reverse("saved-about", args=[insight.pk])


def dialog(request: StaffRequest, name: str, context: Json, status: int = 200) -> HttpResponse:
    """Show a part in the page's dialog, or as a page for who has no scripts."""
    is_htmx = request.headers.get("HX-Request") == "true"
    if is_htmx:
        return render(request, f"insights/_keep_{name}.html", context, status=status)
    context |= {"part": f"insights/_keep_{name}.html"}
    return render(request, "insights/keep.html", context, status=status)


def go(request: StaffRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
