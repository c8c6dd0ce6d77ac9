"""One panel of Grafana's as a widget. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.box import Box, Fits, Json
from dashboards.grafana.datasources import DASHBOARD, Datasources
from dashboards.grafana.fields import read_fields, read_overrides
from dashboards.grafana.ledger import Given, number_of
from dashboards.grafana.links import link_of
from dashboards.grafana.old_panels import (
    graph_kind,
    read_graph,
    read_old_table,
    read_singlestat,
    singlestat_kind,
)
from dashboards.grafana.pictures import OF_GRAFANA, PICTURES, UNKNOWN, Picture, read_for_all
from dashboards.grafana.targets import Queries, put_queries, read_queries
from dashboards.grafana.text import fenced, markdown_of

OLD: dict[str, Picture] = {
    "graph": Picture(graph_kind, read_graph),
    "graph2": Picture(graph_kind, read_graph),
    "singlestat": Picture(singlestat_kind, read_singlestat),
    "table-old": Picture("table", read_old_table),
}
# What is drawn where a kind is missing.
NEAREST = {
    "pie": "table", "gauge": "stat", "bargauge": "stat", "heatmap": "line", "histogram": "line", "stacked": "area",
}  # fmt: skip
DURATION = re.compile(r"^\d{1,6}(?:ms|s|m|h|d|w|M|y)$")
# What a widget itself says of a panel that is kept as it was.
SAID_BY_THE_WIDGET = frozenset({
    "id", "title", "description", "gridPos", "portal", "repeat", "repeatDirection", "panels",
})  # fmt: skip
LONGEST_TITLE, LONGEST_TEXT, MOST_KEPT = 200, 40_000, 100_000
# What a panel's queries and place are no part of, and no other reader takes.
SHOWN_ONLY = (
    "options",
    "fieldConfig",
    "transformations",
    "yaxes",
    "xaxis",
    "legend",
    "tooltip",
    "styles",
    "yAxis",
    "xAxis",
)


@dataclass
class Around:
    """What a panel is read with: its dashboard's data sources and panels, and what kinds take."""

    sources: Datasources
    fits: Fits
    by_id: dict[Any, Given] = field(default_factory=dict)
    elements: Mapping[str, Any] = field(default_factory=dict)


def widget_of(panel: Given, around: Around) -> Json:
    """Return the widget of a panel; one that the portal cannot show says so itself."""
    panel = with_library(panel, around)
    kind = str(panel.peek("type") or "")
    if kind in ("text", "text2"):
        return of_text(panel, around)
    queries = read_queries(panel, around.sources, targets_of(panel, around))
    picture = picture_of(panel, kind)
    if not queries.asked:
        return of_nothing(panel, kind, queries, around, is_known=picture is not None)
    if picture is None:
        panel.change("type", f"The portal has no {kind or 'such'} panel: shown as a table.")
    elif picture.nearly:
        panel.change("type", picture.nearly)
    return of_queries(panel, queries, picture or UNKNOWN, around)


def picture_of(panel: Given, kind: str) -> Picture | None:
    if kind == "table" and "styles" in panel and "fieldConfig" not in panel:
        return OLD["table-old"]
    if not kind and ("yaxes" in panel or "lines" in panel):
        return OLD["graph"]
    return OLD.get(kind) or PICTURES.get(kind)


def with_library(panel: Given, around: Around) -> Given:
    """Return a library panel's definition in its place, where the export brought it along."""
    if "libraryPanel" not in panel:
        return panel
    library = panel.child("libraryPanel")
    element = around.elements.get(str(library.peek("uid")))
    model = library.peek("model") or (
        element.get("model") if isinstance(element, Mapping) else None
    )
    if not isinstance(model, Mapping):
        return panel
    panel.change("libraryPanel", "Its definition was copied; it is no longer shared.")
    panel.keep("gridPos", "id", "title", "type")
    own = {
        name: panel.values[name] for name in ("gridPos", "id", "title") if panel.values.get(name)
    }
    return Given({**model, **own}, (*panel.path, "libraryPanel", "model"), panel.ledger)


def targets_of(panel: Given, around: Around) -> list[Given]:
    """Return the queries of the panel whose answer this one shows again, if it does."""
    targets = panel.children("targets")
    if around.sources.read(panel.peek("datasource")).type != DASHBOARD or not targets:
        return targets
    shared = around.by_id.get(targets[0].peek("panelId"))
    if shared is None:
        return targets
    panel.change("targets", "It asks the same queries again as the panel that it shows.")
    panel.keep("datasource")
    return [
        Given(
            {**one.values, "datasource": one.peek("datasource") or shared.peek("datasource")},
            one.path,
            one.ledger,
        )
        for one in shared.children("targets")
    ]


