"""Bring a dashboard in from a file, with the report before anything is saved; and take one out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from dashboards import actions
from dashboards.adding import require_may_make
from dashboards.exporting import file_of
from dashboards.grafana.ledger import Line
from dashboards.importing import Read, read_text
from dashboards.models import VIEW, Dashboard
from dashboards.widgets import widgets
from portal.accounts.access import fetch
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib import clock
from portal.lib.field_error import FieldError

LARGEST = 2 << 20  # of what a page's form carries; the API takes more
SHOWN_PLACES = 20


@dataclass(frozen=True)
class Reason:
    """The same thing said of many properties."""

    fate: str
    why: str
    places: list[Line]
    count: int


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def bring_in(request: StaffRequest) -> HttpResponse:
    """Read what was pasted or uploaded and show what it would become; save it when that is confirmed."""
    require_may_make(request.user)
    if request.method != "POST":
        return render(request, "dashboards/import.html")
    text = ""
    try:
        text = text_of(request)
        read = read_text(text)
        if "save" in request.POST:
            name = request.POST.get("name", "")
            made = actions.import_dashboard(request.user, read, clock.now(), name=name)
            messages.success(request, f"“{made.name}” is here, yours alone until you share it.")
            return HttpResponseRedirect(made.get_absolute_url())
    except FieldError as problem:
        context = {"problem": problem, "text": text if len(text) <= LARGEST else ""}
        return render(request, "dashboards/import.html", context, status=400)
    return render(request, "dashboards/import.html", shown(read, text))


def text_of(request: StaffRequest) -> str:
    """Return the text of the file, or what was pasted. Raises FieldError."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("text", "")
    if (file.size or 0) > LARGEST:
        message = f"A file has {LARGEST >> 20} MiB at most here; the API takes ten."
        raise FieldError("file", message)
    try:
        return str(file.read(), "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise FieldError("file", "This must be text in UTF-8.") from problem


def shown(read: Read, text: str) -> dict[str, Any]:
    document = read.document
    return {
        "read": read,
        "document": document,
        "text": text,
        "kinds": kinds_of(document),
        "reasons": reasons_of(read.lines),
        "lost": read.count("lost"),
        "changed": read.count("changed"),
    }


def kinds_of(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return how many widgets there are of each kind, the most first."""
    counted = Counter(str(one["config"]["kind"]) for one in document["widgets"])
    return [
        (widgets.get(kind).label if kind in widgets else kind, count)
        for kind, count in counted.most_common()
    ]


def reasons_of(lines: list[Line]) -> list[Reason]:
    """Put lines together that say the same; what is lost stands before what is changed."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.fate, line.why), []).append(line)
    reasons = [
        Reason(fate, why, places[:SHOWN_PLACES], len(places))
        for (fate, why), places in found.items()
    ]
    return sorted(reasons, key=lambda one: (one.fate != "lost", -one.count))


@require_safe
@staff_page(VIEW)
def as_file(request: StaffRequest, uid: str) -> HttpResponse:
    """Download a dashboard: `format` portal or grafana, `as` yaml or json."""
    dashboard = fetch(request.user, Dashboard, uid=uid)
    wanted = request.GET.get("format", "portal")
    try:
        file = file_of(dashboard, wanted, request.GET.get("as", "yaml"))
    except FieldError as problem:
        return HttpResponse(
            f"{problem.field}: {problem.message}", status=400, content_type="text/plain"
        )
    after = {"format": wanted, "version": dashboard.version}
    trail.record(request.user, "dashboard.export", dashboard, Change(after=after))
    answer = HttpResponse(file.text, content_type=file.type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return answer
