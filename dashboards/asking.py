"""What a widget asks of the sources: its queries, each over the widget's own range."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from string import ascii_uppercase
from typing import Any
from zoneinfo import ZoneInfo

from analytics.insights.keeping import OTHERWISE
from dashboards.durations import BadDuration, length_of
from dashboards.joining import Part
from dashboards.models import Widget
from dashboards.options.calcs import named
from dashboards.variables.asking import server_id
from portal.lib.row_rights import RowRights
from portal.lib.time_range import Chosen
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask, dataset

FOR_PROMQL = ("server", "step", "width", "legend", "unit", "instant")  # in a widget's config
# These show one value a series, as of the end.
OF_THE_END = {"stat", "gauge", "bargauge", "pie"}
TABLES = {"table", "map"}


class CannotShow(Exception):
    """A widget cannot be shown; the text says why and what to do."""


@dataclass(frozen=True)
class Span:
    """The range that a widget shows; `note` says how it differs from the dashboard's."""

    window: TimeRange
    is_all: bool = False
    note: str = ""


def span_of(config: Mapping[str, Any], chosen: Chosen) -> Span:
    """Return the range of a widget: the dashboard's, or its own, shifted back. Raises CannotShow."""
    start, end, notes = chosen.start, chosen.end, []
    try:
        if config.get("time_from"):
            start = end - length_of(str(config["time_from"]))
            notes.append(f"Last {config['time_from']}")
        shift = length_of(str(config["time_shift"])) if config.get("time_shift") else timedelta()
    except BadDuration as problem:
        raise CannotShow(str(problem)) from problem
    if shift:
        notes.append(f"{config['time_shift']} earlier")
    window = TimeRange(start - shift, end - shift, chosen.zone)
    return Span(window, chosen.is_all and not config.get("time_from"), ", ".join(notes))


@dataclass(frozen=True)
class Ask:
    """One of a widget's queries: its letter, and the widget as if it were the only one."""

    ref: str
    widget: Widget
    is_hidden: bool = False


def asks_of(widget: Widget) -> Iterator[Ask]:
    """Return a widget's queries; hidden ones are asked for transformations only."""
    config = widget.config
    others = config.get("also") or ()
    if widget.query.strip() or not others:
        yield Ask("A", widget, bool(others and config.get("hide_first")))
    taken = {"A", *(str(one.get("ref")) for one in others if one.get("ref"))}
    free = (letter for letter in ascii_uppercase if letter not in taken)
    for one in others:
        own = {name: one[name] for name in FOR_PROMQL if name in one}
        kept = {name: value for name, value in config.items() if name not in ("legend", "instant")}
        yield Ask(
            str(one.get("ref") or next(free)),
            _as(widget, str(one.get("query", "")), {**kept, **own}),
            bool(one.get("hidden")),
        )


def _as(widget: Widget, query: str, config: dict[str, Any]) -> Widget:
    """Return a widget, never saved, that asks another query."""
    return Widget(
        key=widget.key, kind=widget.kind, source=widget.source, query=query, config=config
    )


def parts_of(asks: Sequence[Ask], span: Span, now: datetime, rights: RowRights) -> list[Part]:
    """Ask each query. Raises CannotShow, FieldError, UnknownKind, client.QueryFailed, ..."""
    return [
        Part(one.ref, local(asked_for(one.widget, span.window, now, rights), span.window.tzinfo))
        for one in asks
    ]


def asked_for(widget: Widget, window: TimeRange, now: datetime, rights: RowRights) -> Frame:
    kind, params = asked(widget)
    if kind == "trend":
        params.setdefault("interval", interval_for(window.end - window.start))
    return ask(kind, Question(params=params, window=window, as_of=now, rights=rights))


def local(frame: Frame, zone: ZoneInfo) -> Frame:
    """Return an answer with its times on the clock of a zone."""
    values = tuple(
        in_zone(cells, zone) if column.type == "time" else cells
        for column, cells in zip(frame.columns, frame.values, strict=True)
    )
    return replace(frame, values=values)


def in_zone(cells: Sequence[Any], zone: ZoneInfo) -> Sequence[Any]:
    if zone.key == "UTC" and all(getattr(cell, "tzinfo", UTC) is UTC for cell in cells):
        return cells
    # Series share their times: each is converted once.
    found = {
        cell: cell.astimezone(zone) if isinstance(cell, datetime) and cell.tzinfo else cell
        for cell in set(cells)
    }
    return [found[cell] for cell in cells]


def interval_for(length: timedelta) -> str:
    """Choose buckets that give a readable number of points."""
    steps = ((3, "minute"), (24 * 8, "hour"), (24 * 190, "day"), (24 * 750, "week"))
    hours = length.total_seconds() / 3600
    return next((name for limit, name in steps if hours <= limit), "month")


def asked(widget: Widget) -> tuple[str, dict[str, Any]]:
    """Return the source's kind and parameters that a widget's query names."""
    if widget.source == "dataset":
        return dataset(widget.query), {}
    if widget.source == "sql":
        return "sql", {"query": widget.query, "parameters": widget.config.get("parameters") or {}}
    if widget.source == "promql":
        return "promql", of_metrics(widget)
    if widget.source != "insight":
        raise CannotShow(f"This portal has no source “{widget.source}” yet.")
    kind, definition = insight_of(widget)
    return kind, {name: value for name, value in definition.items() if name not in OTHERWISE}


def of_metrics(widget: Widget) -> dict[str, Any]:
    """Return what a widget asks in PromQL: over time, but for a table as of the range's end."""
    found = {name: widget.config[name] for name in FOR_PROMQL if name in widget.config}
    if isinstance(found.get("server"), str):
        # What a variable chose: the portal's own samples are no server of their own.
        found["server"] = server_id(found["server"])
    found.setdefault("instant", widget.kind in TABLES)
    return {**found, "query": widget.query, "latest": latest_of(widget)}


def latest_of(widget: Widget) -> str:
    """Return how the moments end with the range: with one more that is the end, or (a total has
    to have each moment once) all alike.
    """
    if widget.kind not in OF_THE_END:
        return ""
    config = widget.config
    overrides = [one.get("options") or {} for one in config.get("overrides") or ()]
    calcs = {named(str(one.get("calc") or "last")) for one in (config, *overrides)}
    return "last" if calcs == {"last"} and not config.get("transformations") else "all"


def insight_of(widget: Widget) -> tuple[str, dict[str, Any]]:
    """Return the kind and the definition that a widget's query holds.

    The definition stands under `definition` (a retention has a `kind` of its own), or beside the
    kind. Raises CannotShow.
    """
    try:
        given = json.loads(widget.query)
        kind = given.pop("kind")
        definition = dict(given.get("definition", given))
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise CannotShow("The query is not an insight's JSON definition with a kind.") from problem
    return kind, definition
