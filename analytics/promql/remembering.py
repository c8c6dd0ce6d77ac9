"""Answers over time of which only what is new is computed again.

A board asks the same queries over a day, minute after minute, and all moments but the last few are
what they were. So this process remembers an answer as of when it was computed, and asks the engine
since when samples have come (analytics.series.changes): late ones, too, so that nothing that is
shown was right only once. Everything may be forgotten at any time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.promql import asking, moments
from analytics.promql.asking import Asked
from analytics.promql.errors import BadQuery
from analytics.promql.outcome import Outcome, Range
from analytics.promql.parse import parse
from analytics.promql.selectors import all_matchers
from analytics.promql.tree import Tree
from analytics.series import changes, keeping
from analytics.series.keeping import Reach
from analytics.series.reading import Ask
from analytics.series.resolutions import RAW
from portal.lib import clock
from portal.store import client

LEAST_MS = 30 * 60_000  # what came in the last minutes is asked again in any case
MOST_BYTES, MOST_BYTES_OF_ONE = 32 << 20, 4 << 20
LABELS_BYTES = 500  # of one series, about


@dataclass(frozen=True)
class Known:
    outcome: Outcome
    looked_at: datetime  # before it was computed

    @property
    def size(self) -> int:
        found = self.outcome
        return found.values.nbytes + found.present.nbytes + LABELS_BYTES * len(found.series)


class Answers:
    """The answers of this process, the least recently asked going first. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, Known] = OrderedDict()
        self._size = 0

    def find(self, name: Hashable) -> Known | None:
        with self._lock:
            return self._known.get(name)

    def keep(self, name: Hashable, known: Known) -> None:
        with self._lock:
            self._forget(name)
            if known.size > MOST_BYTES_OF_ONE:
                return
            self._known[name] = known
            self._size += known.size
            while self._size > MOST_BYTES:
                self._forget(next(iter(self._known)))

    def forget(self) -> None:
        with self._lock:
            self._known.clear()
            self._size = 0

    def _forget(self, name: Hashable) -> None:
        if (gone := self._known.pop(name, None)) is not None:
            self._size -= gone.size


ANSWERS = Answers()


def answered(asked: Asked, ask: Ask = client.read_columns) -> Outcome:
    """Answer as `asking.answered` does; `stats` tell of what had to be computed now.

    `ask` asks the engine where little is to be read. Raises errors.QueryFailed, client.QueryFailed,
    client.EngineUnavailable.
    """
    at = asked.at
    if not isinstance(at, Range) or at.end_ms - at.start_ms < LEAST_MS:
        return asking.answered(asked, ask)
    tree = tree_of_moments(asked.query, at)
    if tree is None:
        return asking.answered(asked)
    now, reach = clock.now(), keeping.reach()
    # What is deleted, old or not, takes the answers along that were made of it.
    there = reach.since_ms[RAW.name], reach.deletions
    name = (asked.query, at.step_ms, at.start_ms % at.step_ms, asked.lookback_ms, *there)
    known = ANSWERS.find(name)
    settled = None if known is None else still_right(known, at, tree, ask)
    outcome = asking.answered(asked) if settled is None else completed(settled, asked, at, ask)
    looked_at = [looked_at_in(one, reach, now) for one in outcome.stats.resolutions]
    if not outcome.stats.is_rough and None not in looked_at:
        ANSWERS.keep(name, Known(outcome, min(filter(None, looked_at), default=now)))
    return outcome


def looked_at_in(resolution: str, reach: Reach, now: datetime) -> datetime | None:
    """Return the moment of which a resolution has all samples: late ones join buckets late."""
    return now if resolution == RAW.name else reach.looked_at.get(resolution)


def tree_of_moments(query: str, at: Range) -> Tree | None:
    """Return a query as a tree; None where its answer cannot be taken apart."""
    if at.step_ms <= 0 or (at.end_ms - at.start_ms) // at.step_ms > asking.LIMITS.points:
        return None
    if asking.OPTIONS.delayed_name_removal:
        return None  # at one moment what it refuses is another thing
    try:
        tree = parse(query, experimental_functions=asking.OPTIONS.experimental_functions)
    except BadQuery:
        return None
    return tree if tree.type == "vector" and moments.stands_alone(tree) else None


def still_right(known: Known, at: Range, tree: Tree, ask: Ask) -> Outcome | None:
    """Return what of an answer is in a range and as it was; None where that is not its beginning."""
    if not known.outcome.times[0] <= at.start_ms <= known.outcome.times[-1]:
        return None
    sets = [all_matchers(node) for node in moments.selectors_of(tree)]
    changed = changes.first_since(known.looked_at, sets, ask) if sets else None
    until = at.end_ms if changed is None else min(at.end_ms, changed - 1)
    found = moments.between(known.outcome, at.start_ms, until)
    return found if len(found.times) else None


def completed(settled: Outcome, asked: Asked, at: Range, ask: Ask) -> Outcome:
    """Compute what comes after what is settled."""
    rest = replace(at, start_ms=int(settled.times[-1]) + at.step_ms)
    if rest.start_ms > at.end_ms:
        return settled
    return moments.joined(settled, asking.answered(replace(asked, at=rest), ask))
