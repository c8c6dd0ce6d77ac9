"""Figures from each person's best attempt at a funnel: who got how far, when, and how sure. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.journeys import NEVER, Journeys
from analytics.insights.passes.figures import NOT_SET, Codes, Spans, spans
from analytics.insights.sql.trend import OTHER
from analytics.insights.sql.values import value_of

Json = dict[str, Any]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
SHARES = np.array([0.5, 0.75, 0.9])
DURATIONS = ("median_seconds", "average_seconds", "p75_seconds", "p90_seconds")
BINS = 24
Z95 = 1.959963984540054
SIGNIFICANT = 0.05


def answer(funnel: Funnel, found: Journeys, grid: Grid | None, complete: list[bool]) -> Json:
    """Return the contract's JSON without `meta`."""
    times = np.ascontiguousarray(found.times.T)
    everybody = np.zeros(len(found.times), np.int32)
    body: Json = {"steps": tables(funnel, times, everybody, 1)[0]}
    if funnel.attribution:
        body["breakdown"] = list(by_value(funnel, found, times))
        body["differences"] = differences(body["breakdown"])
    if grid:
        body["trend"] = trend(found, grid, complete)
    body["histogram"] = histogram(times)
    body["open"] = int(found.is_open.sum())
    return body


def title(funnel: Funnel, place: int) -> str:
    """Return the label of a step; in any order it says how many steps were taken."""
    if funnel.order == "any":
        return f"Any {place + 1} of {len(funnel.steps)}"
    return funnel.steps[place].title


def before(funnel: Funnel, place: int) -> int:
    """Return the step that a step is compared with: the last one that everybody had to take."""
    place -= 1
    while funnel.steps[place].is_optional:
        place -= 1
    return place


def tables(funnel: Funnel, times: Ints, group: Codes, groups: int) -> list[list[Json]]:
    """Return one object a step for each group: row i is a person of group[i].

    times[k] is when each of them took step k, or NEVER.
    """
    bases = [before(funnel, place) if place else 0 for place in range(len(times))]
    sizes = np.bincount(group, minlength=groups).tolist()
    measured = [
        spans(times[place], times[base], group, groups, SHARES) if place else None
        for place, base in enumerate(bases)
    ]
    return [list(rows_of(funnel, one, sizes[one], bases, measured)) for one in range(groups)]


def rows_of(
    funnel: Funnel, group: int, size: int, bases: list[int], measured: Sequence[Spans | None]
) -> Iterator[Json]:
    """Yield what is told of each step of a group; bases[k] is the step that step k is compared with."""
    users = [size if found is None else int(found.sizes[group]) for found in measured]
    for place, found in enumerate(measured):
        yield {
            "step": place + 1,
            "label": title(funnel, place),
            "users": users[place],
            "dropped": users[bases[place]] - users[place],
            "conversion_rate": rate(users[place], size),
            "from_previous": rate(users[place], users[bases[place]]),
            "conversion_interval": interval(users[place], size),
            **durations(found, group),
        }


def rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def durations(found: Spans | None, group: int) -> Json:
    """Return how long a step took after the one before, in seconds."""
    count = 0 if found is None else int(found.sizes[group])
    if found is None or not count:
        return dict.fromkeys(DURATIONS)
    total = (int(found.high[group]) << 32) + int(found.low[group])
    middle, p75, p90 = (
        (low + (high - low) * (share * (count - 1) % 1)) / 1e6
        for share, (low, high) in zip(SHARES.tolist(), found.at[group].tolist(), strict=True)
    )
    return dict(zip(DURATIONS, (middle, total / (count * 1_000_000), p75, p90), strict=True))


def interval(part: int, whole: int) -> list[float] | None:
    """Return Wilson's 95 % interval of a rate (Wilson, JASA 22, 1927)."""
    if not whole:
        return None
    share, spread = part / whole, Z95**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) / whole + spread / (4 * whole)) * Z95 / (1 + spread)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def by_value(funnel: Funnel, found: Journeys, times: Ints) -> Iterator[Json]:
    """Count each value of the breakdown: by persons who entered, then by name; then the rest."""
    if funnel.attribution is None:
        return
    groups = grouped(funnel, found)
    sizes = np.bincount(groups.group, minlength=len(groups.keys)).tolist()
    order = sorted(
        range(len(sizes)), key=lambda one: (-sizes[one], _name(groups.keys[one]), groups.keys[one])
    )
    limit = funnel.attribution.breakdown.limit
    shown, is_cut = order[:limit], len(order) > limit
    place = np.full(len(sizes), len(shown), np.int32)
    place[shown] = np.arange(len(shown), dtype=np.int32)
    rows, group = groups.rows, place[groups.group]
    if rows is not None:
        rows, group = np.unique(np.stack([rows, group]), axis=1)  # once among the rest
        times, group = times.take(rows, axis=1), group.astype(np.int32)
    counted = tables(funnel, times, group, len(shown) + is_cut)
    values = [*(value_of(groups.keys[one]) for one in shown), *([OTHER] if is_cut else [])]
    for value, steps in zip(values, counted, strict=True):
        yield {"value": value, "steps": steps}


