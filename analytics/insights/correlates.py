"""What converters did more: odds ratios of having done something, with counts and intervals. Pure."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.conversions import Z95, corrected, two_proportions
from analytics.insights.journeys import NEVER, Ints, Journeys
from analytics.insights.sql.correlates import STRUCTURE
from portal.store.query import Table

Json = dict[str, Any]
LEAST_EXPECTED = 5.0  # in each cell of the two by two; below, the test means nothing
MOST_PERSONS = 1_000_000
MIX = np.uint64(0x9E3779B97F4A7C15)
PACKED = np.dtype([("who", "<u8"), ("since", "<i8"), ("until", "<i8"), ("converted", "u1")])


class Groups(NamedTuple):
    """How many persons converted, and how many had their time and did not."""

    converters: int
    drop_offs: int


class Did(NamedTuple):
    """How many of each group had an event, or a value."""

    converters: int
    drop_offs: int


def tried(found: Journeys) -> tuple[Table, Groups, int]:
    """Return the attempts that can be compared, their groups, and one in how many is kept.

    A converter's attempt is looked at until just before it ends, a drop-off's for as long as that of
    one of the converters. Whoever may still convert is left out.
    """
    converted = found.times[:, -1] != NEVER
    kept = converted | ~found.is_open
    one_in = 1 + int(kept.sum()) // MOST_PERSONS
    if one_in > 1:  # persons are hashes: any part of them is as good as another
        kept &= found.person % np.uint64(one_in) == 0
    rows = np.empty(int(kept.sum()), PACKED)
    since, until, is_converter = found.times[kept, 0], found.times[kept, -1] - 1, converted[kept]
    spans = (until - since)[is_converter]
    until[~is_converter] = since[~is_converter] + dealt(spans, found.person[kept][~is_converter])
    rows["who"], rows["since"], rows["until"] = found.person[kept], since, until
    rows["converted"] = is_converter
    groups = Groups(int(is_converter.sum()), int((~is_converter).sum()))
    return Table(STRUCTURE, rows.tobytes(), rows.size), groups, one_in


def dealt(spans: Ints, people: NDArray[np.uint64]) -> Ints:
    """Give each person one of the spans, so that these are spread over the people as they are.

    Had everybody who dropped the whole window, they would have had longer to do anything, and what
    happens at any time would seem to keep people from converting. Who gets which follows from a hash
    of the person alone.
    """
    if not spans.size:
        return np.zeros(people.size, np.int64)
    place = np.empty(people.size, np.int64)
    place[np.argsort(people * MIX)] = np.arange(people.size)
    return np.asarray(np.sort(spans)[(2 * place + 1) * spans.size // (2 * people.size)])


def compared(did: list[tuple[Json, Did]], groups: Groups) -> tuple[list[Json], int]:
    """Compare what each group did; return the rows, and how many were too rare to compare.

    The significant come first, of them what converters did more; the strongest before the others.
    """
    enough = [(what, one) for what, one in did if is_enough(one, groups)]
    rows = corrected([what | odds(one, groups) for what, one in enough])
    rows.sort(key=rank)
    return rows, len(did) - len(enough)


def rank(row: Json) -> tuple[bool, bool, float]:
    strength = math.log(row["odds_ratio"])
    return not row["is_significant"], strength < 0, -abs(strength)


def is_enough(did: Did, groups: Groups) -> bool:
    """Tell whether each cell of the two by two is expected to hold enough persons."""
    everybody = sum(groups)
    sides = (sum(did), everybody - sum(did))
    return bool(everybody) and min(sides) * min(groups) / everybody >= LEAST_EXPECTED


def odds(did: Did, groups: Groups) -> Json:
    """Return the odds ratio of converting with and without, Woolf's 95 % interval, and the test.

    Woolf, Annals of Human Genetics 19, 1955. Where a cell is 0, half a person is added to each
    (Haldane 1956, Anscombe 1956).
    """
    cells = [did.converters, groups.converters - did.converters,
             did.drop_offs, groups.drop_offs - did.drop_offs]  # fmt: skip
    a, b, c, d = (cell + 0.5 for cell in cells) if 0 in cells else map(float, cells)
    middle = math.log(a) + math.log(d) - math.log(b) - math.log(c)
    half = Z95 * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return {
        "converters": did.converters,
        "drop_offs": did.drop_offs,
        "converter_share": did.converters / groups.converters,
        "drop_off_share": did.drop_offs / groups.drop_offs,
        "odds_ratio": math.exp(middle),
        "interval": [math.exp(middle - half), math.exp(middle + half)],
        "p_value": two_proportions(
            (did.converters, groups.converters), (did.drop_offs, groups.drop_offs)
        ),
    }
