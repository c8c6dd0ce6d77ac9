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
BINS = 24
Z95 = 1.959963984540054
SIGNIFICANT = 0.05


def answer(funnel: Funnel, found: Journeys, grid: Grid | None, complete: list[bool]) -> Json:
    """Return the contract's JSON without `meta`."""
    everybody = np.ones(found.person.size, np.bool_)
    body: Json = {"steps": steps(funnel, found, everybody)}
    if funnel.attribution:
        body["breakdown"] = list(by_value(funnel, found))
        body["differences"] = differences(body["breakdown"])
    if grid:
        body["trend"] = trend(found, grid, complete)
    body["histogram"] = histogram(found)
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


def steps(funnel: Funnel, found: Journeys, of: Flags) -> list[Json]:
    """Return one object a step, over some of the persons."""
    times = found.times[of]
    taken = times != NEVER
    users = [int(count) for count in taken.sum(axis=0)]
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
                **_times(times[:, place] - times[:, base], taken[:, place], is_first=place == 0),
            }
        )
    return rows


def rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _times(spans: NDArray[np.int64], of: Flags, *, is_first: bool) -> Json:
    """Return how long the step took after the one before, in seconds."""
    names = ("median_seconds", "average_seconds", "p75_seconds", "p90_seconds")
    if is_first or not of.any():
        return dict.fromkeys(names)
    spent = spans[of]
    middle, p75, p90 = np.quantile(spent, (0.5, 0.75, 0.9))
    average = math.fsum(spent.tolist()) / spent.size if spent.size < 1000 else float(spent.mean())
    values = (middle, average, p75, p90)
    return {name: float(value) / 1e6 for name, value in zip(names, values, strict=True)}


def interval(part: int, whole: int) -> list[float] | None:
    """Return Wilson's 95 % interval of a rate (Wilson, JASA 22, 1927)."""
    if not whole:
        return None
    share, spread = part / whole, Z95**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) / whole + spread / (4 * whole)) * Z95 / (1 + spread)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def by_value(funnel: Funnel, found: Journeys) -> Iterator[Json]:
    """Count each value of the breakdown: by persons who entered, then by name; then the rest."""
    if funnel.attribution is None:
        return
    groups = list(_groups(funnel, found))
    groups.sort(key=lambda group: (-int(group[1].sum()), _name(group[0]), group[0]))
    limit = funnel.attribution.breakdown.limit
    for key, of in groups[:limit]:
        yield {"value": value_of(key), "steps": steps(funnel, found, of)}
    if len(groups) > limit:
        rest = np.any([of for _, of in groups[limit:]], axis=0)
        yield {"value": OTHER, "steps": steps(funnel, found, rest)}


def of_value(funnel: Funnel, found: Journeys, value: Any) -> Flags:
    """Tell which persons the breakdown counts for a value; nobody for one that it does not have."""
    chosen = [of for key, of in _groups(funnel, found) if value_of(key) == value]
    nobody = np.zeros(found.person.size, np.bool_)
    return np.any([nobody, *chosen], axis=0) if funnel.attribution else nobody


def _name(key: str) -> str:
    return key[1:] if key else "$none"


def _groups(funnel: Funnel, found: Journeys) -> Iterator[tuple[str, Flags]]:
    """Tell which persons belong to which value; in `any` a person may belong to several."""
    unset = found.texts.index("") if "" in found.texts else -1
    keys = np.where(found.keys == unset, -1, found.keys)
    touch = funnel.attribution.touch if funnel.attribution else "any"
    if touch == "any":
        columns = [keys[:, place] for place in range(keys.shape[1])]
        nothing = np.all(keys == -1, axis=1)
    else:
        columns = [touched(funnel, keys)]
        nothing = columns[0] == -1
    for code in np.unique(np.concatenate(columns)):
        if code != -1:
            yield found.texts[code], np.any([column == code for column in columns], axis=0)
    if nothing.any():
        yield "", nothing


def touched(funnel: Funnel, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the one value that each attempt counts for, -1 when not set."""
    attribution = funnel.attribution
    if attribution is not None and attribution.touch == "step":
        return keys[:, attribution.step - 1]
    is_last = attribution is not None and attribution.touch == "last_touch"
    order = keys[:, ::-1] if is_last else keys
    first = np.argmax(order != -1, axis=1)
    return np.asarray(np.take_along_axis(order, first[:, None], axis=1)[:, 0])


def differences(groups: list[Json]) -> list[Json]:
    """Compare the overall rates of all pairs of values: two-proportion z-tests, Holm's correction.

    Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    compared = [one for one in groups if one["value"] != OTHER and one["steps"][0]["users"]]
    rows = [_difference(*pair) for pair in combinations(compared, 2)]
    rows.sort(key=lambda row: row["p_value"])
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
    pooled = sum(converted) / sum(entered)
    error = math.sqrt(pooled * (1 - pooled) * (1 / entered[0] + 1 / entered[1]))
    z = abs(rates[0] - rates[1]) / error if error else 0.0
    return {
        "values": [one["value"], other["value"]],
        "difference": rates[0] - rates[1],
        "p_value": math.erfc(z / math.sqrt(2)),
    }


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


def histogram(found: Journeys) -> list[Json]:
    """Count how long it took from the first step to the last, over those who got there."""
    converted = found.times[:, -1] != NEVER
    spent = (found.times[converted, -1] - found.times[converted, 0]) / 1e6
    if not spent.size:
        return []
    counts, edges = np.histogram(spent, BINS, (0.0, max(float(spent.max()), 1.0)))
    return [
        {"from_seconds": float(low), "to_seconds": float(high), "users": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
