"""One number of many: last, mean, the 95th percentile. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

CALCS: tuple[tuple[str, str], ...] = (
    ("last", "Last"),
    ("first", "First"),
    ("mean", "Mean"),
    ("min", "Lowest"),
    ("max", "Highest"),
    ("total", "Total"),
    ("count", "Count"),
    ("range", "Highest less lowest"),
    ("difference", "Last less first"),
    ("change", "Change, as a share of the first"),
    ("median", "Median"),
    ("p90", "90th percentile"),
    ("p95", "95th percentile"),
    ("p99", "99th percentile"),
    ("stddev", "Standard deviation"),
    ("distinct", "Different values"),
)
# What others call the same.
ALIASES = {
    "lastNotNull": "last", "firstNotNull": "first", "sum": "total", "diff": "difference",
    "diffperc": "change", "avg": "mean", "current": "last", "delta": "difference",
    "stdDev": "stddev", "distinctCount": "distinct", "variance": "stddev", "countAll": "count",
    "p50": "median",
}  # fmt: skip
LABELS = dict(CALCS)


def named(name: str) -> str:
    return ALIASES.get(name, name)


def calculate(name: str, values: Sequence[float | None]) -> float | None:
    """Return the value of a calculation; None without numbers. Raises KeyError for an unknown one."""
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    found = _OF[named(name)]
    if not known:
        return 0.0 if found in (_OF["count"], _OF["distinct"]) else None
    return found(known)


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile, between neighbors in proportion."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low, high = math.floor(at), math.ceil(at)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _stddev(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def _change(values: Sequence[float]) -> float | None:
    return (values[-1] - values[0]) / abs(values[0]) if values[0] else None


_OF: dict[str, Callable[[Sequence[float]], float | None]] = {
    "last": lambda values: values[-1],
    "first": lambda values: values[0],
    "mean": lambda values: math.fsum(values) / len(values),
    "min": min,
    "max": max,
    "total": math.fsum,
    "count": lambda values: float(len(values)),
    "range": lambda values: max(values) - min(values),
    "difference": lambda values: values[-1] - values[0],
    "change": _change,
    "median": lambda values: percentile(values, 0.5),
    "p90": lambda values: percentile(values, 0.9),
    "p95": lambda values: percentile(values, 0.95),
    "p99": lambda values: percentile(values, 0.99),
    "stddev": _stddev,
    "distinct": lambda values: float(len(set(values))),
}
