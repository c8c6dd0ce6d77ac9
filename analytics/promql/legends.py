"""What series are called in a picture. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from analytics.promql.outcome import Labels

NAME = "__name__"
FIELD = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def legends(series: Sequence[Labels], template: str = "", otherwise: str = "") -> list[str]:
    """Return a name for each series: what the template says, else by the labels that differ.

    A series that nothing tells apart has its metric's name, or the given one. No two names are the
    same: lines of one name would be drawn as one.
    """
    if template:
        return numbered([written(template, dict(labels)) for labels in series])
    differing = labels_that_differ(series)
    return numbered(
        [name_of(dict(labels), differing) or metric_of(labels) or otherwise for labels in series]
    )


def numbered(names: list[str]) -> list[str]:
    """Give those that come again a number, as in GET and GET (2)."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return found


def written(template: str, labels: dict[str, str]) -> str:
    return FIELD.sub(lambda found: labels.get(found[1], ""), template) or "{}"


def labels_that_differ(series: Sequence[Labels]) -> list[str]:
    """Return the labels that do not have one value in all series, by name."""
    values: dict[str, set[str]] = {}
    for labels in series:
        for name, value in labels:
            values.setdefault(name, set()).add(value)
    count = len(series)
    return sorted(
        name
        for name, found in values.items()
        if len(found) > 1 or sum(name in dict(labels) for labels in series) < count
    )


def name_of(labels: dict[str, str], differing: list[str]) -> str:
    held = [(name, labels[name]) for name in differing if name in labels]
    if len(differing) == 1:
        return held[0][1] if held else "{}"
    metric = "".join(value for name, value in held if name == NAME)
    rest = ", ".join(f"{name}={value}" for name, value in held if name != NAME)
    return " ".join(part for part in (metric, rest) if part) or ("{}" if differing else "")


def metric_of(labels: Labels) -> str:
    return dict(labels).get(NAME, "")
