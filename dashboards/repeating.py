"""Widgets that stand once for each value of a variable, laid out when somebody looks. Pure.

A widget with `config.repeat` {"variable", "direction": "h" | "v", "most"} becomes one for each
chosen value; their keys are “id--value”. Side by side they share the row, at most `most` in one; what
stood below moves down. A row that is repeated takes along what belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zlib import crc32

from dashboards.layout import COLUMNS
from dashboards.variables.selection import Selected, Values

W = TypeVar("W", bound=Any)
MOST_SIDE_BY_SIDE = 4
MOST_COPIES = 50
NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Repeat:
    variable: str
    is_down: bool
    most: int


def repeat_of(widget: Any) -> Repeat | None:
    """Return how a widget is repeated; None for what is no repetition."""
    given = widget.config.get("repeat")
    if not isinstance(given, Mapping) or not isinstance(given.get("variable"), str):
        return None
    most = given.get("most")
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= COLUMNS:
        most = MOST_SIDE_BY_SIDE
    return Repeat(given["variable"], given.get("direction") == "v", most)


def repeated(widgets: Sequence[W], values: Values) -> list[W]:
    """Return every box that is shown, tab by tab from the top; those without repetition as they are.

    What a copy shows of its variable stands in its attribute `own_values`.
    """
    if not any(repeat_of(one) for one in widgets):
        return list(widgets)
    found: list[W] = []
    for tab in dict.fromkeys(map(tab_of, widgets)):
        found += of_tab([one for one in widgets if tab_of(one) == tab], values)
    return found


def tab_of(widget: Any) -> Any:
    return getattr(widget, "tab", "") or ""


def of_tab(widgets: Sequence[W], values: Values) -> Iterator[W]:
    """Lay a tab out from the top: each section is a row's head with all until the next one."""
    shift = 0
    for section in sections(sorted(widgets, key=lambda one: (one.y, one.x))):
        top = section[0]
        repeat = repeat_of(top) if top.kind == "row" else None
        chosen = each_of(repeat, values) if repeat else []
        if repeat is None or not chosen:
            placed, grown = of_section(section, values, shift)
            yield from placed
            shift += grown
            continue
        height = max(one.y + one.h for one in section) - top.y
        for place, value in enumerate(chosen):
            own = {repeat.variable: value}
            moved = [named(one, value) for one in section]
            placed, grown = of_section(moved, {**values, **own}, shift + place * height, own)
            yield from placed
            shift += grown
        shift += (len(chosen) - 1) * height


def sections(widgets: Sequence[W]) -> Iterator[list[W]]:
    current: list[W] = []
    for one in widgets:
        if one.kind == "row" and current:
            yield current
            current = []
        current.append(one)
    if current:
        yield current


def of_section(
    widgets: Sequence[W], values: Values, shift: int, own: Mapping[str, Selected] | None = None
) -> tuple[list[W], int]:
    """Place a section's boxes; return by how many rows it grew."""
    found: list[W] = []
    grown = 0
    for one in widgets:
        repeat = repeat_of(one) if one.kind != "row" else None
        chosen = each_of(repeat, values) if repeat else []
        if repeat is None or not chosen:
            found.append(with_own(at(one, one.x, one.y + shift + grown, one.w), own or {}))
            continue
        across = 1 if repeat.is_down else min(repeat.most, len(chosen), COLUMNS)
        width = one.w if repeat.is_down else COLUMNS // across
        for place, value in enumerate(chosen):
            line, column = divmod(place, across)
            x = one.x if repeat.is_down else column * width
            box = named(at(one, x, one.y + shift + grown + line * one.h, width), value)
            found.append(with_own(box, {**(own or {}), repeat.variable: value}))
        grown += ((len(chosen) - 1) // across) * one.h
    return found, grown


def each_of(repeat: Repeat | None, values: Values) -> list[Selected]:
    """Return a variable's chosen values one by one; one value is no repetition, but takes its room."""
    selected = values.get(repeat.variable) if repeat else None
    if selected is None:
        return []
    texts = selected.texts or selected.values
    pairs = list(zip(selected.values, texts, strict=True))[:MOST_COPIES]
    return [
        replace(selected, values=(value,), texts=(text,), is_all=False, all_value="")
        for value, text in pairs
    ]


def named(widget: W, value: Selected) -> W:
    """Return a copy whose key says which value it is of: the same one on every look."""
    found = copy(widget)
    text = value.values[0]
    slug = NOT_IN_A_KEY.sub("-", text).strip("-")[:40]
    if slug != text:  # or two values may have one key
        slug = f"{slug}-{crc32(text.encode()):x}".lstrip("-")
    found.key = f"{widget.key}--{slug}"
    return found


def at(widget: W, x: int, y: int, w: int) -> W:
    if (widget.x, widget.y, widget.w) == (x, y, w):
        return widget
    found = copy(widget)
    found.x, found.y, found.w = x, y, w
    return found


def with_own(widget: W, own: Mapping[str, Selected]) -> W:
    if not own:
        return widget
    found = copy(widget)
    found.own_values = own
    return found