def of_queries(panel: Given, queries: Queries, picture: Picture, around: Around) -> Json:
    wanted = picture.kind_of(panel)
    kind = wanted if around.fits.kind(wanted) else NEAREST.get(wanted, "table")
    if kind != wanted:
        panel.change("type", f"Drawn as {kind}: the portal has no {wanted} yet.")
    box = Box(kind, around.fits)
    query = put_queries(box, queries)
    read_values(box, panel)
    picture.read(box, panel)
    read_for_all(box, panel)
    read_overrides(box, panel.child("fieldConfig"))
    read_transformations(box, panel)
    renamed(box, queries)
    read_time(box, panel)
    if queries.kept:
        keep_for_export(box, panel, {"targets": queries.kept})
    panel.keep("type")
    description = "\n\n".join([described(panel), *(said(*one) for one in queries.foreign)]).strip()
    return widget(panel, box.config, "promql", query, description, kind=box.kind)


def read_values(box: Box, panel: Given) -> None:
    """Read how values are shown; schemas before 25 kept that among the options."""
    options, old = panel.child("options"), panel.child("options").child("fieldOptions")
    if "fieldOptions" in options:
        read_fields(box, old.child("defaults"))
        for name in ("values", "override", "overrides", "calcs"):
            old.keep(name) if not isinstance(
                old.peek(name), list | dict
            ) or name == "calcs" else None
        calcs = old.texts("calcs")
        if calcs:
            box.add("calc", calcs[0])
    if "valueOptions" in options:
        read_fields(box, options.child("valueOptions"))
    read_fields(box, panel.child("fieldConfig").child("defaults"))


def read_transformations(box: Box, panel: Given) -> None:
    found = []
    for one in panel.children("transformations"):
        name, options = one.peek("id"), one.peek("options")
        if isinstance(name, str) and box.fits.transformation(name):
            made: Json = {
                "id": name,
                "options": dict(options) if isinstance(options, Mapping) else {},
            }
            if one.peek("disabled") is True:
                made["disabled"] = True
            if isinstance(one.peek("filter"), Mapping):
                made["filter"] = one.peek("filter")
            found.append(made)
            one.keep("id", "options", "disabled", "filter", "topic")
        elif isinstance(name, str):
            path = one.path
            one.ledger.told.setdefault(path, ("lost", f"The portal has no transformation {name}."))
    if found and not box.add("transformations", found):
        panel.lose("transformations")


def renamed(box: Box, queries: Queries) -> None:
    """Follow a first query that became query A: "Value #B" is then "Value #A"."""
    first = next(iter(sorted(queries.asked, key=lambda one: one["ref"] != "A")), None)
    old = str(first.get("was", "")) if first else ""
    if not old:
        return
    for name in ("transformations", "overrides"):
        if name in box.config:
            box.config[name] = with_ref(box.config[name], old)


