"""Each person's best attempt at a funnel as the engine found it, on every shard its own persons'. Pure.

What comes back is as small as an exact answer allows: persons who took the same steps in the same
time, with the same values of the breakdown, are one row on the way. Nearly everybody who took the
first step only is in one of a few rows; of the others it is the times between their steps that
travel, for a median is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from analytics.insights.definitions.funnel import Funnel
from analytics.insights.journeys import NEVER, Codes, Journeys, Read, array, counting
from analytics.insights.passes.figures import NOT_SET
from analytics.insights.sql import funnel as sql
from analytics.insights.sql import funnel_in_engine as attempts
from portal.store.native import Coded, Columns
from portal.store.query import TimeRange

# Events that the shards together hold in memory at a time, for one question.
EVENTS_A_SLICE = 100_000_000
NO_TREND = np.zeros((2, 0), np.int64)


def journeys(
    funnel: Funnel, window: TimeRange, as_of: datetime, person: str, read: Read, *, named: bool
) -> Journeys:
    """Let the engine find each person's best attempt; `named` tells whose each is.

    Only for funnels that `attempts.reason_against` has nothing against.
    """
    query = attempts.named_journeys if named else attempts.journeys
    texts: dict[str, int] = {}
    found = [
        read_journeys(columns, funnel, texts)
        for part in slices(funnel, window, read)
        if (columns := read(query(funnel, window, as_of, person, part)))
    ]
    found = found or [nobody(funnel)]
    return Journeys(
        np.concatenate([one.person for one in found]),
        np.concatenate([one.times for one in found]),
        np.concatenate([one.keys for one in found]),
        tuple(texts),
        np.concatenate([one.is_open for one in found]),
        NO_TREND,
    )


def slices(funnel: Funnel, window: TimeRange, read: Read) -> Iterator[sql.Slice]:
    found = read(sql.size(funnel, window))["events"]
    count = 1 + int(array(found)[0]) // EVENTS_A_SLICE
    return (sql.Slice(number, count) for number in range(count))


def read_journeys(columns: Columns, funnel: Funnel, texts: dict[str, int]) -> Journeys:
    """Turn columns into times: of who is not named, the first step counts as time 0."""
    is_open = array(columns["is_open"]).astype(np.bool_)
    shape = (is_open.size, len(funnel.steps))
    times, keys = np.full(shape, NEVER, np.int64), np.full(shape, NOT_SET, np.int32)
    times[:, 0] = array(columns["start"]) if "start" in columns else 0
    for step in range(1, len(funnel.steps)):
        span = array(columns[f"span{step}"])
        times[:, step] = np.where(span == attempts.NEVER, NEVER, times[:, step - 1] + span)
    if funnel.attribution:
        for step in range(len(funnel.steps)):
            taken = times[:, step] != NEVER
            keys[taken, step] = numbered(columns[f"key{step}"], texts)[taken]
        keys = counting(keys, texts.get("", NOT_SET), funnel.attribution)
    person = array(columns["who"]) if "who" in columns else np.zeros(is_open.size, np.uint64)
    people = array(columns["people"]) if "people" in columns else np.ones(is_open.size, np.int64)
    each = np.repeat(np.arange(is_open.size), people.astype(np.int64))
    return Journeys(person[each], times[each], keys[each], (), is_open[each], NO_TREND)


def numbered(column: object, texts: dict[str, int]) -> Codes:
    if not isinstance(column, Coded):
        raise TypeError("keys come as texts by number")
    numbers = [texts.setdefault(text, len(texts)) for text in column.texts]
    return np.array(numbers, np.int32)[column.codes]


def nobody(funnel: Funnel) -> Journeys:
    none, nothing = np.empty((0, len(funnel.steps)), np.int64), np.empty(0, np.int64)
    people, is_open = nothing.astype(np.uint64), nothing.astype(np.bool_)
    return Journeys(people, none, none.astype(np.int32), (), is_open, NO_TREND)
