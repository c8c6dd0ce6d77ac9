"""The same funnel asked in other ways: what the portal's own form is measured against.

Four steps inside seven days, by country. Each form answers `Counted`: persons by country and by how
many steps they took. Every event fills one step only and a country is a person's own here, so that
the simple forms are right; the portal's form also is where they are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from clickhouse_connect.driver.client import Client
from numba import njit
from numpy.typing import NDArray

from bench._events import END, START, STEPS

Counted = dict[str, tuple[int, ...]]
Rows = Iterable[Sequence[Any]]
WINDOW_S = 7 * 86_400
WINDOW_US = WINDOW_S * 1_000_000
NEVER = 2**62
RANGE = f"day >= '{START:%Y-%m-%d}' AND day < '{END:%Y-%m-%d}'"
NAMES = ", ".join(f"'{name}'" for name in STEPS)
STEP = f"indexOf([{NAMES}], name)"
DUCK_ROWS = f"""
    SELECT person, epoch_us(ts) AS t, list_position([{NAMES}], name::VARCHAR) AS step, country
    FROM events WHERE name IN ({NAMES}) AND {RANGE}"""


def engine_rows(country: str) -> str:
    """Return the steps' rows; `country` is the engine's column of typed keys for the property."""
    return f"""
    SELECT person, toUnixTimestamp64Micro(ts) AS t, {STEP} AS step, substring({country}, 2) AS country
    FROM events WHERE name IN ({NAMES}) AND {RANGE}"""


def scan(country: str) -> str:
    """Read the funnel's columns and do nothing with them."""
    read = f"ignore(name, person, ts, {country})"
    return f"SELECT count() FROM events WHERE name IN ({NAMES}) AND {RANGE} AND NOT {read}"


def nested_windows(rows: str) -> str:
    """Chain the earliest next step by window functions, from the last step to the first.

    Standard SQL, for the engine and for DuckDB. What follows later is never earlier, so the
    smallest time of a later step is the one after the nearest event of the step between.
    """
    following = (
        "OVER (PARTITION BY person ORDER BY t RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)"
    )
    fourth = f"min(CASE WHEN step = 4 THEN t ELSE {NEVER} END) {following} AS d"
    third = _earliest(3, "t", "c", following) + ", " + _earliest(3, "d", "d", following)
    second = ", ".join(
        _earliest(2, value, name, following) for value, name in (("t", "b"), ("c", "c"), ("d", "d"))
    )
    kept = "person, t, step, country"
    chained = f"SELECT {kept}, {fourth} FROM ({rows}) AS r"
    chained = f"SELECT {kept}, {third} FROM ({chained}) AS r"
    chained = f"SELECT {kept}, {second} FROM ({chained}) AS r"
    taken = " + ".join(f"CASE WHEN {name} <= t + {WINDOW_US} THEN 1 ELSE 0 END" for name in "bcd")
    return f"""
SELECT country, level, count(*) AS persons
FROM (
    SELECT person, max(country) AS country, max(1 + {taken}) AS level
    FROM ({chained}) AS r
    WHERE step = 1
    GROUP BY person
) AS best
GROUP BY country, level"""


def _earliest(step: int, value: str, name: str, following: str) -> str:
    return f"min(CASE WHEN step = {step} THEN {value} ELSE {NEVER} END) {following} AS {name}"


def grouped_arrays(rows: str) -> str:
    """Collect each step's times in arrays and chain them by looking for the next one."""
    begun = "arraySort(groupArrayIf(t, step = 1)) AS a"
    arrays = ", ".join(
        f"arraySort(groupArrayIf(t, step = {number})) AS {name}"
        for number, name in ((2, "b"), (3, "c"), (4, "d"))
    )
    level = f"""arrayMax(arrayMap(x -> 1 + (arrayFirst(y -> y >= x, b) AS t2
            BETWEEN x AND x + {WINDOW_US})
        + (t2 > 0 AND (arrayFirst(y -> y >= t2, c) AS t3) BETWEEN x AND x + {WINDOW_US})
        + (t2 > 0 AND t3 > 0 AND arrayFirst(y -> y >= t3, d) BETWEEN x AND x + {WINDOW_US}), a))"""
    return f"""
SELECT country, {level} AS level, count() AS persons
FROM (SELECT person, any(country) AS country, {begun}, {arrays} FROM ({rows}) GROUP BY person)
WHERE notEmpty(a)
GROUP BY country, level"""


