"""THE table of builder pages: what is kept of each, and how it is opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.http import QueryDict
from django.urls import Resolver404, resolve, reverse

from analytics.insights.definitions.window import parse_window
from analytics.insights.forms.activity import ActivityForm
from analytics.insights.forms.funnel import FunnelForm
from analytics.insights.forms.paths import PathsForm
from analytics.insights.forms.retention import RetentionForm
from analytics.insights.forms.sessions import SessionsForm
from analytics.insights.forms.shared import Range
from analytics.insights.forms.sql import SqlForm
from analytics.insights.forms.trend import TrendForm
from analytics.insights.keeping import checked, question_of
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL
from portal.store.query import TimeRange

Json = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """What is kept of a page: the API's body with its range, and how the page shows it."""

    definition: Json
    view: Json = field(default_factory=dict)


class Form(Protocol):
    """The state of a builder."""

    @classmethod
    def read(cls, query: QueryDict) -> Self: ...

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], view: Mapping[str, Any]) -> Self: ...

    @property
    def range(self) -> Range: ...

    def body(self, window: TimeRange) -> Json: ...

    def kept_view(self) -> Json: ...

    def address(self, **changes: Any) -> str: ...


@dataclass(frozen=True)
class Page:
    """One kind of insight's page; `name` is its URL's."""

    kind: str
    label: str
    icon: str
    name: str
    keep: Callable[[QueryDict, datetime], Kept]
    reopen: Callable[[Kept, str], str]
    is_whole: bool = False  # can say whatever is kept


def builder(kind: str, label: str, icon: str, name: str, form: type[Form]) -> Page:
    """Describe a page whose form reads definitions and makes them."""

    def keep(query: QueryDict, now: datetime) -> Kept:
        found = form.read(query)
        given = {"from": found.range.default} | found.range.body()
        window = parse_window(given, now, settings.PORTAL_TIME_ZONE)
        return Kept(found.body(window) | given, found.kept_view())

    def reopen(kept: Kept, saved: str) -> str:
        found = form.from_definition(kept.definition, kept.view)
        return found.address(range=Range.from_definition(kept.definition, saved))

    return Page(kind, label, icon, name, keep, reopen)


def keep_sql(query: QueryDict, now: datetime) -> Kept:
    return Kept(SqlForm.read(query).body())


def reopen_sql(kept: Kept, saved: str) -> str:
    return SqlForm.from_definition(kept.definition, saved).address()


PAGES = {
    page.kind: page
    for page in (
        builder("trend", "Trend", "trending-up", "trends", TrendForm),
        builder("funnel", "Funnel", "funnel", "funnels", FunnelForm),
        builder("retention", "Retention", "repeat", "retention", RetentionForm),
        builder("lifecycle", "Lifecycle", "refresh-cw", "lifecycle", ActivityForm),
        builder("stickiness", "Stickiness", "calendar", "stickiness", ActivityForm),
        builder("paths", "Paths", "waypoints", "paths", PathsForm),
        builder("sessions", "Sessions", "clock", "sessions", SessionsForm),
        Page("sql", "SQL", "terminal", "sql", keep_sql, reopen_sql, is_whole=True),
    )
}


def page_at(address: str) -> Page | None:
    """Return the builder page of an address, if it is one's."""
    try:
        name = resolve(urlsplit(address).path).url_name
    except Resolver404:
        return None
    return next((page for page in PAGES.values() if page.name == name), None)


def address_of(kind: str, kept: Kept, now: datetime, saved: str = "") -> str:
    """Return the address of the page that shows an insight.

    Nothing where the page cannot say the same: what a program keeps may hold more than a builder.
    """
    page = PAGES.get(kind)
    if page is None:
        return ""
    if page.is_whole:
        query = page.reopen(kept, saved)
        return f"{reverse(page.name)}{query}" if query else ""
    try:
        meant = says(kind, kept.definition, now)
        query = page.reopen(kept, saved)
        again = page.keep(QueryDict(query.removeprefix("?")), now)
        is_same = says(kind, again.definition, now) == meant
    except FieldError:
        return ""
    return f"{reverse(page.name)}{query}" if query and is_same else ""


def says(kind: str, definition: Json, now: datetime) -> tuple[object, ...]:
    """Return all that a definition asks. Raises FieldError."""
    question, _ = question_of(definition, now, ALL, {})
    return checked(kind, definition, now), question.window, bool(definition.get("compare"))
