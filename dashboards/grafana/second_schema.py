"""Grafana's second schema, of elements and layouts, as a dashboard of the first. Pure.

What it says is the same in other places, so that one reader serves both; what only the second one has
(tabs, conditions) is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.box import Json
from dashboards.grafana.ledger import Line, number_of, short

COLUMNS, PIXELS_A_ROW, USUAL_COLUMNS = 24, 38, 3
ROW_HEIGHTS = {"short": 5, "standard": 8, "tall": 13}
DEEPEST = 12  # layouts within layouts
MIXED = {"type": "datasource", "uid": "-- Mixed --"}
KINDS = {
    "QueryVariable": "query", "CustomVariable": "custom", "IntervalVariable": "interval", "ConstantVariable": "constant",
    "TextVariable": "textbox", "DatasourceVariable": "datasource", "AdhocVariable": "adhoc", "GroupByVariable": "groupby",
    "SwitchVariable": "switch",
}  # fmt: skip
SORTS = (
    "disabled", "alphabeticalAsc", "alphabeticalDesc", "numericalAsc", "numericalDesc", "alphabeticalCaseInsensitiveAsc",
    "alphabeticalCaseInsensitiveDesc", "naturalAsc", "naturalDesc",
)  # fmt: skip
CONDITION = "What it says is always shown: there are no conditions here."
TABS = "Tabs stand below each other as rows."


def is_second_schema(value: Any) -> bool:
    """Tell whether a resource, or the dashboard in it, is of the second schema."""
    if not isinstance(value, Mapping):
        return False
    version = str(value.get("apiVersion") or "")
    is_named = version.startswith("dashboard.grafana.app/v2") or value.get("kind") == "DashboardV2"
    return is_named or ("elements" in value and "layout" in value)


def as_first_schema(spec: Mapping[str, Any]) -> tuple[Json, list[Line]]:
    """Return the dashboard in the first schema's shape, and what that cannot say."""
    times = inner(spec, "timeSettings")
    reader = _Layouts(inner(spec, "elements"))
    panels, _ = reader.read(inner(spec, "layout"), 0, "layout")
    board: Json = {
        **{name: spec.get(name) for name in ("title", "description", "tags", "links", "portal")},
        "schemaVersion": 42,
        "time": {"from": times.get("from"), "to": times.get("to")},
        "timezone": times.get("timezone"),
        "refresh": times.get("autoRefresh"),
        "annotations": {"list": [annotation_of(one) for one in specs(spec, "annotations")]},
        "templating": {"list": [variable_of(one) for one in items(spec, "variables")]},
        "panels": panels,
    }
    return {name: one for name, one in board.items() if one is not None}, reader.lines


