"""The compiled pass finds the attempts that brute force finds."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.insights.definitions.funnel import STEP_BITS
from analytics.insights.passes import attempt, plain
from analytics.insights.passes import funnel as walk
from analytics.insights.passes.grouping import deal, grouped
from tests.insights.oracles.funnel import Attempt, Happened, Rules, attempts, best

# `make exact` tries 2,000.
CASES = int(os.environ.get("CASES", "300"))

ORDERS = {"ordered": walk.ORDERED, "strict": walk.STRICT, "any": walk.ANY}
FAR_AWAY = 10**15
BUCKETS = (0, 4, 8, 100)


def ints(values: object) -> attempt.Ints:
    return np.array(list(values), np.int64)  # type: ignore[call-overload]  # any iterable


def spec_of(rules: Rules, *, with_trend: bool = False) -> attempt.Spec:
    return attempt.Spec(
        order=ORDERS[rules.order],
        steps=rules.steps,
        required=ints(step for step in range(rules.steps) if step not in rules.optional),
        optional=ints(sorted(rules.optional)),
        after=ints(after for after, _ in rules.exclusions),
        before=ints(before for _, before in rules.exclusions),
        window=rules.window,
        end=rules.end,
        as_of=FAR_AWAY,
        leave_out_open=False,
        edges=ints(BUCKETS if with_trend else ()),
    )


def mask(one: Happened, rules: Rules) -> int:
    steps = sum(1 << step for step in one.steps)
    return steps | sum(1 << (rules.steps + number) for number in one.voids)


def passed(ordered: list[Happened], rules: Rules) -> tuple[Attempt | None, list[list[int]]]:
    trend = np.zeros((2, len(BUCKETS) - 1), np.int64)
    found = walk.attempts(
        ints([0, len(ordered)]),
        ints(one.at for one in ordered),
        ints(mask(one, rules) for one in ordered),
        spec_of(rules, with_trend=True),
        trend,
    )
    times = tuple(None if at == attempt.NEVER else int(at) for at in found.times[0])
    places = tuple(None if place == attempt.NONE else int(place) for place in found.places[0])
    return (Attempt(times, places) if found.far[0] else None), trend.tolist()


def counted(events: list[Happened], rules: Rules) -> list[list[int]]:
    """Count the person per bucket of the attempt's beginning: entered, converted."""
    rows = [[0] * (len(BUCKETS) - 1) for _ in range(2)]
    for one in attempts(events, rules):
        bucket = max(place for place, edge in enumerate(BUCKETS[:-1]) if edge <= one.start)
        rows[0][bucket] = 1
        if one.far == rules.steps:
            rows[1][bucket] = 1
    return rows


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Happened], Rules]:
    """Few steps, few instants: events of one instant and steps that share events are common."""
    order = draw(st.sampled_from(["ordered", "ordered", "strict", "any"]))
    steps = draw(st.integers(2, 4))
    # Optional steps with events of their own: whom a shared event goes to is tested apart.
    may_share = draw(st.booleans()) or order != "ordered"
    optional: frozenset[int] = frozenset()
    if not may_share:
        optional = frozenset(draw(st.sets(st.integers(1, steps - 1), max_size=2)))
    pair = st.tuples(st.integers(0, steps - 2), st.integers(1, steps - 1)).filter(
        lambda one: one[0] < one[1]
    )
    exclusions = tuple(draw(st.lists(pair, max_size=2)))
    most = steps if may_share else 1
    happened = st.builds(
        Happened,
        st.integers(0, 12),
        st.frozensets(st.integers(0, steps - 1), max_size=most),
        st.frozensets(st.integers(0, len(exclusions) - 1), max_size=1)
        if exclusions
        else st.just(frozenset()),
    )
    events = draw(st.lists(happened, min_size=1, max_size=8 if order != "strict" else 7))
    window, end = draw(st.integers(1, 13)), draw(st.integers(1, 13))
    return events, Rules(steps, window, end, order, optional, exclusions)


def instants(*events: tuple[int, set[int]]) -> list[Happened]:
    return [Happened(at, frozenset(steps)) for at, steps in events]


# An exclusion lets both events at 5 begin; the one that leaves the other to step 2 is earlier.
EITHER_BEGINS = instants((5, {0}), (5, {0, 1}), (6, {1}), (6, {2}))
EXCLUDING = Rules(3, window=10, end=100, exclusions=((0, 1),))


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example((EITHER_BEGINS, EXCLUDING))
@example((EITHER_BEGINS[::-1], EXCLUDING))
@given(cases())
def test_the_best_attempt_and_the_trend_are_those_of_brute_force(
    case: tuple[list[Happened], Rules],
) -> None:
    drawn, rules = case
    ordered = sorted(drawn, key=lambda one: one.at)
    events = [replace(one, place=place) for place, one in enumerate(ordered)]

    found, trend = passed(events, rules)

    expected = best(events, rules)
    assert found == expected
    assert (found and found.places) == (expected and expected.places)  # of one instant the first
    assert trend == counted(events, rules)


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.builds(Happened, st.integers(0, 12), st.integers(0, 3).map(lambda k: frozenset({k}))),
        min_size=1,
        max_size=10,
    ),
    st.integers(1, 13),
    st.integers(1, 13),
    st.booleans(),
)
def test_one_look_at_each_event_finds_the_same_best_attempt(
    events: list[Happened], window: int, end: int, leave_out_open: bool
) -> None:
    rules = Rules(4, window, end, "ordered")
    spec = spec_of(rules, with_trend=True)._replace(as_of=10, leave_out_open=leave_out_open)
    trend, expected_trend = np.zeros((2, 3), np.int64), np.zeros((2, 3), np.int64)

    dealt = deal(
        np.full(len(events), 7, np.uint64),
        ints(one.at << STEP_BITS | min(one.steps) for one in events),
    )
    found = plain.attempts(grouped(dealt.rows), spec)
    plain.count(grouped(dealt.rows), spec, trend)

    ordered = sorted(events, key=lambda one: one.at)
    starts, masks = ints([0, len(events)]), ints(mask(one, rules) for one in ordered)
    times = ints(one.at for one in ordered)
    expected = walk.attempts(starts, times, masks, spec, expected_trend)
    assert found.times.tolist() == expected.times[expected.far > 0].tolist()
    assert trend.tolist() == expected_trend.tolist()
    assert found.is_open.tolist() == expected.is_open[expected.far > 0].tolist()
    for place, at in zip(found.places.ravel(), found.times.ravel(), strict=True):
        assert (place == attempt.NONE) == (at == attempt.NEVER)
        assert place == attempt.NONE or events[place].at == at


def test_rows_are_dealt_the_same_however_many_deal() -> None:
    random = np.random.default_rng(1)
    person = random.integers(0, 2**63, 100_000).astype(np.uint64)
    ts = random.integers(0, 10**15, 100_000)

    dealt = deal(person, ts)

    assert sorted(dealt.rows[:, 2].tolist()) == list(range(100_000))
    assert (person[dealt.rows[:, 2]].astype(np.int64) == dealt.rows[:, 0]).all()
    assert (ts[dealt.rows[:, 2]] == dealt.rows[:, 1]).all()
    for first, stop in pairwise(dealt.bounds.tolist()):
        assert (np.diff(dealt.rows[first:stop, 2]) > 0).all()
    owners = [set(dealt.rows[a:b, 0].tolist()) for a, b in pairwise(dealt.bounds.tolist())]
    assert sum(len(one) for one in owners) == np.unique(person).size