def of_value(funnel: Funnel, found: Journeys, value: Any) -> Flags:
    """Tell which persons the breakdown counts for a value; nobody for one that it does not have."""
    chosen = np.zeros(found.person.size, np.bool_)
    if funnel.attribution:
        groups = grouped(funnel, found)
        meant = [one for one, key in enumerate(groups.keys) if value_of(key) == value]
        which = np.isin(groups.group, meant)
        chosen[which if groups.rows is None else groups.rows[which]] = True
    return chosen


def _name(key: str) -> str:
    return key[1:] if key else "$none"


class Groups(NamedTuple):
    """Which value each person counts for: row i, or row rows[i] of the journeys, for keys[group[i]]."""

    keys: list[str]
    group: Codes
    rows: Ints | None


def grouped(funnel: Funnel, found: Journeys) -> Groups:
    """Return each person's value; in `any` a person may have several."""
    if funnel.attribution is None or funnel.attribution.touch != "any":
        return numbered(found.keys[:, 0], found.texts, None)
    rows, _ = np.nonzero(found.keys != NOT_SET)
    nothing = np.flatnonzero(np.all(found.keys == NOT_SET, axis=1))
    codes = np.append(found.keys[found.keys != NOT_SET], np.full(nothing.size, NOT_SET, np.int32))
    rows, codes = np.unique(np.stack([np.append(rows, nothing), codes]), axis=1)
    return numbered(codes.astype(np.int32), found.texts, rows)


def numbered(codes: Codes, texts: tuple[str, ...], rows: Ints | None) -> Groups:
    """Give numbers to the values that occur; NOT_SET is the key ''."""
    sizes = np.bincount(codes + 1, minlength=len(texts) + 1)
    there = np.flatnonzero(sizes)
    place = np.zeros(sizes.size, np.int32)
    place[there] = np.arange(there.size, dtype=np.int32)
    keys = [texts[code - 1] if code else "" for code in there.tolist()]
    return Groups(keys, place[codes + 1], rows)


def differences(groups: list[Json]) -> list[Json]:
    """Compare the overall rates of all pairs of values: two-proportion z-tests, corrected."""
    compared = [one for one in groups if one["value"] != OTHER and one["steps"][0]["users"]]
    return corrected([_difference(*pair) for pair in combinations(compared, 2)])


def corrected(rows: list[Json]) -> list[Json]:
    """Sort tests by `p_value`, and say of each which are significant together: Holm's correction.

    Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    rows = sorted(rows, key=lambda row: row["p_value"])
    worst = 0.0
    for place, row in enumerate(rows):
        worst = max(worst, min(1.0, row["p_value"] * (len(rows) - place)))
        row["p_value_corrected"] = worst
        row["is_significant"] = worst < SIGNIFICANT
    return rows


def _difference(one: Json, other: Json) -> Json:
    entered = [side["steps"][0]["users"] for side in (one, other)]
    converted = [side["steps"][-1]["users"] for side in (one, other)]
    rates = [part / whole for part, whole in zip(converted, entered, strict=True)]
    return {
        "values": [one["value"], other["value"]],
        "difference": rates[0] - rates[1],
        "p_value": two_proportions((converted[0], entered[0]), (converted[1], entered[1])),
    }


def two_proportions(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the two-sided p-value that two shares (part, whole) are the same: the z-test."""
    pooled = (one[0] + other[0]) / (one[1] + other[1])
    error = math.sqrt(pooled * (1 - pooled) * (1 / one[1] + 1 / other[1]))
    z = abs(one[0] / one[1] - other[0] / other[1]) / error if error else 0.0
    return math.erfc(z / math.sqrt(2))


def trend(found: Journeys, grid: Grid, complete: list[bool]) -> list[Json]:
    zone = grid.window.tzinfo
    rows = zip(grid.starts, found.trend[0].tolist(), found.trend[1].tolist(), complete, strict=True)
    return [
        {
            "t": at.astimezone(zone).isoformat().replace("+00:00", "Z"),
            "entered": entered,
            "converted": converted,
            "conversion_rate": rate(converted, entered),
            "complete": is_over,
        }
        for at, entered, converted, is_over in rows
    ]


def histogram(times: Ints) -> list[Json]:
    """Count how long it took from the first step to the last, over those who got there."""
    converted = times[-1] != NEVER
    spent = (times[-1][converted] - times[0][converted]) / 1e6
    if not spent.size:
        return []
    spent.sort()
    edges = np.linspace(0.0, max(float(spent[-1]), 1.0), BINS + 1)
    counts = np.diff(np.append(np.searchsorted(spent, edges[:-1]), spent.size))
    return [
        {"from_seconds": float(low), "to_seconds": float(high), "users": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
