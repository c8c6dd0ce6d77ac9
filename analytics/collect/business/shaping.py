"""What an answer comes to as a metric: one number per label set. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame

Json = Mapping[str, Any]
MOST_FIGURES = 1_000
LONGEST_VALUE = 200
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Series are kept for long and erased from by no one: whose they are must not stand in them.
OF_PERSONS = frozenset({"person", "user_id", "anonymous_id", "session_id", "email"})
NOT_IN_A_LABEL = re.compile(r"[^a-zA-Z0-9_]+")
VALUE = "value"  # the column that is the number where there are several


@dataclass(frozen=True)
class Figure:
    """A number and what it is of. A label without value does not exist."""

    labels: Mapping[str, str]
    value: float

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((name, value) for name, value in self.labels.items() if value))


def shaped(kind: str, params: Json, frame: Frame) -> list[Figure]:
    """Return the figures of an answer.

    Raises FieldError when it is not one number per label set, or too many.
    """
    found = [figure for figure in KINDS[kind](params, frame) if math.isfinite(figure.value)]
    if len(found) > MOST_FIGURES:
        raise FieldError(
            "query",
            f"This gives {len(found):,} label sets; a metric has {MOST_FIGURES:,} at most. Group by"
            " less, or keep the largest with ORDER BY and LIMIT.",
        )
    if named := OF_PERSONS & {name for figure in found for name in figure.labels}:
        raise FieldError(
            "query",
            f"{', '.join(sorted(named))} cannot be a label: series are kept for long, and hold"
            " nothing of persons. Count them, or group by something that many share.",
        )
    keys = Counter(figure.key for figure in found)
    for key, times in keys.items():
        if times > 1:
            raise FieldError("query", f"This gives {times} numbers for {words_of(key)}, not one.")
    return found


def words_of(key: tuple[tuple[str, str], ...]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in key) + "}"


def of_table(params: Json, frame: Frame) -> Iterator[Figure]:
    """Read rows of SQL: one column is the number, the others are labels."""
    number = number_among(frame.columns)
    labels = [column for column in frame.columns if column.name != number]
    for column in labels:
        check_label(column)
    for row in frame.dicts():
        if row[number] is not None:
            yield Figure({one.name: text_of(row[one.name]) for one in labels}, float(row[number]))


def number_among(columns: Iterable[Column]) -> str:
    """Return the name of the column that is the number."""
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise FieldError("query", "Two columns have one name; give them names with AS.")
    numbers = [column.name for column in columns if column.type == "number"]
    if VALUE in numbers:
        return VALUE
    if len(numbers) != 1:
        raise FieldError(
            "query",
            f"This has {len(numbers) or 'no'} columns of numbers; one is needed. Of several, call"
            " one `value`: the others become labels.",
        )
    return numbers[0]


def check_label(column: Column) -> None:
    if not LABEL.fullmatch(column.name) or column.name.startswith("__"):
        raise FieldError(
            "query",
            f"“{column.name}” cannot be a label: it takes letters, digits and _, and begins with no"
            " digit and not with __. Give it another name with AS.",
        )
    if column.type in {"time", "json"}:
        raise FieldError(
            "query", f"“{column.name}” cannot be a label: it is no text. Leave it out."
        )


def text_of(cell: object) -> str:
    """Write a label's value; nothing stands for not set."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = f"{cell:.15g}" if isinstance(cell, float) else str(cell)
    if len(text) > LONGEST_VALUE:
        raise FieldError("query", f"A label's value has {LONGEST_VALUE} characters at most.")
    return text


def of_trend(params: Json, frame: Frame) -> Iterator[Figure]:
    """Read each series' total over the range; a breakdown's value is a label of its own name."""
    series = [one for one in frame.extra["series"] if not one.get("compare")]
    is_one = len({one["label"] for one in series}) < 2 or "breakdown" in params
    told_by = name_of_breakdown(params)
    for one in series:
        labels = {} if is_one else {"series": text_of(one["label"])}
        if "breakdown_value" in one:
            labels[told_by] = text_of(one["breakdown_value"])
        if one["total"] is not None:
            yield Figure(labels, float(one["total"]))


def of_funnel(params: Json, frame: Frame) -> Iterator[Figure]:
    """Read each step's conversion rate, a fraction of who entered."""
    told_by = name_of_breakdown(params)
    parts = frame.extra.get("breakdown")
    if parts is None:
        yield from steps_of(frame.extra["steps"], {})
    for part in parts or ():
        yield from steps_of(part["steps"], {told_by: text_of(part["value"])})


def steps_of(steps: Iterable[Json], labels: Mapping[str, str]) -> Iterator[Figure]:
    seen: Counter[str] = Counter()
    for step in steps:
        name = text_of(step["label"])
        seen[name] += 1
        stage = name if seen[name] == 1 else f"{name} ({seen[name]})"
        if step["conversion_rate"] is not None:
            yield Figure({**labels, "funnel_stage": stage}, float(step["conversion_rate"]))


def of_retention(params: Json, frame: Frame) -> Iterator[Figure]:
    """Read the average rate of each period that has ended."""
    for period, rate in enumerate(frame.extra["average"]):
        if rate is not None:
            yield Figure({"period": str(period)}, float(rate))


def name_of_breakdown(params: Json) -> str:
    """Return the label that tells the values of a breakdown apart: `platform` of `$platform`."""
    breakdown = params.get("breakdown")
    named = breakdown.get("property") if isinstance(breakdown, Mapping) else None
    cleaned = NOT_IN_A_LABEL.sub("_", str(named or "cohort")).strip("_") or "breakdown"
    return cleaned if LABEL.fullmatch(cleaned) else f"_{cleaned}"


KINDS: Mapping[str, Callable[[Json, Frame], Iterator[Figure]]] = {
    "sql": of_table,
    "trend": of_trend,
    "funnel": of_funnel,
    "retention": of_retention,
}
