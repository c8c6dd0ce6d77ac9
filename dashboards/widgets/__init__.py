"""Kinds of widget: one file each. A widget draws a frame; it knows nothing of where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dashboards.options import Option
from portal.lib.registry import Registry
from portal.store.frame import Frame


@dataclass(frozen=True)
class Drawing:
    """What stands in the box: a plotly figure, or a template with its context.

    `plain` is the same as bare values, for programs and for people who cannot see a picture.
    """

    figure: dict[str, Any] | None = None
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    plain: Any = None
    is_empty: bool = False


class CannotDraw(Exception):
    """An answer of another shape than a kind of widget draws; the text says what draws it."""


class WidgetKind(Protocol):
    """One way to draw. `options` says what its config may hold, beside what every kind has."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def options(self) -> tuple[Option, ...]: ...

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        """Draw by a checked config. Raises CannotDraw for an answer of another shape."""
        ...


def of_insight(frame: Frame, label: str, *fields: str) -> dict[str, Any]:
    """Return the answer of the insight that a widget draws. Raises CannotDraw for any other."""
    if any(name not in frame.extra for name in fields):
        raise CannotDraw(f"This widget draws {label} only: draw it as a table, or ask for that.")
    return frame.extra


def rows_of(frame: Frame) -> dict[str, Any]:
    """Return a frame's rows as bare values."""
    heads = [column.label or column.name for column in frame.columns]
    return {"columns": heads, "rows": list(frame.rows())}


widgets: Registry[WidgetKind] = Registry("widget")
