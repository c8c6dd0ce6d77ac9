"""Answers as fields that can be renamed, joined and computed with, between the sources and a drawing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from portal.store.frame import Column, ColumnType, Frame, Meta

NO_LABELS: Mapping[str, str] = MappingProxyType({})
LONG = {"t", "series", "value"}
TIME, VALUE, METRIC = "Time", "Value", "Metric"


@dataclass(frozen=True)
class Field:
    """A column. `labels` are those of the series whose values it holds."""

    name: str
    type: ColumnType
    cells: Sequence[Any]
    unit: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    ref: str = "A"


@dataclass(frozen=True)
class Sheet:
    """One query's answer: fields of equal length. `ref` is the query's letter."""

    ref: str
    fields: tuple[Field, ...]
    meta: Meta
    name: str = ""

    def __len__(self) -> int:
        return len(self.fields[0].cells) if self.fields else 0

    @property
    def time(self) -> Field | None:
        return next((one for one in self.fields if one.type == "time"), None)

    @property
    def numbers(self) -> list[Field]:
        return [one for one in self.fields if one.type == "number"]

    def find(self, name: str) -> Field | None:
        """Return the field of a name; "Time" is the first time, whatever it is called."""
        found = next((one for one in self.fields if one.name == name), None)
        return found or (self.time if name in (TIME, "time") else None)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(one.cells for one in self.fields), strict=True)

    def having(self, fields: Iterable[Field]) -> Sheet:
        return replace(self, fields=tuple(fields))

    def taking(self, places: Sequence[int]) -> Sheet:
        """Return the rows at these places, in their order."""
        return self.having(
            replace(one, cells=[one.cells[place] for place in places]) for one in self.fields
        )


def sheet_of(ref: str, frame: Frame, *, several: bool = False) -> Sheet:
    """Read an answer as fields; values over time get one field per series.

    With `several` queries the values of a table are named "Value #A", so that they stay apart.
    """
    names = {column.name for column in frame.columns}
    if names >= LONG:
        return _widened(ref, frame)
    fields = []
    for column, cells in zip(frame.columns, frame.values, strict=True):
        name = column.label or column.name
        if several and column.name == "value":
            name = f"{name} #{ref}"
        fields.append(Field(name, column.type, list(cells), column.unit, ref=ref))
    return Sheet(ref, tuple(fields), frame.meta)


def _widened(ref: str, frame: Frame) -> Sheet:
    unit = next(column.unit for column in frame.columns if column.name == "value")
    times = sorted({t for t in frame.column("t") if t is not None})
    place = {t: at for at, t in enumerate(times)}
    found: dict[str, list[float | None]] = {}
    for t, name, value in zip(
        frame.column("t"), series_names(frame), frame.column("value"), strict=True
    ):
        if t is not None:
            found.setdefault(name, [None] * len(times))[place[t]] = value
    labels = frame.extra.get("labels", {})
    fields = [Field(TIME, "time", times, ref=ref)] + [
        Field(name, "number", cells, unit, labels.get(name, NO_LABELS), ref)
        for name, cells in found.items()
    ]
    return Sheet(ref, tuple(fields), frame.meta)


def series_names(frame: Frame) -> list[str]:
    """Return what each row's series is called: by its label, its breakdown, or both."""
    series = frame.column("series")
    parts = _optional(frame, "breakdown", [None] * len(frame))
    compare = _optional(frame, "compare", [False] * len(frame))
    several = len(set(series)) > 1
    return [
        series_name(label, part, several=several) + (" (before)" if is_before else "")
        for label, part, is_before in zip(series, parts, compare, strict=True)
    ]


def series_name(label: str, part: Any, *, several: bool) -> str:
    if part is None:
        return str(label)
    return f"{label}: {part}" if several else str(part)


def _optional(frame: Frame, name: str, otherwise: Sequence[Any]) -> Sequence[Any]:
    try:
        return frame.column(name)
    except KeyError:
        return otherwise


def frame_of(sheet: Sheet) -> Frame:
    """Return the fields as an answer again; `extra["refs"]` says whose query each column is."""
    names = numbered([one.name for one in sheet.fields])
    columns = tuple(
        Column(name, one.type, one.name, one.unit)
        for name, one in zip(names, sheet.fields, strict=True)
    )
    refs = {one.name: one.ref for one in sheet.fields}
    labels = {one.name: dict(one.labels) for one in sheet.fields if one.labels}
    values = tuple(list(one.cells) for one in sheet.fields)
    return Frame(columns, values, sheet.meta, {"refs": refs, "labels": labels})


def numbered(names: Sequence[str]) -> list[str]:
    """Give names that come again a number: a, a 2."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} {seen[name]}" if seen[name] > 1 else name)
    return found


def cost_of(metas: Sequence[Meta]) -> Meta:
    """Add up what several answers cost."""
    total = metas[0]
    for one in metas[1:]:
        total = total.plus(one)
    return replace(
        total,
        counted=tuple(dict.fromkeys(total.counted)),
        warnings=tuple(dict.fromkeys(total.warnings)),
    )
