"""One number, how it moved against the period before, and a sparkline; of a funnel its rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.insights.figures.trend import value_text
from dashboards.series import Line, lines, unit_of
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0


class Stat:
    """Options: `show` (total, last), `unit`, `good` (up, down: which way is welcome)."""

    kind = "stat"
    label = "Number"

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        if "steps" in frame.extra:
            return conversion(frame, options)
        found = lines(frame)
        current = [line for line in found if not line.is_compare]
        if not current:
            return Drawing(is_empty=True)
        before = {line.name: line for line in found if line.is_compare}
        unit = options.get("unit") or unit_of(frame)
        figures = [figure(line, before.get(line.name), options, unit) for line in current]
        return drawing(figures)


def drawing(figures: list[dict[str, Any]]) -> Drawing:
    return Drawing(
        template="dashboards/widgets/stat.html",
        context={"figures": figures, "is_single": len(figures) == 1},
        plain=[{"name": one["name"], "value": one["value"]} for one in figures],
    )


def conversion(frame: Frame, options: Mapping[str, Any]) -> Drawing:
    """Draw a funnel's overall rate; with a breakdown that of each value."""
    answer = frame.extra
    if not answer["steps"][0]["users"]:
        return Drawing(is_empty=True)
    earlier = answer.get("compare", {})
    spark = [point["conversion_rate"] for point in answer.get("trend", ())]
    before = {_named(one): _rate(one) for one in earlier.get("breakdown", ())}
    figures = [
        of_rate(_named(one), _rate(one), before.get(_named(one)), options, spark=())
        for one in answer.get("breakdown", ())
    ]
    whole = of_rate(
        "Conversion", _rate(answer), _rate(earlier) if earlier else None, options, spark=spark
    )
    return drawing(figures or [whole])


def of_rate(
    name: str,
    value: float | None,
    before: float | None,
    options: Mapping[str, Any],
    *,
    spark: Sequence[float | None],
) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": "ratio",
        "change": change(value, before),
        "is_welcome": options.get("good", "up") == "up",
        "spark": sparkline(spark),
    }


def _rate(answer: Mapping[str, Any]) -> float | None:
    rate: float | None = answer["steps"][-1]["conversion_rate"]
    return rate


def _named(group: Mapping[str, Any]) -> str:
    return value_text(group["value"])


def figure(
    line: Line, before: Line | None, options: Mapping[str, Any], unit: str
) -> dict[str, Any]:
    value = shown(line, options)
    return {
        "name": line.name,
        "value": value,
        "unit": unit_for(line.name, unit),
        "change": change(value, shown(before, options) if before else None),
        "is_welcome": options.get("good", "up") == "up",
        "spark": sparkline(line.values),
    }


def unit_for(name: str, unit: str) -> str:
    """Write a series that is broken down by currency in that currency."""
    return name if unit == "currency" else unit


def shown(line: Line, options: Mapping[str, Any]) -> float | None:
    wants_last = options.get("show") == "last" or line.total is None
    return line.last if wants_last else line.total


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