def inner(value: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return the object that stands there; an empty one where none does."""
    for name in names:
        found = value.get(name)
        value = found if isinstance(found, Mapping) else {}
    return value


def items(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = value.get(name)
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def specs(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [inner(one, "spec") for one in items(value, name)]


def annotation_of(spec: Mapping[str, Any]) -> Json:
    return {**spec, "builtIn": 1 if spec.get("builtIn") is True else 0}


def variable_of(variable: Mapping[str, Any]) -> Json:
    spec, kind = inner(variable, "spec"), str(variable.get("kind"))
    found: Json = {**spec, "type": KINDS.get(kind, kind)}
    found["hide"] = {"hideLabel": 1, "hideVariable": 2}.get(str(spec.get("hide")), 0)
    found["sort"] = SORTS.index(spec["sort"]) if spec.get("sort") in SORTS else 0
    found.pop("refresh", None)
    if kind == "DatasourceVariable":
        found["query"] = spec.get("pluginId")
        found.pop("pluginId", None)
    elif kind == "QueryVariable":
        asked = inner(spec, "query", "spec")
        found["query"] = asked.get("__legacyStringValue") or dict(asked)
        found["datasource"] = datasource_of(inner(spec, "query"))
    return found


def datasource_of(query: Mapping[str, Any]) -> Json | None:
    """Return whom a query asks: the kind stood in `kind` before it stood in `group`."""
    kind = query.get("group") or (query.get("kind") if query.get("kind") != "DataQuery" else "")
    found = {"type": kind, "uid": inner(query, "datasource").get("name")}
    return {name: one for name, one in found.items() if one} or None


def panel_of(element: Mapping[str, Any]) -> Json:
    spec = inner(element, "spec")
    panel = {
        name: spec[name]
        for name in ("id", "title", "description", "links", "transparent")
        if name in spec
    }
    if element.get("kind") == "LibraryPanel":
        return panel | {"libraryPanel": dict(inner(spec, "libraryPanel"))}
    picture, asked = inner(spec, "vizConfig"), inner(spec, "data", "spec")
    targets = [target_of(one) for one in specs(asked, "queries")]
    sources = [one.get("datasource") for one in targets]
    panel |= {
        **inner(asked, "queryOptions"),
        "type": picture.get("group") or picture.get("kind"),
        "options": dict(inner(picture, "spec", "options")),
        "fieldConfig": dict(inner(picture, "spec", "fieldConfig")),
        "targets": targets,
        "transformations": [transformation_of(one) for one in items(asked, "transformations")],
    }
    if sources:
        panel["datasource"] = sources[0] if all(one == sources[0] for one in sources) else MIXED
    return panel


def target_of(spec: Mapping[str, Any]) -> Json:
    query = inner(spec, "query")
    found = {**inner(query, "spec"), "refId": spec.get("refId")}
    datasource = datasource_of(query) or dict(inner(spec, "datasource"))
    if spec.get("hidden") is True:
        found["hide"] = True
    return found | {"datasource": datasource} if datasource else found


def transformation_of(one: Mapping[str, Any]) -> Json:
    spec = inner(one, "spec")
    return {**spec, "id": one.get("group") or spec.get("id") or one.get("kind")}


@dataclass
class _Layouts:
    """Reads layouts into panels with places, from the top down."""

    elements: Mapping[str, Any]
    lines: list[Line] = field(default_factory=list)

    def read(self, layout: Mapping[str, Any], top: int, path: str) -> tuple[list[Json], int]:
        """Return a layout's panels, and where what stands below them begins."""
        kind, spec = layout.get("kind"), inner(layout, "spec")
        if path.count("layout") > DEEPEST:
            self.lines.append(Line(path, "lost", "It is nested too deep.", short(layout)))
            return [], top
        if kind in ("RowsLayout", "TabsLayout"):
            name = "rows" if kind == "RowsLayout" else "tabs"
            if name == "tabs":
                self.lines.append(Line(f"{path}.spec.tabs", "changed", TABS))
            return self.rows(specs(spec, name), top, f"{path}.spec.{name}")
        placed = auto_grid if kind == "AutoGridLayout" else grid
        return self.placed(list(placed(spec)), top, path)

    def rows(self, rows: list[Mapping[str, Any]], top: int, path: str) -> tuple[list[Json], int]:
        found: list[Json] = []
        for index, row in enumerate(rows):
            at = f"{path}[{index}].spec"
            self.conditions(row, at)
            is_shown = row.get("hideHeader") is not True
            panels, below = self.read(inner(row, "layout"), top + is_shown, f"{at}.layout")
            if not is_shown:
                found, top = [*found, *panels], below
                continue
            made = {"type": "row", "title": row.get("title"), "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1}, **repeat_of(row)}  # fmt: skip
            # The first schema keeps no rows within a folded row.
            is_folded = row.get("collapse") is True and all(one["type"] != "row" for one in panels)
            made |= {"collapsed": is_folded, "panels": panels if is_folded else []}
            found, top = [*found, made, *([] if is_folded else panels)], below
        return found, top

    def placed(
        self, places: list[tuple[Mapping[str, Any], Json]], top: int, path: str
    ) -> tuple[list[Json], int]:
        """Return the panels at their places; an element that is missing says so itself."""
        found, below = [], top
        for spec, place in places:
            self.conditions(spec, path)
            name = str(inner(spec, "element").get("name"))
            panel = {"type": "", "title": name} | panel_of(inner(self.elements, name))
            place["y"] += top
            below = max(below, place["y"] + place["h"])
            found.append(panel | {"gridPos": place} | repeat_of(spec))
        return found, below

    def conditions(self, spec: Mapping[str, Any], path: str) -> None:
        if spec.get("conditionalRendering"):
            value = short(spec["conditionalRendering"])
            self.lines.append(Line(f"{path}.conditionalRendering", "lost", CONDITION, value))


def repeat_of(spec: Mapping[str, Any]) -> Json:
    found = inner(spec, "repeat")
    told = {
        "repeat": found.get("value"),
        "repeatDirection": found.get("direction"),
        "maxPerRow": found.get("maxPerRow"),
    }
    return {name: one for name, one in told.items() if one}


def grid(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Json]]:
    for item in specs(spec, "items"):
        told = {
            name: number_of(item.get(long))
            for name, long in (("x", "x"), ("y", "y"), ("w", "width"), ("h", "height"))
        }
        usual = {"x": 0, "y": 0, "w": COLUMNS // 2, "h": 8}
        yield (
            item,
            {
                name: usual[name] if one is None else min(max(int(one), 0), 100_000)
                for name, one in told.items()
            },
        )


def auto_grid(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Json]]:
    """Place panels of one size beside each other, as many as there are columns."""
    columns = min(max(int(number_of(spec.get("maxColumnCount")) or USUAL_COLUMNS), 1), COLUMNS)
    pixels = number_of(spec.get("rowHeight"))
    height = ROW_HEIGHTS.get(str(spec.get("rowHeightMode")), 8)
    if pixels is not None:
        height = min(max(round(pixels / PIXELS_A_ROW), 2), 100)
    for index, item in enumerate(specs(spec, "items")):
        x, y = index % columns, index // columns
        yield (
            item,
            {"x": x * (COLUMNS // columns), "y": y * height, "w": COLUMNS // columns, "h": height},
        )
