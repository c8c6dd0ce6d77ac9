"""A map of the world: each country in the shade of its number, and the largest by name beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.countries import code_of, names
from dashboards.options import Option
from dashboards.options.colors import for_page
from dashboards.options.common import CALC, VALUES
from dashboards.readings import Reading, readings
from dashboards.widgets import CannotDraw, Drawing, widgets
from portal.store.frame import Frame

USUAL_LIST = 8
FAINTEST = 0.18  # of the shades, so that the smallest number is seen


class WorldMap:
    kind = "map"
    label = "Map by country"
    options = (
        CALC,
        Option("label", "Name of the countries' label or column", help="Left out: the first in which countries stand."),
        Option("listed", "Countries listed", "whole", least=0, most=50, help="The largest, beside the map."),
        *VALUES,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = readings(frame, options)
        if not found:
            return Drawing(is_empty=True)
        summed, elsewhere = by_country(found, str(options.get("label") or ""))
        if not summed:
            raise CannotDraw(
                "There is no country in this answer: name them by ISO code, such as DE or DEU,"
                " or in English."
            )
        style = found[0].style
        shown = [country(code, value, summed, style) for code, value in summed.items()]
        shown.sort(key=lambda one: -one["value"])
        listed = options.get("listed")
        context = {
            "countries": shown,
            "listed": shown[: USUAL_LIST if listed is None else int(listed)],
            "cut": elsewhere,
            "low": style.text(min(summed.values())),
            "high": style.text(max(summed.values())),
            "has_steps": bool(style.steps),
        }
        plain = [{"name": one["name"], "value": one["value"]} for one in shown]
        return Drawing(template="dashboards/widgets/map.html", context=context, plain=plain)


def by_country(found: Sequence[Reading], label: str) -> tuple[dict[str, float], int]:
    """Add values up by country; the second is how many stand for no country."""
    summed: dict[str, float] = {}
    elsewhere = 0
    for one in found:
        code = country_in(one, label)
        if not code:
            elsewhere += 1
        elif one.number is not None:
            summed[code] = summed.get(code, 0.0) + one.number
    return summed, elsewhere


def country_in(one: Reading, label: str) -> str:
    if label:
        return code_of(str(one.row.get(label, "")))
    texts = [one.name, *(cell for cell in one.row.values() if isinstance(cell, str))]
    return next((code for text in texts if (code := code_of(text))), "")


def country(code: str, value: float, summed: Mapping[str, float], style: Any) -> dict[str, Any]:
    low, high = min(0.0, *summed.values()), max(summed.values())
    share = (value - low) / (high - low) if high > low else 1.0
    return {
        "code": code,
        "name": names().get(code, code),
        "value": value,
        "text": style.text(value),
        "share": f"{(FAINTEST + (1 - FAINTEST) * share) * 100:.0f}%",
        "bar": f"{max(0.0, share) * 100:.1f}%",
        **for_page(style.color(value)),
    }


widgets.add(WorldMap())
