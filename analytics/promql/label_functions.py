"""label_replace and label_join, sorting by labels, and the labels of what is absent. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

from analytics.promql.errors import EvaluationFailed
from analytics.promql.grids import Grid, merged
from analytics.promql.labels import NAME, changed, get, is_label_name
from analytics.promql.outcome import Labels
from analytics.promql.regexes import BadRegex, pattern
from analytics.series.matching import Matcher

GROUP = re.compile(r"\$(?:\$|\{([0-9A-Za-z_]{1,100})\}|([0-9A-Za-z_]{1,100}))")
DIGITS = frozenset("0123456789")
CHUNK = re.compile(r"[0-9]+|[^0-9]+")
# Of a label's value: functions within functions could double it each time.
LONGEST = 1 << 16
TOO_LONG = f"a label's value would be longer than {LONGEST} characters in"


def label_replace(grid: Grid, arguments: Sequence[str]) -> Grid:
    """Set a label from another one's value. Raises EvaluationFailed."""
    target, replacement, source, regex = arguments
    try:
        compiled = pattern(regex)
    except BadRegex:
        raise EvaluationFailed(f"invalid regular expression in label_replace(): {regex}") from None
    if not is_label_name(target):
        raise EvaluationFailed(f"invalid destination label name in label_replace(): {target}")
    replaced: list[Labels | None] = []
    for labels in grid.labels:
        match = compiled.fullmatch(held := get(labels, source))
        if match and "$" in replacement and replacement.count("$") * len(held) > LONGEST:
            raise EvaluationFailed(f"{TOO_LONG} label_replace()")
        value = expanded(replacement, match) if match else ""
        replaced.append(changed(labels, {target: value}) if match else None)
    return _renamed(grid, replaced, target)


def label_join(grid: Grid, arguments: Sequence[str]) -> Grid:
    """Set a label to others' values joined. Raises EvaluationFailed."""
    target, separator, *sources = arguments
    for source in sources:
        if not is_label_name(source):
            raise EvaluationFailed(f"invalid source label name in label_join(): {source}")
    if not is_label_name(target):
        raise EvaluationFailed(f"invalid destination label name in label_join(): {target}")
    replaced: list[Labels | None] = []
    for labels in grid.labels:
        held = [get(labels, source) for source in sources]
        if len(separator) * len(held) + sum(map(len, held)) > LONGEST:
            raise EvaluationFailed(f"{TOO_LONG} label_join()")
        replaced.append(changed(labels, {target: separator.join(held)}))
    return _renamed(grid, replaced, target)


def _renamed(grid: Grid, replaced: Sequence[Labels | None], target: str) -> Grid:
    drops = grid.drops.copy()
    if target == NAME:
        for row, new in enumerate(replaced):
            drops[row] &= new is None
    labels = [old if new is None else new for old, new in zip(grid.labels, replaced, strict=True)]
    return merged(Grid(labels, grid.values, grid.present, drops))


def expanded(template: str, match: Any) -> str:
    """Fill in `$1`, `${name}` and `$$` as Go does; groups that do not exist are empty."""

    def one(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError, ValueError):
            return ""

    return GROUP.sub(one, template)


def absent_labels(matchers: Sequence[Matcher]) -> Labels:
    """Give the labels that an absent series would have had, as far as its matchers say."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in matchers:
        if matcher.name == NAME:
            continue
        if matcher.op == "=" and matcher.name not in seen:
            found[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            found.pop(matcher.name, None)
    return tuple(sorted((name, value) for name, value in found.items() if value))


def sorted_by_labels(grid: Grid, names: Sequence[str], *, descending: bool) -> list[int]:
    """Order rows by labels, numbers in them by size, then by all labels."""

    def compare(one: int, other: int) -> int:
        for name in names:
            left, right = get(grid.labels[one], name), get(grid.labels[other], name)
            if left != right:
                return -1 if natural_less(left, right) else 1
        return (grid.labels[one] > grid.labels[other]) - (grid.labels[one] < grid.labels[other])

    return sorted(range(len(grid)), key=cmp_to_key(compare), reverse=descending)


def natural_less(one: str, other: str) -> bool:
    """Compare text as people sort it: `cpu2` before `cpu10`."""
    left, right = CHUNK.findall(one), CHUNK.findall(other)
    for mine, theirs in zip(left, right, strict=False):
        if mine == theirs:
            continue
        if mine[0] in DIGITS and theirs[0] in DIGITS and size_of(mine) != size_of(theirs):
            return size_of(mine) < size_of(theirs)
        return bool(mine < theirs)
    return len(left) < len(right)


def size_of(digits: str) -> tuple[int, str]:
    """Return what orders numbers by their size, however long they are."""
    told = digits.lstrip("0")
    return len(told), told
