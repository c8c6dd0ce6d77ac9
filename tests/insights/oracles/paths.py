"""Paths by walking every session event by event. (SEMANTICS 7)"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from tests.insights.events import Event
from tests.insights.oracles.asking import Asked
from tests.insights.oracles.sessions import sessions
from tests.insights.oracles.world import Label

Walk = list[tuple[datetime, Label]]
Nodes = dict[tuple[int, Label], int]
Links = dict[tuple[int, Label, Label], tuple[int, float]]


def label(asked: Asked, event: Event) -> Label:
    by = asked.body.get("by")
    return ("string", event.name) if by in (None, "event") else asked.world.label(event, by)


def walk(asked: Asked, session: list[Event]) -> tuple[int, Walk]:
    """Return the number of the first step, and the path."""
    merged: Walk = []
    for event in session:
        name = label(asked, event)
        passes = asked.is_meant(event, None, asked.body.get("where", ()))
        if passes and (not merged or merged[-1][1] != name):
            merged.append((event.at, name))
    steps, start, end = asked.body.get("steps", 5), asked.body.get("start"), asked.body.get("end")
    if start:
        return 1, from_start(merged, start, end)[:steps]
    if end:
        path = to_end(merged, end)[-steps:]
        return steps - len(path) + 1, path
    return 1, merged[:steps]


def from_start(merged: Walk, start: str, end: str | None) -> Walk:
    names = [name[1] for _, name in merged]
    if start not in names:
        return []
    first = names.index(start)
    if end is None:
        return merged[first:]
    if end not in names[first + 1 :]:
        return []
    return merged[first : names.index(end, first + 1) + 1]


def to_end(merged: Walk, end: str) -> Walk:
    names = [name[1] for _, name in merged]
    return merged[: len(names) - names[::-1].index(end)] if end in names else []


def answer(asked: Asked) -> tuple[Nodes, Links]:
    """Return the persons of each node, and the persons and the median time of each link."""
    nodes: dict[tuple[int, Label], set[Any]] = {}
    links: dict[tuple[int, Label, Label], list[tuple[Any, float]]] = {}
    for who, session in sessions(asked):
        if who is None:
            continue
        first, path = walk(asked, session)
        for step, (_, name) in enumerate(path, first):
            nodes.setdefault((step, name), set()).add(who)
        for step, ((at, name), (later, after)) in enumerate(pairwise(path), first):
            took = (later - at).total_seconds()
            links.setdefault((step, name, after), []).append((who, took))
    least = asked.body.get("min_users", 1)
    joined = {k: (len({who for who, _ in v}), median(s for _, s in v)) for k, v in links.items()}
    return (
        {key: len(users) for key, users in nodes.items() if len(users) >= least},
        {key: found for key, found in joined.items() if found[0] >= least},
    )
