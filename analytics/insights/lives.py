"""How long persons have been here, and what they are called now: from kept rows where there are such.

In the engine events lie by name and day, so one person's lie everywhere. Kept rows say at once on
which days a person was here; of these only the newest are then read for the ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from analytics.insights.asking import Asking
from analytics.insights.kept.activity import of_one
from analytics.insights.kept.days import Found
from analytics.insights.kept.use import kept_rows
from analytics.insights.sql import people as sql
from analytics.insights.sql.params import EPOCH
from portal.store.query import TimeRange
from portal.store.sources import Question

Ids = Mapping[int, tuple[str, str]]
# All that the engine's times can be, and what clocks that are ahead say.
EVER = TimeRange(EPOCH.replace(year=1900), EPOCH.replace(year=2299))
DAY_US = 86_400_000_000
STEPS = (1, 3, None)  # of each person's days, so many are looked through; then all
HIGHEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Life:
    """A person's first and last event, their number, and the days of them, the newest first.

    `is_whole` unless there may be earlier days.
    """

    first: datetime
    last: datetime
    events: int
    days: tuple[date, ...]
    is_whole: bool


def lives(persons: Sequence[int], asking: Asking) -> dict[int, Life]:
    """Tell of all that persons ever did. Raises client.QueryFailed, client.EngineUnavailable."""
    kept = kept_rows(of_one(None), EVER, asking.question, asking.read)
    if kept is not None:
        asking.costs.append(kept[1])
        found = lived(persons, kept[0])
        if len(found) == len(set(persons)):  # none became another a moment ago
            return found
    rows = asking.rows(sql.spans_of_life(persons, asking.person))
    return {
        who: Life(first, last, events, (last.date(),), is_whole=False)
        for who, first, last, events in rows
    }


def lived(persons: Sequence[int], found: Found) -> dict[int, Life]:
    """Find persons in kept rows, which lie by person in each block."""
    wanted = np.unique(np.array(persons, np.uint64))
    at = np.searchsorted(wanted, found.ids)
    is_wanted = wanted[np.minimum(at, wanted.size - 1)] == found.ids
    numbers = np.flatnonzero(is_wanted).astype(np.uint32)
    first, last = np.full(numbers.size, HIGHEST), np.full(numbers.size, -HIGHEST)
    events = np.zeros(numbers.size, np.int64)
    days: list[set[int]] = [set() for _ in numbers]
    for block in found.blocks:
        who, t = block.columns["who"], block.columns["t"]
        begins, ends = (np.searchsorted(who, numbers, side) for side in ("left", "right"))
        events += ends - begins
        for place in np.flatnonzero(begins < ends):
            own = t[begins[place] : ends[place]]
            first[place], last[place] = min(first[place], own[0]), max(last[place], own[-1])
            days[place].update(np.unique(own // DAY_US).tolist())
    return {
        int(found.ids[number]): Life(
            moment(first[place]),
            moment(last[place]),
            int(events[place]),
            tuple(EPOCH.date() + timedelta(days=day) for day in sorted(days[place], reverse=True)),
            is_whole=True,
        )
        for place, number in enumerate(numbers)
        if days[place]
    }


def moment(at_us: Any) -> datetime:
    return EPOCH + timedelta(microseconds=int(at_us))


def ids(persons: Sequence[int], question: Question, known: Mapping[int, Life]) -> Ids:
    """Return the newest user id and anonymous id of persons, '' for none.

    Whose newest days tell a user id is done; only who is left is looked for further back. Without
    what is known of them all days are looked through at once.
    """
    found: dict[int, tuple[str, str]] = {}
    left = [who for who in persons if who in known] if known else list(persons)
    is_whole = bool(known) and all(one.is_whole for one in known.values())
    for most in STEPS if is_whole else (1, None) if known else (None,):
        has_days = is_whole or most is not None
        days = {day for who in left for day in known[who].days[:most]} if has_days else None
        answer, _ = question.run(sql.ids(left, question.person, days))
        for who, user_id, anonymous_id, named_at in answer.rows():
            if is_settled(known.get(who), most, named_at if user_id else None):
                found[who] = (user_id, anonymous_id)
        left = [who for who in left if who not in found]
        if not left:
            break
    return found


def is_settled(life: Life | None, most: int | None, named_at: datetime | None) -> bool:
    """Tell whether looking through a person's newest days was enough."""
    if life is None or most is None or (life.is_whole and len(life.days) <= most):
        return True
    return named_at is not None and named_at.date() >= life.days[:most][-1]
