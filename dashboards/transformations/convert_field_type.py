from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dashboards.options import Option
from dashboards.sheets import Field, Sheet
from dashboards.transformations import listing, transformations
from portal.store.frame import ColumnType


class ConvertFieldType:
    """Read a field's values as numbers, texts, times or truths; what cannot be read is nothing."""

    kind = "convertFieldType"
    label = "Convert a field's type"
    options = (
        Option("conversions", "Fields", "rows", fields=(
            Option("targetField", "Field"),
            Option("destinationType", "Read as", "choice", (
                ("number", "number"), ("string", "text"), ("time", "time"), ("boolean", "true or false"),
            ), default="number"),
        )),
    )  # fmt: skip

    def apply(self, sheets: Sequence[Sheet], options: Mapping[str, Any]) -> list[Sheet]:
        asked = {
            str(one.get("targetField")): str(one.get("destinationType"))
            for one in listing(options, "conversions")
            if isinstance(one, Mapping)
        }
        return [
            sheet.having(converted(one, asked.get(one.name, "")) for one in sheet.fields)
            for sheet in sheets
        ]


def converted(field: Field, wanted: str) -> Field:
    if wanted not in READS:
        return field
    kind, read = READS[wanted]
    return replace(
        field, type=kind, cells=[None if one is None else read(one) for one in field.cells]
    )


def as_number(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def as_text(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def as_time(value: Any) -> datetime | None:
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000, UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def as_truth(value: Any) -> bool:
    return (
        value.strip().lower() not in ("", "false", "0") if isinstance(value, str) else bool(value)
    )


READS: dict[str, tuple[ColumnType, Callable[[Any], Any]]] = {
    "number": ("number", as_number), "string": ("string", as_text), "time": ("time", as_time),
    "boolean": ("boolean", as_truth),
}  # fmt: skip


transformations.add(ConvertFieldType())
