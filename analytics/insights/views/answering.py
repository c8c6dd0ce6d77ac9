"""What the builders' pages do the same way: from an address to an answer, and to its files."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect

from analytics.insights.beginning import begun
from analytics.insights.forms.shared import Pairs, Range, as_of_in
from analytics.insights.spreadsheet import Table
from analytics.insights.views.behind import people_url
from analytics.insights.views.downloads import FileKind, download
from analytics.insights.views.shared import PROBLEMS, Json, Seen, pairs_of, question, window_of
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import ask


class Form(Protocol):
    """The state of a builder."""

    @property
    def range(self) -> Range: ...

    def pairs(self) -> Pairs: ...

    def address(self, **changes: Any) -> str: ...

    def body(self, window: TimeRange) -> Json: ...


@dataclass(frozen=True)
class Answered:
    """A frame with what was asked for it."""

    frame: Frame
    body: Json
    window: TimeRange


def tidied(request: StaffRequest, form: Form) -> HttpResponseRedirect | None:
    """Send an address that says more or less than the form's state to the tidy one."""
    if not request.GET or sorted(form.pairs()) == sorted(pairs_of(request)):
        return None
    return HttpResponseRedirect(f"{request.path}{form.address()}")


def window_or_none(form: Form, *, names: Collection[str], seen: Seen) -> TimeRange | None:
    """Return the range that the page shows, nothing when the address holds none that is right."""
    try:
        return beginning_with_data(window_of(form.range, clock.now()), form.range, names, seen)
    except PROBLEMS:
        return None


def answer(
    request: StaffRequest, kind: str, form: Form, *, names: Collection[str], seen: Seen
) -> Answered:
    """Ask the question of a page about these events (none: any). Raises PROBLEMS."""
    now = clock.now()
    window = beginning_with_data(window_of(form.range, now), form.range, names, seen)
    body = form.body(window)
    return Answered(ask(kind, question(request, body, window, now)), body, window)


def beginning_with_data(
    window: TimeRange, given: Range, names: Collection[str], seen: Seen
) -> TimeRange:
    """Let "all time" begin with the first of these events."""
    return begun(window, seen.events, names) if given.given.get("from") == "all" else window


def longer_address(form: Form) -> str:
    """Return the address of the same question over all time."""
    return form.address(range=Range({**form.range.given, "from": "all", "to": ""}))


def links(request: StaffRequest, kind: str, form: Form, found: Answered, **changes: Any) -> Json:
    """Return the addresses of the people behind an answer, and of the files with its figures.

    `fixed_query` is for whatever else is to agree with the answer.

    A file's range is fixed and its moment the answer's, so that it holds the same figures later.
    """
    as_of, window = found.frame.meta.as_of, found.window
    fixed = Range(
        {"from": window.start.isoformat(), "to": window.end.isoformat(), "tz": window.zone}
    )
    query = f"{form.address(range=fixed, **changes)}&{urlencode({'as_of': as_of.isoformat()})}"
    back = f"{request.path}{form.address()}"
    return {
        "people_url": people_url(kind, found.body, window, as_of, back),
        "csv_url": f"csv/{query}",
        "xlsx_url": f"xlsx/{query}",
        "fixed_query": query,
    }


def file_of(
    request: StaffRequest, asked: str, form: Form, kind: FileKind, table: Callable[[Frame], Table]
) -> HttpResponse:
    """Answer a question as a file, as of the moment that the address names."""
    as_of = as_of_in(request.GET, clock.now())
    try:
        window = window_of(form.range, as_of)
        frame = ask(asked, question(request, form.body(window), window, as_of))
    except PROBLEMS as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    return download(request.user, table(frame), kind, as_of, window.tzinfo)
