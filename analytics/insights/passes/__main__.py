"""Compile every pass, and keep the machine code: `python -m analytics.insights.passes`.

The first compilation takes twenty seconds of a processor, later ones a moment. `manage.py up` and
the tests begin with it, so that nobody's first funnel waits.
"""

from __future__ import annotations

import numpy as np

from analytics.insights.passes import (
    attempt,
    figures,
    funnel,
    grouping,
    kept,
    lifecycle,
    numbering,
    plain,
    retention,
    visits,
)


def compile_all() -> None:
    """Call each pass once with the types that it is called with."""
    times = np.arange(2, dtype=np.int64)
    part = grouping.grouped(grouping.deal(np.zeros(2, np.uint64), times).rows)
    both, none = np.array([0, 1]), np.empty(0, np.int64)
    spec = attempt.Spec(funnel.ORDERED, 2, both, none, none, none, 1, 9, 9, False, none)
    plain.attempts(part, spec)
    plain.count(part, spec._replace(edges=both), np.zeros((2, 1), np.int64))
    grouping.looked_up(both[:, None], np.zeros(2, np.int32), np.zeros(1, np.int32))
    for order in (funnel.ORDERED, funnel.STRICT, funnel.ANY):
        spec = spec._replace(order=order)
        funnel.attempts(part.starts, part.ts, np.array([1, 2]), spec, np.zeros((2, 0), np.int64))
    codes = np.zeros(2, np.int32)
    figures.touched(codes[:, None], figures.NOT_SET, is_last=False)
    figures.spans(both, both, codes, 1, np.array([0.5]))
    words, ones = np.ones((1, 1), np.uint64), np.ones(1, np.int64)
    table = np.zeros((1, 2, 2), np.int64)
    retention.returned(words, words, ones, np.zeros(1, np.int64), table)
    retention.returned_or_later(words, words, ones, np.zeros(1, np.int64), both, table)
    lifecycle.lived(ones, words, ones, np.zeros((4, 2), np.int64))
    compile_kept()


def compile_kept() -> None:
    """Do the same for the passes over kept rows, which are read-only."""
    who, t, mask = np.zeros(2, np.uint32), np.arange(2), np.ones(2, np.uint32)
    both = np.arange(2, dtype=np.int64)
    plain.stepped(kept.gathered(who, t, both[:1], both[1:], 0, 1), mask)
    kept.settle(both.copy(), who, t, mask)
    for column in (who, t, mask):
        column.setflags(write=False)
    last = np.zeros(1, np.int32)
    block, words = kept.Marked(who, t, mask), np.zeros((1, 1), np.uint64)
    kept.mark(block, 1, both, both, words)
    kept.first(block, 1, both, both.copy(), np.zeros(1, np.uint32))
    kept.alike(words)
    kept.seen(who, t, both, last, both.copy())
    kept.rolling(who, t, both, np.zeros((2, 1), np.int64), last, both.copy())
    slots, ids = np.full(4, numbering.FREE, np.int32), np.ones(1, np.uint64)
    numbering.insert(slots, ids, 0)
    numbering.places_of(slots, ids, ids)
    compile_visits()


def compile_visits() -> None:
    """Do the same for the walks through sessions."""
    who, t, both = np.zeros(2, np.uint32), np.arange(2), np.arange(2, dtype=np.int64)
    part = kept.gathered(who, t, both[:1].copy(), both[1:].copy(), 0, 1)
    rows = visits.Rows(part, np.zeros(2, np.uint64), np.zeros(2, np.int32), np.empty(0, np.uint32))
    table = visits.table_of(both, both, both)
    visits.add(visits.follow(rows, visits.Route(2, 1, -1, -1), -1), table)
    visits.add(visits.measure(rows, visits.Clock(1, both), -1), table)
    visits.by_cell(np.zeros(2, np.int32), both, 1)
    visits.exchanged(both, both, both, both, both, both)


if __name__ == "__main__":
    compile_all()