def with_ref(value: Any, old: str) -> Any:
    if isinstance(value, str):
        return re.sub(rf"(Value #){re.escape(old)}(?=$|\W)", r"\g<1>A", value)
    if isinstance(value, list):
        return [with_ref(one, old) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("by") == "query" and value.get("value") == old:
        return {**value, "value": "A"}
    return {with_ref(name, old): with_ref(one, old) for name, one in value.items()}


def read_time(box: Box, panel: Given) -> None:
    """Read a range of its own, a shift, repeating and links: what panels of all types have."""
    for name, option in (("timeFrom", "time_from"), ("timeShift", "time_shift")):
        told = panel.peek(name)
        if isinstance(told, str) and DURATION.match(told):
            box.put(panel, name, option, told)
        else:
            panel.lose(name, "This must be a length of time such as 24h.")
    read_repeat(box, panel)
    links = [found for one in panel.children("links") if (found := link_of(one)) is not None]
    if links:
        box.add("links", [*box.config.get("links", []), *links])
    if panel.peek("transparent") is True:
        box.add("transparent", True)
    if panel.child("options").peek("orientation") != "auto":
        panel.child("options").lose("orientation", "Values stand where there is room for them.")
    panel.lose("interval", "The step fits the range and the width of the picture.")
    panel.lose("maxDataPoints", "A picture has as many points as its width has room for.")


def read_repeat(box: Box, panel: Given) -> None:
    name = panel.peek("repeat")
    if not isinstance(name, str) or not name:
        return
    direction = "v" if panel.peek("repeatDirection") == "v" else "h"
    if box.add("repeat", {"variable": name, "direction": direction}):
        panel.keep("repeat", "repeatDirection")
        panel.lose("maxPerRow", "As many stand beside each other as there is room for.")


def of_text(panel: Given, around: Around) -> Json:
    options = panel.child("options") if "content" in panel.child("options") else panel
    mode, content = options.peek("mode"), options.peek("content")
    text = (content if isinstance(content, str) else "").replace("\0", "")
    options.keep("content", "mode")
    if mode == "html":
        text = markdown_of(text)
        options.change("mode", "HTML is shown as text with headings, lists and links.")
    elif mode in ("code", "text"):
        language = str(options.child("code").peek("language") or "")
        options.child("code").keep("language", "showLineNumbers", "showMiniMap")
        text = (
            fenced(language if language.isalnum() and language != "plaintext" else "", text)
            if mode == "code"
            else text
        )
    box = Box("text", around.fits)
    read_repeat(box, panel)
    if panel.peek("transparent") is True:
        box.add("transparent", True)
    panel.keep("type", "targets", "datasource", "fieldConfig")
    return widget(panel, box.config, "text", text[:LONGEST_TEXT], described(panel), kind="text")


def of_nothing(
    panel: Given, kind: str, queries: Queries, around: Around, *, is_known: bool
) -> Json:
    """Return a box in words for a panel that the portal cannot ask or has not."""
    if queries.foreign:
        text = "\n\n".join(said(*one) for one in queries.foreign)
        panel.change("type", "Its queries are for another data source: their text is shown.")
    elif kind in OF_GRAFANA or not is_known:
        text = f"This was a panel of the type `{kind or 'unknown'}` in Grafana, which the portal does not have."
        panel.change("type", f"The portal has no {kind or 'such'} panel: the box says so.")
    else:
        text = f"This was a panel of the type `{kind}` in Grafana without a query that the portal can ask."
        panel.change("type", "It has no query: the box says so.")
    for name in SHOWN_ONLY:
        panel.lose(name, "The panel is shown in words.")
    config = kept_whole(panel, around)
    return widget(panel, config, "text", text[:LONGEST_TEXT], described(panel), kind="text")


def kept_whole(panel: Given, around: Around) -> Json:
    """Return a config that holds a panel as it was, so that an export gives it back."""
    box = Box("text", around.fits)
    whole = {name: one for name, one in panel.values.items() if name not in SAID_BY_THE_WIDGET}
    keep_for_export(box, panel, whole)
    read_repeat(box, panel)
    return box.config


def keep_for_export(box: Box, panel: Given, whole: Json) -> None:
    if len(json.dumps(whole, ensure_ascii=False)) > MOST_KEPT:
        why = f"It has more than {MOST_KEPT:,} characters: the box is all that is kept of it."
        panel.ledger.told[(*panel.path, "type")] = ("changed", why)
    else:
        box.add("extra", {"grafana": whole})


def said(name: str, query: str) -> str:
    shown = re.sub(r"[`*_\n]", "", name)[:60]
    return f"This asks **{shown}**, which the portal cannot:\n\n{fenced('', query)}"


def described(panel: Given) -> str:
    return panel.text("description").replace("\0", "")[:LONGEST_TEXT]


def widget(
    panel: Given, config: Json, source: str, query: str, description: str, *, kind: str
) -> Json:
    title = panel.text("title").replace("\0", "").strip()
    if len(title) > LONGEST_TITLE:
        panel.change("title", f"A title has {LONGEST_TITLE} characters at most.")
    return {
        "title": title[:LONGEST_TITLE], "description": description[:LONGEST_TEXT], "source": source, "query": query,
        "config": {"kind": kind, **config},
    }  # fmt: skip


def row_of(row: Given, fits: Fits, *, is_collapsed: bool) -> Json:
    """Return the widget of a row: it folds what stands below it."""
    if not fits.kind("row"):
        row.change("type", "The portal has no rows yet: a title stands there.")
        return widget(row, {}, "text", row.text("title"), described(row), kind="text")
    box = Box("row", fits, {"collapsed": is_collapsed})
    row.keep("collapsed", "collapse", "type", "gridPos")
    read_repeat(box, row)
    return widget(row, box.config, "text", "", described(row), kind="row")


def is_copy(panel: Given) -> bool:
    """Tell whether Grafana made this panel itself, by repeating another one."""
    is_repeated = (
        number_of(panel.peek("repeatPanelId")) is not None or panel.peek("repeatedByRow") is True
    )
    return is_repeated and "repeat" not in panel
