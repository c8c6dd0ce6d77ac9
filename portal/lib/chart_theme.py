"""Dress a plotly figure in the portal's colors, as static/js/lib/chart-theme.js does in the page.

Figures carry no colors of their own: a trace says its series by name and its part by `meta.role`
("compare" or "incomplete") or `meta.state` (a state's color). So one figure serves the screen in
both themes, mail and PDF. Colors and template stand in static/js/lib/palette.json only.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

Theme = Literal["light", "dark"]
Json = dict[str, Any]

PALETTE_FILE = Path(__file__).parents[2] / "static" / "js" / "lib" / "palette.json"
# Chosen so that common names (web, ios, android, desktop, free, pro, ...) come out apart.
HASH_SEED, HASH_PRIME, WORD = 0xE17370FA, 0x01000193, 0xFFFFFFFF
WITHOUT_SERIES = {"heatmap", "indicator"}
DASH_OF_ROLE = {"compare": "dot", "incomplete": "dash"}


class Slot(NamedTuple):
    """A place in the series palette; the round counts how often all eight were used before."""

    place: int
    round: int


@cache
def palette() -> Json:
    parsed: Json = json.loads(PALETTE_FILE.read_text())
    return parsed


def colors(theme: Theme) -> Json:
    """Return the theme's colors by token name, and the fonts."""
    return {**palette()["themes"][theme], **palette()["fonts"]}


def stable_hash(name: str) -> int:
    """Return 32 bits that are the same on every page, in every process and in the browser."""
    value = HASH_SEED
    for byte in name.encode():
        value = ((value ^ byte) * HASH_PRIME) & WORD
    # FNV's low bits follow the letters' low bits; mixing spreads short names over the palette.
    value ^= value >> 16
    value = (value * 0x85EBCA6B) & WORD
    return value ^ (value >> 13)


def assign(names: Iterable[str], size: int = 8) -> dict[str, Slot]:
    """Give each name a slot by its hash; within one chart no slot twice in a round."""
    slots: dict[str, Slot] = {}
    taken: dict[int, set[int]] = {}
    for name in sorted(set(names)):
        turn = len(slots) // size
        used = taken.setdefault(turn, set())
        index = stable_hash(name) % size
        while index in used:
            index = (index + 3) % size
        used.add(index)
        slots[name] = Slot(index, turn)
    return slots


def dress(figure: Mapping[str, Any], theme: Theme = "light") -> Json:
    """Return a copy of the figure with template and colors; what it sets itself stays."""
    shades = colors(theme)
    dressed = copy.deepcopy({"data": [], "layout": {}, **figure})
    dressed["layout"]["template"] = resolve(palette()["template"], shades)
    _name_colors(dressed, shades)
    slots = assign(key for t in dressed["data"] if not (key := series_key(t)).startswith("$"))
    for trace in dressed["data"]:
        _paint(trace, slots, shades)
        _say_name(trace)
    _draw_marks(dressed, shades)
    return dressed


def _name_colors(dressed: Json, shades: Mapping[str, Any]) -> None:
    """Resolve the theme's colors that a figure names: "$warning", "$indigo"."""
    named = {**shades, **dict(zip(palette()["series_names"], shades["series"], strict=True))}
    if "shapes" in dressed["layout"]:
        dressed["layout"]["shapes"] = resolve(dressed["layout"]["shapes"], named)
    for trace in dressed["data"]:
        for key in ("marker", "line", "fillcolor", "colorscale"):
            if key in trace:
                trace[key] = resolve(trace[key], named)
        if (trace.get("meta") or {}).get("colors"):
            trace["meta"]["colors"] = resolve(trace["meta"]["colors"], named)


def resolve(node: Any, shades: Mapping[str, Any]) -> Any:
    """Replace "$name" by the theme's color, all the way down."""
    if isinstance(node, str):
        return shades[node[1:]] if node.startswith("$") else node
    if isinstance(node, list):
        return [resolve(child, shades) for child in node]
    if isinstance(node, dict):
        return {key: resolve(child, shades) for key, child in node.items()}
    return node


def series_key(trace: Mapping[str, Any]) -> str:
    """Return the name that the trace's color follows."""
    meta = trace.get("meta") or {}
    return str(meta.get("series") or trace.get("legendgroup") or trace.get("name") or "")


def color_of(key: str, slots: Mapping[str, Slot], shades: Mapping[str, Any]) -> str:
    if key == "$other":
        return str(shades["other"])
    if key.startswith("$"):
        return str(shades["text_faint"])
    return str(shades["series"][slots[key].place if key in slots else 0])


def _say_name(trace: Json) -> None:
    """Put the word for "$other" on the screen; the color still follows the key."""
    word = palette()["words"].get(trace.get("name"))
    if word:
        trace["meta"] = {"series": series_key(trace), **(trace.get("meta") or {})}
        trace["name"] = word


