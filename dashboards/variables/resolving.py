"""What is chosen of every variable when somebody looks: asked in order, each after those it names."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.variables.asking import Asker, options_of
from dashboards.variables.definitions import Variable, as_json, chosen_in
from dashboards.variables.options import Option
from dashboards.variables.ordering import Cycle, ordered
from dashboards.variables.selection import ALL, AUTO, CannotFill, Selected
from portal.lib.field_error import FieldError
from portal.lib.row_rights import MayNotRead
from portal.store import client

log = logging.getLogger(__name__)
MOST_SHOWN = 1_000
Json = dict[str, Any]
Wanted = Mapping[str, Sequence[str]]
EXPECTED = (CannotFill, FieldError, MayNotRead, client.QueryFailed)


@dataclass(frozen=True)
class State:
    """A variable, what it offers and what is chosen; `problem` says why there are no options."""

    variable: Variable
    options: tuple[Option, ...]
    selected: Selected
    problem: str = ""

    def as_json(self) -> Json:
        """Return what the bar above a dashboard shows."""
        one, chosen = self.variable, [ALL] if self.selected.is_all else list(self.selected.values)
        return {
            "name": one.name,
            "label": one.title,
            "kind": one.kind,
            "multi": one.multi,
            "include_all": one.include_all,
            "hidden": one.hidden,
            "needs": sorted(one.needs),
            "options": [option.as_json() for option in self.options[:MOST_SHOWN]],
            "more": max(0, len(self.options) - MOST_SHOWN),
            "value": chosen if one.multi else "".join(chosen[:1]),
            "text": " + ".join(self.selected.words),
            "problem": self.problem,
        }


def resolved(variables: Sequence[Variable], wanted: Wanted, asker: Asker) -> dict[str, State]:
    """Return every variable's state, in the variables' own order. Never raises what it expects."""
    try:
        order = ordered(variables)
    except Cycle as problem:
        return {one.name: without_options(one, wanted, str(problem)) for one in variables}
    found: dict[str, State] = {}
    for one in order:
        values = {name: state.selected for name, state in found.items()}
        found[one.name] = state_of(one, wanted, values, asker)
    return {one.name: found[one.name] for one in variables}


def state_of(one: Variable, wanted: Wanted, values: Mapping[str, Selected], asker: Asker) -> State:
    try:
        options = tuple(options_of(one, values, asker))
    except client.EngineUnavailable:
        return without_options(one, wanted, "The engine does not answer; it restarts by itself.")
    except EXPECTED as problem:
        return without_options(one, wanted, str(problem).splitlines()[0][:300])
    return State(one, options, selected(one, chosen_in(wanted, one.name), options))


def without_options(one: Variable, wanted: Wanted, problem: str) -> State:
    return State(one, (), selected(one, chosen_in(wanted, one.name), ()), problem)


def selected(one: Variable, chosen: Sequence[str], options: Sequence[Option]) -> Selected:
    """Return what is chosen: as wanted, as saved, or the first that there is.

    What a variable does not offer is chosen all the same (links outlive their things), except where
    other variables decide what it offers.
    """
    offered = {option.value: option.text for option in options}
    values = fitting(one, chosen, offered) or usual(one, offered)
    if ALL in values:
        return everything(one, options)
    words = tuple(offered.get(value, value) for value in values)
    return Selected(one.name, values, words, is_exact=is_exact(one))


def fitting(one: Variable, chosen: Sequence[str], offered: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of the wanted values can be chosen."""
    if one.kind == "constant":
        return ()
    wanted = tuple(dict.fromkeys(value for value in chosen if value or one.kind == "text"))
    if ALL in wanted:
        return (ALL,) if one.include_all else ()
    if one.needs and offered:
        wanted = tuple(value for value in wanted if value in offered)
    by_text = {text: value for value, text in offered.items()}
    found = tuple(value if value in offered else by_text.get(value, value) for value in wanted)
    return found if one.multi else found[:1]


def usual(one: Variable, offered: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is chosen where nobody chooses."""
    saved = tuple(value for value in one.value if value in offered or value == ALL)
    if one.value and (saved or not offered):
        return saved or one.value
    first = tuple(offered)[:1]
    return first or ((ALL,) if one.include_all else one.value)


def everything(one: Variable, options: Sequence[Option]) -> Selected:
    values = tuple(option.value for option in options)
    texts = tuple(option.text for option in options)
    is_unbounded = one.source == "property" and not one.regex and not one.all_value
    return Selected(
        one.name, values, texts, is_all=True, all_value=one.all_value,
        is_exact=is_exact(one), is_unbounded=is_unbounded,
    )  # fmt: skip


def is_exact(one: Variable) -> bool:
    """Tell whether values are meant as they are; what is typed may be an expression."""
    return one.kind == "query" or one.multi or one.include_all


def in_document(states: Mapping[str, State]) -> list[Json]:
    """Return definitions of variables with what is chosen now as what is usual."""
    return [
        as_json(state.variable) | {"value": state.as_json()["value"]} for state in states.values()
    ]


__all__ = ["ALL", "AUTO", "State", "resolved", "selected"]
