"""Figures from each person's best attempt at a funnel: who got how far, when, and how sure. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.funnel import Funnel
from analytics.insights.journeys import NEVER, Journeys
from analytics.insights.sql.trend import OTHER
from analytics.insights.sql.values import value_of

Json = dict[str, Any]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
NOT_SET = -1
BINS = 24
Z95 = 1.959963984540054
SIGNIFICANT = 0.05


def answer(funnel: Funnel, found: Journeys, grid: Grid | None, complete: list[bool]) -> Json:
    """Return the contract's JSON without `meta`."""
    times = np.ascontiguousarray(found.times.T)
    body: Json = {"steps": steps(funnel, times)}
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


def steps(funnel: Funnel, times: Ints) -> list[Json]:
    """Return one object a step; times[k] is when each of the persons took step k, or NEVER."""
    taken = times != NEVER
    users = [int(np.count_nonzero(of_step)) for of_step in taken]
    rows = []
    for place in range(len(users)):
        base = before(funnel, place) if place else 0
        rows.append(
            {
                "step": place + 1,
                "label": title(funnel, place),
                "users": users[place],
                "dropped": users[base] - users[place],
                "conversion_rate": rate(users[place], users[0]),
                "from_previous": rate(users[place], users[base]),
                "conversion_interval": interval(users[place], users[0]),
                **_times(times[place], times[base], taken[place], is_first=place == 0),
            }
        )
    return rows


def rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _times(at: Ints, before: Ints, of: Flags, *, is_first: bool) -> Json:
    """Return how long the step took after the one before, in seconds."""
    names = ("median_seconds", "average_seconds", "p75_seconds", "p90_seconds")
    if is_first or not of.any():
        return dict.fromkeys(names)
    spent = at[of] - before[of]
    spent.sort()  # in less time than the quantiles take to be found without
    middle, p75, p90 = (_quantile(spent, share) for share in (0.5, 0.75, 0.9))
    average = math.fsum(spent.tolist()) / spent.size if spent.size < 1000 else float(spent.mean())
    values = (middle, average, p75, p90)
    return {name: value / 1e6 for name, value in zip(names, values, strict=True)}


def _quantile(values: Ints, share: float) -> float:
    """Return a quantile of sorted values; between two of them it moves evenly, as numpy's."""
    place = share * (values.size - 1)
    low = math.floor(place)
    high = min(low + 1, values.size - 1)
    return int(values[low]) + int(values[high] - values[low]) * (place - low)


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
    groups = _groups(funnel, found)
    groups.sort(key=lambda group: (-group[1].size, _name(group[0]), group[0]))
    limit = funnel.attribution.breakdown.limit
    for key, rows in groups[:limit]:
        yield {"value": value_of(key), "steps": steps(funnel, times.take(rows, axis=1))}
    if len(groups) > limit:
        rest = np.unique(np.concatenate([rows for _, rows in groups[limit:]]))
        yield {"value": OTHER, "steps": steps(funnel, times.take(rest, axis=1))}


def of_value(funnel: Funnel, found: Journeys, value: Any) -> Flags:
    """Tell which persons the breakdown counts for a value; nobody for one that it does not have."""
    chosen = np.zeros(found.person.size, np.bool_)
    for key, rows in _groups(funnel, found) if funnel.attribution else ():
        if value_of(key) == value:
            chosen[rows] = True
    return chosen


def _name(key: str) -> str:
    return key[1:] if key else "$none"


def _groups(funnel: Funnel, found: Journeys) -> list[tuple[str, Ints]]:
    """Return which rows belong to which value; in `any` a person may belong to several."""
    unset = found.texts.index("") if "" in found.texts else NOT_SET
    keys = np.where(found.keys == unset, NOT_SET, found.keys)
    if funnel.attribution and funnel.attribution.touch != "any":
        return _split(touched(funnel, keys), found.texts)
    groups = [
        (found.texts[code], np.flatnonzero(np.any(keys == code, axis=1)))
        for code in np.unique(keys)
        if code != NOT_SET
    ]
    nothing = np.flatnonzero(np.all(keys == NOT_SET, axis=1))
    return [*groups, ("", nothing)] if nothing.size else groups


def _split(codes: NDArray[np.int32], texts: tuple[str, ...]) -> list[tuple[str, Ints]]:
    """Return the rows of each code that occurs."""
    # Small numbers sort by their digits, ten times as fast.
    small = codes.astype(np.int16) if len(texts) < np.iinfo(np.int16).max else codes
    order = np.argsort(small, kind="stable")
    found, begins = np.unique(small[order], return_index=True)
    parts = np.split(order, begins[1:]) if order.size else []
    return [
        ("" if code == NOT_SET else texts[code], rows)
        for code, rows in zip(found, parts, strict=True)
    ]


def touched(funnel: Funnel, keys: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the one value that each attempt counts for, -1 when not set."""
    attribution = funnel.attribution
    if attribution is not None and attribution.touch == "step":
        return keys[:, attribution.step - 1]
    is_last = attribution is not None and attribution.touch == "last_touch"
    order = keys[:, ::-1] if is_last else keys
    first = np.argmax(order != NOT_SET, axis=1)
    return np.asarray(np.take_along_axis(order, first[:, None], axis=1)[:, 0])


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