def _paint(trace: Json, slots: Mapping[str, Slot], shades: Mapping[str, Any]) -> None:
    kind = trace.get("type", "scatter")
    if kind == "pie":
        _paint_parts(trace, shades)
    elif kind == "sankey":
        _paint_flows(trace, shades)
    elif kind == "heatmap" and (trace.get("meta") or {}).get("role") == "plain":
        trace["colorscale"] = [[0, shades["canvas"]], [1, shades["canvas"]]]
    elif kind not in WITHOUT_SERIES:
        meta = trace.get("meta") or {}
        color = shades.get(meta.get("state", "")) or color_of(series_key(trace), slots, shades)
        draw = _paint_line if kind == "scatter" else _paint_bar
        draw(trace, str(color), slots)


def _paint_line(trace: Json, color: str, slots: Mapping[str, Slot]) -> None:
    role = (trace.get("meta") or {}).get("role", "")
    dashes = palette()["dashes"]
    slot = slots.get(series_key(trace))
    dash = DASH_OF_ROLE.get(role) or dashes[(slot.round if slot else 0) % len(dashes)]
    trace["line"] = {"color": color, "dash": dash, **trace.get("line", {})}
    trace["marker"] = {"color": color, **trace.get("marker", {})}
    if role == "compare":
        trace["opacity"] = 0.6
    if trace.get("fill") or trace.get("stackgroup"):
        trace.setdefault("fillcolor", f"{trace['line']['color'][:7]}{_share(trace)}")


def _share(trace: Json) -> str:
    """Return how much of the color is in what is filled, as two hexadecimal digits."""
    fill = (trace.get("meta") or {}).get("fill")
    if fill is None:
        return "59" if trace.get("stackgroup") else "1f"
    return f"{round(fill * 2.55):02x}"


def _paint_bar(trace: Json, color: str, slots: Mapping[str, Slot]) -> None:
    role = (trace.get("meta") or {}).get("role", "")
    trace["marker"] = {"color": color, **trace.get("marker", {})}
    if role:
        trace["opacity"] = 0.35 if role == "compare" else 0.5


def _paint_parts(trace: Json, shades: Mapping[str, Any]) -> None:
    labels = [str(label) for label in trace.get("labels", ())]
    slots = assign(label for label in labels if not label.startswith("$"))
    own = (trace.get("meta") or {}).get("colors") or [""] * len(labels)
    shown = [
        color or color_of(label, slots, shades) for color, label in zip(own, labels, strict=True)
    ]
    trace["marker"] = {"colors": shown, **trace.get("marker", {})}
    trace["labels"] = [palette()["words"].get(label, label) for label in labels]


def _paint_flows(trace: Json, shades: Mapping[str, Any]) -> None:
    """Give a link the color of where it comes from; an end is pale, whatever it comes from."""
    names = [str(name) for name in (trace.get("meta") or {}).get("names", trace["node"]["label"])]
    slots = assign(name for name in names if not name.startswith("$"))
    shown = [color_of(name, slots, shades) for name in names]
    ends = zip(trace["link"]["source"], trace["link"]["target"], strict=True)
    links = [f"{shown[from_]}{'1f' if names[to] == '$end' else '59'}" for from_, to in ends]
    trace["node"] = {"color": shown, **trace["node"]}
    trace["link"] = {"color": links, **trace["link"]}


def _draw_marks(dressed: Json, shades: Mapping[str, Any]) -> None:
    """Draw what happened, `layout.meta.marks`: thin verticals with a flag that says it on hover."""
    layout = dressed["layout"]
    marks = (layout.get("meta") or {}).get("marks", ())
    if not marks:
        return
    whole = {"y0": 0, "y1": 1, "yref": "paper"}
    spans = [
        {"type": "rect", "x0": mark["x"], "x1": mark["x1"], **whole, "opacity": 0.12,
         "fillcolor": shades["text_faint"], "line": {"width": 0}, "layer": "below"}
        for mark in marks if "x1" in mark
    ]  # fmt: skip
    deploys = [mark.get("kind") == "deploys" for mark in marks]
    colors = [shades["accent"] if is_deploy else shades["text_faint"] for is_deploy in deploys]
    lines = [
        {"type": "line", "x0": mark["x"], "x1": mark["x"], **whole,
         "line": {"color": color, "width": 1, "dash": "dot"}}
        for mark, color in zip(marks, colors, strict=True)
    ]  # fmt: skip
    layout["shapes"] = [*layout.get("shapes", ()), *spans, *lines]
    layout["yaxis2"] = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    dressed["data"].append(
        {
            "type": "scatter", "mode": "markers", "x": [mark["x"] for mark in marks],
            "y": [1] * len(marks), "yaxis": "y2", "cliponaxis": False, "showlegend": False,
            "customdata": [mark["text"] for mark in marks],
            "hovertemplate": "%{customdata}<extra></extra>",
            "marker": {
                "symbol": ["diamond" if is_deploy else "triangle-down" for is_deploy in deploys],
                "size": 9,
                "color": [shades["accent" if is_deploy else "text_soft"] for is_deploy in deploys],
            },
            "meta": {"role": "annotation", "series": "$annotation"},
        }
    )  # fmt: skip
