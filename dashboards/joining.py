"""Make one answer of the answers to several queries. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboards.sheets import LONG, METRIC, Field, Sheet, cost_of, frame_of, numbered, sheet_of
from portal.store.frame import Column, Frame


@dataclass(frozen=True)
class Part:
    """The answer to one of a widget's queries."""

    ref: str
    frame: Frame


def joined(parts: Sequence[Part], ends: datetime) -> Frame:
    """Return one answer: series side by side, or tables with their rows joined by shared labels.

    A value as of the end beside values over time is a point at the end of the range.
    """
    if len(parts) == 1:
        only = parts[0]
        return replace(only.frame, extra={"refs": {}, **only.frame.extra, "ref": only.ref})
    are_long = [is_long(part.frame) for part in parts]
    if any(are_long):
        return _series(
            [
                part if long else pointed(part, ends)
                for part, long in zip(parts, are_long, strict=True)
            ]
        )
    return frame_of(merged([sheet_of(part.ref, part.frame, several=True) for part in parts]))


def is_long(frame: Frame) -> bool:
    return {column.name for column in frame.columns} >= LONG


def pointed(part: Part, ends: datetime) -> Part:
    """Read a table of labels and a value as one point a series."""
    frame = part.frame
    if "value" not in {column.name for column in frame.columns}:
        return replace(part, frame=replace(frame, columns=(), values=()))
    names = frame.extra.get("names") or [str(place + 1) for place in range(len(frame))]
    value = next(column for column in frame.columns if column.name == "value")
    columns = (Column("t", "time"), Column("series", "string"), value)
    values = ([ends] * len(frame), list(names), list(frame.column("value")))
    return replace(part, frame=replace(frame, columns=columns, values=values))


def _series(parts: Sequence[Part]) -> Frame:
    """Put series under each other; names that come again are numbered."""
    shown = [part for part in parts if is_long(part.frame)]
    columns = _columns(shown)
    cells: list[list[Any]] = [[] for _ in columns]
    taken: set[str] = set()
    extra: dict[str, Any] = {"refs": {}, "labels": {}, "units": {}, "series": []}
    for part in shown:
        new = _fresh(part.frame, taken)
        taken |= set(new.values())
        for place, column in enumerate(columns):
            cells[place] += _cells(part.frame, column, new)
        _remember(extra, part, new)
    return Frame(tuple(columns), tuple(cells), cost_of([part.frame.meta for part in parts]), extra)


def _columns(parts: Sequence[Part]) -> list[Column]:
    found: dict[str, Column] = {}
    for part in parts:
        for column in part.frame.columns:
            found.setdefault(column.name, column)
    return list(found.values())


def _fresh(frame: Frame, taken: set[str]) -> dict[str, str]:
    """Return a name for each series that no earlier query's series has."""
    own = list(dict.fromkeys(str(name) for name in frame.column("series")))
    before = [name for name in own if name in taken]
    names = numbered([*before, *own])[len(before) :]
    return dict(zip(own, names, strict=True))


def _cells(frame: Frame, column: Column, names: dict[str, str]) -> list[Any]:
    if column.name == "series":
        return [names[str(name)] for name in frame.column("series")]
    try:
        return list(frame.column(column.name))
    except KeyError:
        return [True if column.name == "complete" else None] * len(frame)


def _remember(extra: dict[str, Any], part: Part, names: dict[str, str]) -> None:
    unit = next(column.unit for column in part.frame.columns if column.name == "value")
    labels = part.frame.extra.get("labels", {})
    for old, new in names.items():
        extra["refs"][new] = part.ref
        if unit:
            extra["units"][new] = unit
        if old in labels:
            extra["labels"][new] = labels[old]
    for one in part.frame.extra.get("series", ()):
        label = names.get(str(one.get("label")), one.get("label"))
        extra["series"].append({**one, "label": label})


def merged(sheets: Sequence[Sheet]) -> Sheet:
    """Join rows that agree in the fields that all sheets have; others stand by themselves."""
    if len(sheets) == 1:
        return sheets[0]
    sheets = without_metric(sheets)
    shared = [
        one.name
        for one in sheets[0].fields
        if one.type != "number" and all(other.find(one.name) for other in sheets[1:])
    ]
    heads: dict[str, Field] = {}
    for sheet in sheets:
        for one in sheet.fields:
            heads.setdefault(one.name, one)
    rows: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for sheet in sheets:
        names = [one.name for one in sheet.fields]
        for cells in sheet.rows():
            row = dict(zip(names, cells, strict=True))
            key = tuple(_hashable(row.get(name)) for name in shared)
            _add(rows.setdefault(key, []), row)
    listed = [row for group in rows.values() for row in group]
    fields = tuple(
        replace(head, cells=[row.get(name) for row in listed]) for name, head in heads.items()
    )
    return Sheet(sheets[0].ref, fields, cost_of([one.meta for one in sheets]))


def without_metric(sheets: Sequence[Sheet]) -> Sequence[Sheet]:
    """Leave the metric's name out where queries differ in it: it would keep their rows apart."""
    names = {
        cell for sheet in sheets for one in sheet.fields if one.name == METRIC for cell in one.cells
    }
    if len(names) < 2:
        return sheets
    return [sheet.having(one for one in sheet.fields if one.name != METRIC) for sheet in sheets]


def _add(group: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Fill a row in that lacks what this one has, else add it."""
    for known in group:
        if all(known[name] == value for name, value in row.items() if name in known):
            known.update(row)
            return
    group.append(row)


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict) else value


def beside(sheets: Sequence[Sheet]) -> Sheet:
    """Put the fields of several sheets over time beside each other, a row for each moment of any."""
    if len(sheets) == 1:
        return sheets[0]
    clocks = [(sheet, time) for sheet in sheets if (time := sheet.time) is not None]
    moments = sorted({t for _, time in clocks for t in time.cells if t is not None})
    fields = [replace(clocks[0][1], cells=moments)]
    for sheet, time in clocks:
        rows = {t: place for place, t in enumerate(time.cells)}
        for one in sheet.numbers:
            cells = [one.cells[rows[t]] if t in rows else None for t in moments]
            fields.append(replace(one, cells=cells))
    names = numbered([one.name for one in fields])
    named = tuple(replace(one, name=name) for one, name in zip(fields, names, strict=True))
    return Sheet(sheets[0].ref, named, cost_of([sheet.meta for sheet in sheets]))
