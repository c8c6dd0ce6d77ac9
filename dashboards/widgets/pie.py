"""Parts of a whole, as a ring or a full circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.colors import for_plotly
from dashboards.options.common import CALC, LEGEND, VALUES
from dashboards.readings import Reading, readings
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

MOST = 12  # parts beyond are summed up: more nobody tells apart
REST = "$other"


class Pie:
    kind = "pie"
    label = "Pie"
    options = (
        CALC,
        Option("full", "A full circle instead of a ring", "flag"),
        Option("part_text", "On the parts", "choice", (("none", "Nothing"), ("percent", "Percent"), ("value", "Value"), ("name", "Name"))),
        Option("part_values", "In the legend", "choices", (("value", "Value"), ("percent", "Percent"))),
        Option("most", "Parts at most", "whole", least=1, most=50),
        *LEGEND[:1], *VALUES,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = [one for one in readings(frame, options) if (one.number or 0) > 0]
        if not found:
            return Drawing(is_empty=True)
        shown = parts(found, int(options.get("most") or MOST))
        total = sum(value for _, value, _, _ in shown)
        trace: dict[str, Any] = {
            "type": "pie",
            "labels": [name for name, *_ in shown],
            "values": [value for _, value, _, _ in shown],
            "customdata": [text for _, _, text, _ in shown],
            "hovertemplate": "%{label}: %{customdata}, %{percent}<extra></extra>",
            "meta": {"calcs": [said(one, total, options) for one in shown]},
            **texts(options),
        }
        colors = [color for *_, color in shown]
        if any(colors):
            trace["meta"]["colors"] = [for_plotly(color) for color in colors]
        if options.get("full"):
            trace["hole"] = 0
        position = options.get("legend_position") or "right"
        heads = [HEADS[name] for name in options.get("part_values") or ("value", "percent")]
        meta = {"legend": {"position": position, "calcs": heads}}
        figure = {"data": [trace], "layout": {"meta": meta}}
        plain = [{"name": one.name, "value": one.value} for one in found]
        return Drawing(figure=figure, plain=plain)


HEADS = {"value": "Value", "percent": "Share"}
Shown = tuple[str, float, str, str]


def parts(found: Sequence[Reading], most: int) -> list[Shown]:
    """Return name, value, its text and color, the largest first, the rest summed up."""
    ordered = sorted(found, key=lambda one: -(one.number or 0.0))
    kept = [(one.name, one.number or 0.0, one.text, one.color) for one in ordered[:most]]
    rest = sum(one.number or 0.0 for one in ordered[most:])
    return [*kept, (REST, rest, ordered[0].style.text(rest), "")] if rest else kept


def said(one: Shown, total: float, options: Mapping[str, Any]) -> list[str]:
    """Return a part's words for the legend."""
    _, value, text, _ = one
    words = {"value": text, "percent": f"{value / total * 100:.0f} %" if total else ""}
    return [words[name] for name in options.get("part_values") or ("value", "percent")]


def texts(options: Mapping[str, Any]) -> dict[str, Any]:
    wanted = options.get("part_text") or "none"
    template = {"percent": "%{percent}", "value": "%{customdata}", "name": "%{label}"}.get(wanted)
    return {"texttemplate": template, "textinfo": "text"} if template else {}


widgets.add(Pie())
