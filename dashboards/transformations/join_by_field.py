from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Field, Sheet, cost_of
from dashboards.transformations import CannotTransform, transformations


@dataclass(frozen=True)
class JoinByField:
    """One table with a row for each value of a field; names that several have are numbered."""

    kind: str = "joinByField"
    label: str = "Join by a field"
    options: tuple[Option, ...] = (
        Option("byField", "Field", help="Left out: the time."),
        Option(
            "mode",
            "Rows",
            "choice",
            (("outer", "of any query"), ("inner", "that all queries have")),
        ),
    )

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        if not sheets:
            return []
        name = str(options.get("byField") or "Time")
        joinable = [sheet for sheet in sheets if sheet.find(name)]
        if not joinable:
            raise CannotTransform(f"No query has a field “{name}” to join by.")
        return [joined(joinable, name, is_inner=options.get("mode") == "inner")]


def joined(sheets: Sequence[Sheet], name: str, *, is_inner: bool) -> Sheet:
    keys = [[key for key in by_field(sheet, name).cells if key is not None] for sheet in sheets]
    order = list(dict.fromkeys(key for listed in keys for key in listed))
    if is_inner:
        order = [key for key in order if all(key in set(listed) for listed in keys)]
    head = by_field(sheets[0], name)
    if head.type == "time":
        order.sort()
    several = Counter(
        one.name for sheet in sheets for one in sheet.fields if one is not by_field(sheet, name)
    )
    seen: Counter[str] = Counter()
    fields = [replace(head, cells=order)]
    for sheet in sheets:
        own = by_field(sheet, name)
        rows: dict[Any, int] = {}
        for at, key in enumerate(own.cells):
            rows.setdefault(key, at)
        for one in sheet.fields:
            if one is own:
                continue
            seen[one.name] += 1
            called = f"{one.name} {seen[one.name]}" if several[one.name] > 1 else one.name
            cells = [one.cells[rows[key]] if key in rows else None for key in order]
            fields.append(replace(one, name=called, cells=cells))
    return Sheet(sheets[0].ref, tuple(fields), cost_of([one.meta for one in sheets]))


def by_field(sheet: Sheet, name: str) -> Field:
    found = sheet.find(name)
    assert found is not None  # noqa: S101  # only sheets that have it are joined
    return found


transformations.add(JoinByField())
# What it was called before.
transformations.add(JoinByField("seriesToColumns", "Series to columns"))
