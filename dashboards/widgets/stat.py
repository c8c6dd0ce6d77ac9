"""Numbers, how they moved against the period before, and sparklines; of a funnel its rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analytics.insights.figures.trend import value_text
from dashboards.options import Option
from dashboards.options.colors import for_page
from dashboards.options.common import CALC, VALUES
from dashboards.options.overrides import Subject
from dashboards.options.styling import style_of
from dashboards.readings import Reading, readings
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0
MOST = 60


class Stat:
    kind = "stat"
    label = "Number"
    options = (
        CALC,
        Option("good", "Welcome", "choice", (("up", "More"), ("down", "Less"))),
        Option("sparkline", "Sparkline", "flag", default=True),
        Option("change", "Change against the period before", "flag", default=True),
        Option(
            "color_by", "Color", "choice",
            (("value", "The value"), ("background", "The background"), ("none", "Nothing")),
            help="By thresholds and mappings.",
        ),
        Option(
            "shown_text", "Text", "choice",
            (("auto", "Value, with a name where there are several"), ("value", "Value"),
             ("both", "Value and name"), ("name", "Name")),
        ),
        Option("most", "Values at most", "whole", least=1, most=200),
        *VALUES,
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = conversion(frame, options) if "steps" in frame.extra else readings(frame, options)
        if not found or (all(one.value is None for one in found) and not options.get("no_value")):
            return Drawing(is_empty=True)
        most = int(options.get("most") or MOST)
        figures = [figure(one, options) for one in found[:most]]
        return Drawing(
            template="dashboards/widgets/stat.html",
            context={
                "figures": figures, "is_single": len(figures) == 1,
                "cut": max(0, len(found) - most), "shows": options.get("shown_text") or "auto",
                "is_filled": options.get("color_by") == "background",
            },
            plain=[{"name": one.name, "value": one.value} for one in found],
        )  # fmt: skip


def conversion(frame: Frame, options: Mapping[str, Any]) -> list[Reading]:
    """Return a funnel's overall rate; with a breakdown that of each value."""
    answer = frame.extra
    if not answer["steps"][0]["users"]:
        return []
    earlier = answer.get("compare", {})
    before = {_named(one): _rate(one) for one in earlier.get("breakdown", ())}
    groups = [
        of_rate(_named(one), _rate(one), before.get(_named(one)), options)
        for one in answer.get("breakdown", ())
    ]
    spark = [point["conversion_rate"] for point in answer.get("trend", ())]
    whole = of_rate("Conversion", _rate(answer), _rate(earlier) if earlier else None, options)
    return groups or [replace(whole, points=spark)]


def of_rate(
    name: str, value: float | None, before: float | None, options: Mapping[str, Any]
) -> Reading:
    return Reading(name, value, style_of(options, Subject(name, "number", "ratio")), before)


def _rate(answer: Mapping[str, Any]) -> float | None:
    rate: float | None = answer["steps"][-1]["conversion_rate"]
    return rate


def _named(group: Mapping[str, Any]) -> str:
    return value_text(group["value"])


def figure(one: Reading, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of one number."""
    shows_change = options.get("change") is not False
    links = one.style.links_to(one.value, one.row)
    color = "" if options.get("color_by") == "none" else one.color
    return {
        "name": one.name,
        "value": one.value,
        "text": one.text if one.style.unit or not is_short(one) else "",
        "change": change(one.number, one.before) if shows_change else None,
        "is_welcome": options.get("good", "up") == "up",
        "spark": "" if options.get("sparkline") is False else sparkline(one.points),
        "link": links[0] if links else None,
        **for_page(color),
    }


def is_short(one: Reading) -> bool:
    """Tell whether a number without a unit, a mapping or decimals is said with all its digits."""
    own, number = one.style, one.number
    return (
        number is not None and abs(number) < 1_000_000 and own.decimals is None and not own.mappings
    )


def change(value: float | None, before: float | None) -> float | None:
    """Return the relative change; None where there is nothing to compare with."""
    if value is None or not before:
        return None
    return (value - before) / abs(before)


def sparkline(values: Sequence[float | None]) -> str:
    """Return the points of an SVG polyline; empty below two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = SPARK_WIDTH / (len(known) - 1)
    return " ".join(
        f"{index * step:.1f},{SPARK_HEIGHT - 1 - (value - low) / span * (SPARK_HEIGHT - 2):.1f}"
        for index, value in enumerate(known)
    )


widgets.add(Stat())
