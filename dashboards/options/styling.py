"""How one series or column is written: its words, color and links for a value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dashboards.options.links import Link, links_for
from dashboards.options.mappings import Mapped, mapped
from dashboards.options.overrides import Subject, options_for
from dashboards.options.thresholds import Step, color_at, steps_of
from portal.lib.text import humanize

WORDS = {"yes_no": ("Yes", "No"), "on_off": ("On", "Off"), "true_false": ("True", "False")}
MOMENTS = {"time": 1.0, "time_ms": 1000.0}


@dataclass(frozen=True)
class Style:
    """A series' or column's options, read."""

    name: str
    unit: str = ""
    decimals: int | None = None
    min: float | None = None
    max: float | None = None
    steps: tuple[Step, ...] = ()
    mappings: tuple[Mapping[str, Any], ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    no_value: str = ""
    fixed_color: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def text(self, value: Any) -> str:
        """Say a value: by a mapping, else with its unit."""
        found = self._mapped(value)
        if found and found.text:
            return found.text
        if value is None:
            return self.no_value or humanize(None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return said(value)
        if self.unit in WORDS:
            return WORDS[self.unit][0 if value else 1]
        if self.unit in MOMENTS:
            return moment_of(value / MOMENTS[self.unit])
        return humanize(value, self.unit, self.decimals)

    def color(self, value: Any) -> str:
        """Return a value's color: a mapping's, else the step's, else the fixed one; or nothing."""
        found = self._mapped(value)
        if found and found.color:
            return found.color
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (color_at(self.steps, value) if is_number else "") or self.fixed_color

    def links_to(self, value: Any, row: Mapping[str, Any] | None = None) -> list[Link]:
        return links_for(self.links, value, text=self.text(value), series=self.name, row=row)

    def _mapped(self, value: Any) -> Mapped | None:
        return mapped(self.mappings, value) if self.mappings else None


def style_of(
    options: Mapping[str, Any],
    subject: Subject,
    *,
    low: float | None = None,
    high: float | None = None,
) -> Style:
    """Return how a series or column is written; `low` and `high` are its data's, for percentages."""
    found = options_for(options, subject)
    low = found.get("min") if found.get("min") is not None else low
    high = found.get("max") if found.get("max") is not None else high
    unit = found.get("unit") or subject.unit
    return Style(
        name=str(found.get("name") or subject.name),
        unit=subject.name if unit == "currency" else str(unit),
        decimals=found.get("decimals"),
        min=found.get("min"),
        max=found.get("max"),
        steps=steps_of(found.get("thresholds"), low, high),
        mappings=tuple(found.get("mappings") or ()),
        links=tuple(found.get("links") or ()),
        no_value=str(found.get("no_value") or ""),
        fixed_color=str(found.get("color") or ""),
        options=found,
    )


def said(value: Any) -> str:
    """Write what is no number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def moment_of(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return humanize(seconds)
