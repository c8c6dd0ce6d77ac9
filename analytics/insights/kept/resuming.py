"""A pass over rows that is gone on with: closed days once, what is open at every question."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.insights.kept import memory
from analytics.insights.kept.days import Found, Rows, sealed

Array = NDArray[Any]
Told = TypeVar("Told", bound=tuple[Any, ...])


class State(NamedTuple):
    """What a pass knows: arrays with a line a person, and sums over all persons."""

    people: tuple[Array, ...]
    sums: tuple[Array, ...] = ()


@dataclass(frozen=True)
class Pass(Generic[Told]):
    """A pass over rows in the order of time, and what is told of where it leads to.

    `begin` makes the state of so many persons before any row, `step` lets a block change it. Passes
    with one name lead from the same rows to the same state.
    """

    name: Hashable
    begin: Callable[[int], State]
    step: Callable[[Rows, State], None]
    tell: Callable[[State], Told]


class Passed(NamedTuple, Generic[Told]):
    """What is told of all persons after the closed rows; and the persons of the rest, whose lines
    are in `old` as they were then and in `new` after the rest. Sums are those of everybody.
    """

    told: Told
    old: State
    new: State


def passed(found: Found, over: Pass[Told]) -> Passed[Told]:
    """Pass over closed rows, which is remembered, then over the rest with its own persons only."""

    def closed() -> tuple[State, Told]:
        state = over.begin(found.ids.size)
        for block in found.closed:
            over.step(block, state)
        return state, over.tell(state)

    state, told = memory.remembered((found.name, over.name), closed)
    who, rest = numbered(found.rest)
    old = over.begin(who.size)
    for lines, before in zip(old.people, state.people, strict=True):
        known = who[: np.searchsorted(who, len(before))]
        lines[: known.size] = before[known]
    for sums, before in zip(old.sums, state.sums, strict=True):
        sums[:] = before
    new = State(*(tuple(line.copy() for line in lines) for lines in old))
    if len(rest):
        over.step(rest, new)
    return Passed(told, old, new)


def numbered(rows: Rows) -> tuple[NDArray[np.uint32], Rows]:
    """Return the persons of rows in order, and the rows with their places among them."""
    who = rows.columns["who"]
    is_first = np.diff(who, prepend=who[:1] + np.uint32(1)) != 0
    places = (np.cumsum(is_first) - 1).astype(np.uint32)
    return who[is_first], sealed(Rows(rows.columns | {"who": places}, rows.texts))
