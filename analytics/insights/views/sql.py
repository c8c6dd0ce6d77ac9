"""The SQL page."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from analytics.insights import actions
from analytics.insights.forms.shared import Range
from analytics.insights.forms.sql import FROM_THE_RANGE, SqlForm
from analytics.insights.mistakes import place_of
from analytics.insights.pictures import picture
from analytics.insights.spreadsheet import Table
from analytics.insights.views.downloads import FileKind, download
from analytics.insights.views.shared import (
    PROBLEMS,
    Json,
    catalogue,
    is_partial,
    problem_of,
    question,
    window_of,
)
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.frame import Frame
from portal.store.guard.data_sets import DATA_SETS
from portal.store.sources import ask

RUN_SQL = "insights.run_sql"
EXAMPLE = """SELECT toStartOfDay(ts) AS day, name, count() AS events, uniqExactIf(person, person != 0) AS users
FROM events
WHERE day >= today() - 30
GROUP BY day, name
ORDER BY day, events DESC"""
SHOWN_ROWS = 500
SHOWN_TEXT = 300
RECENT = 12


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(RUN_SQL)
def sql(request: StaffRequest) -> HttpResponseBase:
    """Show the editor; POST runs what stands in it. An address only fills it in."""
    form = SqlForm.read(request.POST if request.method == "POST" else request.GET)
    context: Json = {"form": form, "example": EXAMPLE}
    if request.method == "POST":
        context |= answered(request, form)
    context["fields"] = fields(form)
    context["recent"] = recent(request)
    if is_partial(request):
        response = render(request, "insights/_sql_answer.html", context | {"is_swap": True})
        if form.address():
            response["HX-Push-Url"] = f"{request.path}{form.address()}"
        return response
    rows = max(8, min(24, (form.query or EXAMPLE).count("\n") + 3))
    return render(request, "insights/sql.html", context | browser(request) | {"editor_rows": rows})


@require_POST
@staff_page(RUN_SQL)
def sql_file(request: StaffRequest, kind: FileKind) -> HttpResponseBase:
    """Run the statement and give its rows as a file."""
    form = SqlForm.read(request.POST)
    try:
        frame = run(request, form)
    except PROBLEMS as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain; charset=utf-8")
    rows = [[flat(cell) for cell in row] for row in frame.rows()]
    table = Table("sql", [column.name for column in frame.columns], rows)
    return download(request.user, table, kind, frame.meta.as_of, ZoneInfo("UTC"))


def run(request: StaffRequest, form: SqlForm) -> Frame:
    """Run the statement. Raises PROBLEMS."""
    now = clock.now()
    body = form.body()
    with actions.audited_sql(request.user, body["query"], body["parameters"]):
        return ask("sql", question(request, body, window_of(Range(), now), now))


def answered(request: StaffRequest, form: SqlForm) -> Json:
    try:
        frame = run(request, form)
    except FieldError as problem:
        place = place_of(problem.message, form.query)
        return {"mistake": problem.message, "place": place, "field": problem.field}
    except PROBLEMS as problem:
        return {"problem": problem_of(problem)}
    return {
        "frame": frame,
        "meta": frame.meta,
        "figure": picture(frame),
        "columns": [
            {"name": one["name"], "type": one["type"], "is_number": column.type == "number"}
            for one, column in zip(frame.extra["columns"], frame.columns, strict=True)
        ],
        "rows": [[cell_of(cell) for cell in row] for row in frame.extra["rows"][:SHOWN_ROWS]],
        "count": len(frame.extra["rows"]),
        "is_cut": len(frame.extra["rows"]) > SHOWN_ROWS,
    }


def cell_of(cell: Any) -> Json:
    """Return a cell as text; long ones are cut, the whole in its title."""
    if cell is None:
        return {"text": "", "is_null": True}
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    text = cell if isinstance(cell, str) else as_text(cell)
    cut = len(text) > SHOWN_TEXT
    return {
        "text": text[:SHOWN_TEXT] + "…" if cut else text,
        "title": text[:5_000] if cut else "",
        "is_number": is_number,
    }


def as_text(cell: Any) -> str:
    return orjson.dumps(cell).decode()


def flat(cell: Any) -> Any:
    return as_text(cell) if isinstance(cell, list | dict) else cell


def fields(form: SqlForm) -> list[Json]:
    """Return the fields of the placeholders."""
    return [
        {
            "name": name,
            "type": kind,
            "value": form.values.get(name, ""),
            "hint": "last 30 days" if name in FROM_THE_RANGE else "",
        }
        for name, kind in form.types().items()
    ]


def recent(request: StaffRequest) -> list[Json]:
    """Return the statements that this person ran last, each once."""
    return [
        {"query": one.query, "at": one.run_at, "address": SqlForm(one.query).address()}
        for one in actions.recent_statements(request.user, RECENT)
    ]


def browser(request: StaffRequest) -> Json:
    """Return what the side of the page lists: data sets, events and their properties."""
    seen = catalogue(request)
    maps = {"string": "strings", "number": "numbers", "boolean": "booleans"}
    properties = [
        {"name": name, "type": kind, "sql": f"{maps[kind]}['{quoted(name)}']"}
        for name, kinds in seen.types_of([]).items()
        for kind in kinds
        if kind in maps
    ]
    events = [
        {"name": one["name"], "count": one["count"], "sql": f"'{quoted(one['name'])}'"}
        for one in seen.events
    ]
    return {"data_sets": DATA_SETS.values(), "events": events, "properties": properties}


def quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
