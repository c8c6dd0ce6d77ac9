"""Half rings: a value between the ends of its scale, with the thresholds around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.colors import for_page
from dashboards.options.common import CALC, VALUES
from dashboards.options.overrides import Subject
from dashboards.options.styling import style_of
from dashboards.options.thresholds import Step
from dashboards.readings import Reading, readings, scale_of
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

MOST = 24
WHOLE = {"percent": 100.0, "ratio": 1.0}  # how far a scale goes that nobody set


class Gauge:
    kind = "gauge"
    label = "Gauge"
    options = (
        CALC,
        Option("markers", "Ring of thresholds", "flag", default=True),
        Option("labels", "Numbers at the ends", "flag", default=True),
        *VALUES,
    )

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        found = [one for one in readings(frame, options) if one.value is not None]
        if not found:
            return Drawing(is_empty=True)
        gauges = [gauge(one, found, options) for one in found[:MOST]]
        context = {"gauges": gauges, "is_single": len(gauges) == 1}
        plain = [{"name": one.name, "value": one.value} for one in found]
        return Drawing(template="dashboards/widgets/gauge.html", context=context, plain=plain)


def gauge(one: Reading, found: Sequence[Reading], options: Mapping[str, Any]) -> dict[str, Any]:
    low, high = ends(one, found)
    subject = Subject(one.name, "number", one.style.unit)
    shown = style_of({**one.style.options, "overrides": None}, subject, low=low, high=high)
    links = one.style.links_to(one.value, one.row)
    return {
        "name": one.name,
        "value": one.value,
        "text": one.text,
        "share": f"{share(one.number, low, high) * 100:.1f}",
        "low": one.style.text(low) if options.get("labels") is not False else "",
        "high": one.style.text(high) if options.get("labels") is not False else "",
        "bands": list(bands(shown.steps, low, high)) if options.get("markers") is not False else [],
        "link": links[0] if links else None,
        **for_page(shown.color(one.value) or "accent"),
    }


def ends(one: Reading, found: Sequence[Reading]) -> tuple[float, float]:
    """Return a scale's ends: as set, as the unit has them, else of all values shown."""
    least, most = scale_of(found)
    low = one.style.min if one.style.min is not None else least
    high = one.style.max if one.style.max is not None else max(WHOLE.get(one.style.unit, 0.0), most)
    return low, high if high > low else low + 1


def share(value: float | None, low: float, high: float) -> float:
    """Return how far along the scale a value is, from 0 to 1."""
    return min(1.0, max(0.0, ((value or 0.0) - low) / (high - low)))


def bands(steps: Sequence[Step], low: float, high: float) -> Iterator[dict[str, str]]:
    """Return the ring's parts: where each begins, how long it is, in hundredths, and its color."""
    for place, step in enumerate(steps):
        start = 0.0 if step.value is None else share(step.value, low, high)
        above = steps[place + 1].value if place + 1 < len(steps) else None
        end = 1.0 if above is None else share(above, low, high)
        if end > start:
            yield {
                "start": f"{-start * 100:.1f}", "length": f"{(end - start) * 100:.1f}",
                **for_page(step.color),
            }  # fmt: skip


widgets.add(Gauge())