def folded_arrays(rows: str) -> str:
    """Fold each person's sorted events: for every level the latest beginning that got there."""
    later = ", ".join(
        f"if(e.2 = {step} AND s.{step - 1} >= e.1 - {WINDOW_US}, s.{step - 1}, s.{step})"
        for step in (2, 3, 4)
    )
    start = "(0::Int64, 0::Int64, 0::Int64, 0::Int64)"
    return f"""
SELECT country, (s.1 > 0) + (s.2 > 0) + (s.3 > 0) + (s.4 > 0) AS level, count() AS persons
FROM (
    SELECT person, any(country) AS country, arraySort(groupArray((t, step))) AS events,
        arrayFold((s, e) -> (if(e.2 = 1, e.1, s.1), {later}), events, {start}) AS s
    FROM ({rows})
    GROUP BY person
)
WHERE level > 0
GROUP BY country, level"""


def window_funnel(rows: str) -> str:
    """Use the engine's own function: exact here, as no event fills two steps."""
    steps = ", ".join(f"step = {number}" for number in (1, 2, 3, 4))
    return f"""
SELECT country, level, count() AS persons
FROM (
    SELECT person, any(country) AS country, windowFunnel({WINDOW_US})(toUInt64(t), {steps}) AS level
    FROM ({rows})
    GROUP BY person
)
WHERE level > 0
GROUP BY country, level"""


def by_level(rows: Rows) -> Counted:
    """Bring (country, level, persons) into persons who took at least each step, by country."""
    found: dict[str, Counter[int]] = {}
    for country, level, persons in rows:
        found.setdefault(country or "", Counter())[int(level)] += persons
    return {
        country: tuple(
            sum(n for level, n in levels.items() if level >= step) for step in (1, 2, 3, 4)
        )
        for country, levels in sorted(found.items())
    }


class Sorted:
    """The rows in the order of person and time, as plain arrays: the best layout there is."""

    def __init__(self, engine: Client, rows: str) -> None:
        table = engine.query_arrow(
            f"SELECT person, t, toUInt8(step) AS step, country FROM ({rows}) ORDER BY person, t, step"
        )
        texts, codes = np.unique(np.array(table["country"].to_pylist(), "U"), return_inverse=True)
        person = table["person"].to_numpy()
        self.person = np.cumsum(np.diff(person, prepend=person[:1]) != 0).astype(np.uint32)
        self.ts = table["t"].to_numpy().astype(np.int64)
        self.step = table["step"].to_numpy().astype(np.uint8)
        self.country = codes.astype(np.uint8)
        self.texts = [str(text) for text in texts]

    @property
    def size_bytes(self) -> int:
        return int(sum(one.nbytes for one in (self.person, self.ts, self.step, self.country)))

    def walk(self) -> Counted:
        """Count in one pass by hand, on one core."""
        counts = np.zeros((len(self.texts), 5), np.int64)
        _walk(self.person, self.ts, self.step, self.country, counts)
        return by_level(
            (text, level, int(counts[place, level]))
            for place, text in enumerate(self.texts)
            for level in (1, 2, 3, 4)
        )

    def touch(self) -> int:
        """Read every byte once: what memory allows."""
        return sum(
            int(one[: one.size // 8 * 8].view(np.uint64).sum())
            for one in (self.person, self.ts, self.step, self.country)
        )


@njit(cache=True)
def _walk(
    person: NDArray[np.uint32],
    ts: NDArray[np.int64],
    step: NDArray[np.uint8],
    country: NDArray[np.uint8],
    counts: NDArray[np.int64],
) -> None:
    """Keep, for every level, the latest beginning that got there."""
    first = second = third = -NEVER
    level = 0
    for place in range(person.size):
        if place and person[place] != person[place - 1]:
            counts[country[place - 1], level] += 1
            first = second = third = -NEVER
            level = 0
        at, taken = ts[place], step[place]
        if taken == 1:
            first = at
            level = max(level, 1)
        elif taken == 2 and first >= at - WINDOW_US:
            second = first
            level = max(level, 2)
        elif taken == 3 and second >= at - WINDOW_US:
            third = second
            level = max(level, 3)
        elif taken == 4 and third >= at - WINDOW_US:
            level = 4
    counts[country[person.size - 1], level] += 1
