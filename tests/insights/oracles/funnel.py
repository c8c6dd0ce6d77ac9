"""A funnel by brute force: all attempts of a person, all orders of what happened at one instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Mask = frozenset[int]
NEVER = float("inf")


@dataclass(frozen=True)
class Happened:
    """One event: when, which steps it can fill, and which exclusions it triggers.

    `place` is its place in the person's order, which tells events of one instant apart.
    """

    at: int
    steps: Mask
    voids: Mask = frozenset()
    place: int = 0


@dataclass(frozen=True)
class Rules:
    steps: int
    window: int
    end: int
    order: str = "ordered"
    optional: Mask = frozenset()
    exclusions: tuple[tuple[int, int], ...] = ()  # after step, before step, from 0


@dataclass(frozen=True)
class Attempt:
    """When each step was taken, and by which event; None for a step not taken."""

    times: tuple[int | None, ...]
    places: tuple[int | None, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, taken: Sequence[Happened | None], steps: int) -> Attempt:
        whole = [*taken, *[None] * (steps - len(taken))]
        return cls(
            tuple(one.at if one else None for one in whole),
            tuple(one.place if one else None for one in whole),
        )

    @property
    def far(self) -> int:
        return max(place for place, at in enumerate(self.times, 1) if at is not None)

    @property
    def start(self) -> int:
        assert self.times[0] is not None
        return self.times[0]

    @property
    def rank(self) -> tuple[int, int, int]:
        """Furthest first, then who got there first, then who began last."""
        last = self.times[self.far - 1]
        assert last is not None
        return (-self.far, last, -self.start)


def attempts(events: Sequence[Happened], rules: Rules) -> list[Attempt]:
    """Return every attempt that is not void."""
    found = [one for start in events for one in from_start(events, rules, start)]
    return [one for one in found if not is_void(events, rules, one)]


def best(events: Sequence[Happened], rules: Rules) -> Attempt | None:
    return min(attempts(events, rules), key=early, default=None)


def early(one: Attempt) -> tuple[tuple[int, int, int], list[float], list[float]]:
    """Order attempts by rank; of equal ones that counts whose steps were taken early."""
    times = [NEVER if at is None else at for at in one.times]
    return one.rank, times, [NEVER if place is None else place for place in one.places]


def from_start(events: Sequence[Happened], rules: Rules, start: Happened) -> Iterator[Attempt]:
    if start.at >= rules.end:
        return
    if rules.order == "any":
        if start.steps:
            yield in_any_order(events, rules, start.at)
    elif 0 in start.steps:
        walk = strictly if rules.order == "strict" else ordered
        yield from best_of(list(walk(events, rules, start)))


def best_of(found: list[Attempt]) -> list[Attempt]:
    """Of the orders of events of one instant the best counts; steps are taken early."""
    return [min(found, key=early)]


def ordered(events: Sequence[Happened], rules: Rules, start: Happened) -> Iterator[Attempt]:
    required = [step for step in range(rules.steps) if step not in rules.optional]

    def follow(taken: list[Happened]) -> Iterator[list[Happened]]:
        if len(taken) == len(required):
            yield taken
            return
        step, last = required[len(taken)], start.at + rules.window
        able = [
            one for one in events
            if step in one.steps and taken[-1].at <= one.at <= last and not held(one, taken)
        ]  # fmt: skip
        if not able:
            yield taken
            return
        first = min(one.at for one in able)
        for one in able:
            if one.at == first:
                yield from follow([*taken, one])

    for taken in follow([start]):
        placed: list[Happened | None] = [None] * rules.steps
        for step, one in zip(required, taken, strict=False):
            placed[step] = one
        yield with_optional(events, rules, placed, start.at + rules.window)


def held(one: Happened, taken: Sequence[Happened | None]) -> bool:
    return any(one is other for other in taken)


def with_optional(
    events: Sequence[Happened], rules: Rules, placed: list[Happened | None], last: int
) -> Attempt:
    for step in sorted(rules.optional):
        required = max(other for other in range(step) if other not in rules.optional)
        if placed[required] is None:
            continue
        before = next(one for one in reversed(placed[:step]) if one is not None)
        after = next((one.at for one in placed[step + 1 :] if one is not None), last)
        able = [
            one for one in events
            if step in one.steps and before.at <= one.at <= after and not held(one, placed)
        ]  # fmt: skip
        placed[step] = min(able, key=lambda one: (one.at, one.place), default=None)
    return Attempt.of(placed, rules.steps)


def strictly(events: Sequence[Happened], rules: Rules, start: Happened) -> Iterator[Attempt]:
    instants = sorted({one.at for one in events})

    def follow(
        taken: list[Happened], pool: list[Happened], *, may_leave: bool
    ) -> Iterator[list[Happened]]:
        yield taken
        if len(taken) == rules.steps:
            return
        for one in pool:
            if len(taken) in one.steps:
                rest = [other for other in pool if other is not one]
                yield from follow([*taken, one], rest, may_leave=may_leave)
        if not pool or may_leave:
            later = [at for at in instants if at > taken[-1].at]
            if later and later[0] - start.at <= rules.window:
                fresh = [one for one in events if one.at == later[0]]
                for one in fresh:
                    if len(taken) in one.steps:
                        rest = [other for other in fresh if other is not one]
                        yield from follow([*taken, one], rest, may_leave=False)

    pool = [one for one in events if one.at == start.at and one is not start]
    for taken in follow([start], pool, may_leave=True):
        yield Attempt.of(taken, rules.steps)


def in_any_order(events: Sequence[Happened], rules: Rules, start: int) -> Attempt:
    """Take every event that lets the events so far fill one step more."""
    inside = sorted(
        (one for one in events if start <= one.at <= start + rules.window),
        key=lambda one: (one.at, one.place),
    )
    taken: list[Happened] = []
    for one in inside:
        if largest([each.steps for each in (*taken, one)], frozenset()) > len(taken):
            taken.append(one)
    return Attempt.of(taken, rules.steps)


def largest(masks: list[Mask], used: Mask) -> int:
    """Return how many different steps the events can fill, one each."""
    if not masks:
        return 0
    rest = largest(masks[1:], used)
    for step in masks[0] - used:
        rest = max(rest, 1 + largest(masks[1:], used | {step}))
    return rest


def is_void(events: Sequence[Happened], rules: Rules, one: Attempt) -> bool:
    for number, (after, before) in enumerate(rules.exclusions):
        begin = one.times[after]
        if begin is None:
            continue
        reached = (at for at in one.times[before:] if at is not None)
        until = next(reached, one.start + rules.window)
        if any(number in other.voids and begin < other.at < until for other in events):
            return True
    return False
