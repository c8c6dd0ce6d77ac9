"""In which order variables are asked: after those that they name. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.variables.definitions import Variable


class Cycle(ValueError):
    """Variables whose options need each other; `names` goes round, the first one again at the end."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"These variables need each other: {' → '.join(names)}.")


def ordered(variables: Sequence[Variable]) -> tuple[Variable, ...]:
    """Return them so that each comes after those it names; otherwise as they stand. Raises Cycle."""
    by_name = {one.name: one for one in variables}
    done: dict[str, Variable] = {}

    def visit(one: Variable, path: tuple[str, ...]) -> None:
        if one.name in path:
            raise Cycle([*path[path.index(one.name) :], one.name])
        if one.name in done:
            return
        for needed in variables:
            if needed.name in one.needs and needed.name in by_name:
                visit(needed, (*path, one.name))
        done[one.name] = one

    for one in variables:
        visit(one, ())
    return tuple(done.values())


def behind(variables: Sequence[Variable], name: str) -> frozenset[str]:
    """Return the names of those whose options move when this one does."""
    found = {name}
    while True:
        more = {one.name for one in variables if one.needs & found} | found
        if more == found:
            return frozenset(found - {name})
        found = more
