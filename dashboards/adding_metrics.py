"""Make a widget of what Explore metrics shows: all its queries, drawn as they are there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import QueryDict
from django.urls import Resolver404, resolve

from analytics.promql.errors import BadQuery
from analytics.promql.exploring.form import LETTERS, USUAL_RANGE, ExploreForm, Line
from analytics.promql.parse import parse
from dashboards.actions import NewWidget
from dashboards.widgets import widgets
from portal.lib.field_error import FieldError

PAGE = "explore-metrics"
# What each view of the page is on a dashboard; the first of the others is what it was drawn as.
DRAWN_AS = {"lines": "line", "stacked": "area", "table": "table", "stat": "stat"}
SIZES = {"stat": (6, 3), "table": (12, 7)}
USUAL_SIZE = (12, 6)


def shown_at(address: str) -> ExploreForm | None:
    """Return what Explore metrics shows at an address; nothing for an address of another page.

    Raises FieldError for one that says what cannot be, or asks nothing yet.
    """
    parts = urlsplit(address)
    try:
        if resolve(parts.path).url_name != PAGE:
            return None
    except Resolver404:
        return None
    form = ExploreForm.read(QueryDict(parts.query))
    if not any(line.text.strip() for line in form.lines):
        raise FieldError("query", "Write a query first.")
    for line in form.lines:
        check(line)
    return form


def check(line: Line) -> None:
    if "$" in line.text or not line.text.strip():
        return
    try:
        parse(line.text)
    except BadQuery as problem:
        raise FieldError("query", f"Query {line.letter} is not PromQL: {problem}.") from problem


def drawings(form: ExploreForm) -> list[tuple[str, str]]:
    """Return what the queries can be drawn as, (kind, label), what the page shows first."""
    first = DRAWN_AS[form.view]
    known = [first, *(kind for kind in ("line", "area", "bar", "stat", "table") if kind != first)]
    return [(kind, widgets.get(kind).label) for kind in known if kind in widgets]


def widget_of(title: str, form: ExploreForm, drawn_as: str = "") -> NewWidget:
    """Return a widget that asks the page's queries, over the dashboard's own range. Raises FieldError."""
    choices = [kind for kind, _ in drawings(form)]
    drawn_as = drawn_as or choices[0]
    if drawn_as not in choices:
        raise FieldError("drawn_as", f"This must be one of: {', '.join(choices)}.")
    first, *others = [line for line in form.lines if line.text.strip()]
    config: dict[str, Any] = {}
    if not first.is_shown:
        config["hide_first"] = True
    if others:
        config["also"] = [also(line, ref) for line, ref in zip(others, LETTERS[1:], strict=False)]
    if form.step:
        config["step"] = form.step
    if form.server:
        config["server"] = form.server
    w, h = SIZES.get(drawn_as, USUAL_SIZE)
    return NewWidget(title, drawn_as, "promql", first.text, w, h, config=config)


def also(line: Line, ref: str) -> dict[str, Any]:
    return {"query": line.text, "ref": ref} | ({} if line.is_shown else {"hidden": True})


def starts_of(form: ExploreForm) -> str:
    """Return the relative range of the page, for a dashboard that is made for it."""
    begin = form.chosen.get("from", USUAL_RANGE)
    return begin if begin.startswith("-") else ""
