"""Bars that lie or stand: each value on one scale, colored by its thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.options import Option
from dashboards.options.colors import for_page
from dashboards.options.common import CALC, VALUES
from dashboards.options.overrides import Subject
from dashboards.options.styling import style_of
from dashboards.readings import Reading, readings
from dashboards.widgets import Drawing, widgets
from dashboards.widgets.gauge import ends, share
from portal.store.frame import Frame

MOST = 100


class BarGauge:
    kind = "bargauge"
    label = "Bar gauge"
    options = (
        CALC,
        Option("standing", "Standing", "flag"),
        Option("unfilled", "Show what is missing to the end", "flag", default=True),
        Option("sort", "Order", "choice", (("", "As asked"), ("largest", "Largest first"), ("name", "By name"))),
        Option("most", "Bars at most", "whole", least=1, most=200),
        *VALUES,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = [one for one in readings(frame, options) if one.value is not None]
        if not found:
            return Drawing(is_empty=True)
        found = in_order(found, str(options.get("sort") or ""))
        most = int(options.get("most") or MOST)
        context = {
            "bars": [bar(one, found) for one in found[:most]],
            "cut": max(0, len(found) - most),
            "is_standing": bool(options.get("standing")),
            "is_unfilled": options.get("unfilled") is not False,
        }
        plain = [{"name": one.name, "value": one.value} for one in found]
        return Drawing(template="dashboards/widgets/bargauge.html", context=context, plain=plain)


def in_order(found: list[Reading], by: str) -> list[Reading]:
    if by == "largest":
        return sorted(found, key=lambda one: -(one.number or 0.0))
    return sorted(found, key=lambda one: one.name.lower()) if by == "name" else found


def bar(one: Reading, found: list[Reading]) -> dict[str, Any]:
    low, high = ends(one, found)
    subject = Subject(one.name, "number", one.style.unit)
    shown = style_of({**one.style.options, "overrides": None}, subject, low=low, high=high)
    links = one.style.links_to(one.value, one.row)
    return {
        "name": one.name,
        "value": one.value,
        "text": one.text,
        "share": f"{share(one.number, low, high) * 100:.1f}%",
        "link": links[0] if links else None,
        **for_page(shown.color(one.value) or "accent"),
    }


widgets.add(BarGauge())
