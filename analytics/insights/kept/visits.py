"""Paths and sessions from kept rows: how many did what, and who."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import Property
from analytics.insights.definitions.paths import Paths
from analytics.insights.definitions.sessions import Sessions
from analytics.insights.kept.activity import edges_of
from analytics.insights.kept.days import Found
from analytics.insights.kept.tallies import Choice, Ints, Numbers, Tally, Walk, Walking, medians
from analytics.insights.passes import visits as walk
from analytics.insights.passes.visits import (
    BUCKET,
    CODE,
    COUNT,
    ENTRY,
    EXIT,
    KIND,
    OVERALL,
    PEOPLE,
    TEXT_BITS,
)
from analytics.insights.sql import paths as paths_sql
from analytics.insights.sql import whole_sessions as sessions_sql
from analytics.insights.sql.kept import KeptSelection, Mark

Row = tuple[Any, ...]
People = tuple[NDArray[np.uint64], Ints]
NAME = Property("$name")
EVERY: Mark = (None, ())
MINUTE_US = 60_000_000


def kept_selection(asked: Paths | Sessions) -> KeptSelection | None:
    """Return the rows of paths or sessions; None where rows of days do not tell all."""
    dimension, marks = NAME, [EVERY]
    if asked.sampling < 1:
        return None
    if isinstance(asked, Paths):
        dimension = asked.by or NAME
        if dimension.is_time:  # as many texts as events
            return None
        marks += [(None, asked.where)] if asked.where else []
    else:
        if asked.breakdown is not None:
            return None
        marks += [] if asked.is_all else [(asked.event, asked.where)]
    return KeptSelection(tuple(marks), (), dimension, is_ordered=True, has_sessions=True)


def walk_of_paths(asked: Paths, found: Found) -> Walking:
    start, end = (
        None if one is None else paths_sql.key_of_edge(asked, one)
        for one in (asked.start, asked.end)
    )
    gap = asked.session_gap_minutes * MINUTE_US

    def step(numbers: Numbers) -> Walk:
        edges = (
            walk.NO_EDGE if key is None else numbers.get(key, walk.NEVER) for key in (start, end)
        )
        route = walk.Route(asked.steps, gap, *edges)
        return lambda rows, nobody: walk.follow(rows, route, nobody)

    return Walking(found, ("paths", asked.steps, gap, start, end), step)


def paths(asked: Paths, found: Found) -> list[Row]:
    """Return the rows that `sql.paths.walked` answers; of places and ends without a median."""
    tally, texts = walk_of_paths(asked, found).tally()
    seconds = medians(tally, 1e6)
    rows = []
    for cell, took in zip(tally.cells[:, : COUNT + 1].tolist(), seconds, strict=True):
        code, people = cell[CODE], cell[PEOPLE]
        number, name, then = code >> 2 * TEXT_BITS, code >> TEXT_BITS & walk.END, code & walk.END
        is_end, is_place = then == walk.END, then == walk.PLACE
        if people >= asked.min_users or (is_end and people):
            following = "" if is_place else paths_sql.END if is_end else texts[then]
            between = None if is_place or is_end else took
            rows.append((number, texts[name], following, int(is_place), people, between))
    return sorted(rows, key=lambda row: (row[0], -row[4], row[1], row[2]))


def path_members(asked: Paths, found: Found, at: tuple[int, str, str | None]) -> People:
    """Return what `sql.paths.members` answers."""
    number, name, following = at

    def choose(numbers: Numbers) -> Choice:
        then = walk.PLACE if following is None else walk.END
        if following not in (None, paths_sql.END):
            then = numbers.get(str(following), walk.NEVER)
        code = number << 2 * TEXT_BITS | numbers.get(name, 0) << TEXT_BITS | then
        is_known = name in numbers and then != walk.NEVER
        return lambda moves: (moves.code == code) & is_known

    return walk_of_paths(asked, found).people(choose)


def walk_of_sessions(asked: Sessions, grid: Grid, found: Found) -> Walking:
    gap, edges = asked.session_gap_minutes * MINUTE_US, edges_of(grid.edges)
    clock = walk.Clock(gap, edges)

    def step(_: Numbers) -> Walk:
        return lambda rows, nobody: walk.measure(rows, clock, nobody)

    return Walking(found, ("sessions", gap, edges.tobytes()), step)


def sessions(asked: Sessions, grid: Grid, found: Found) -> list[Row]:
    """Return the rows that `sql.whole_sessions.counted` answers without a breakdown."""
    tally, texts = walk_of_sessions(asked, grid, found).tally()
    return list(session_rows(tally, [text[1:] for text in texts]))


def session_members(asked: Sessions, grid: Grid, found: Found, cell: sessions_sql.Cell) -> People:
    """Return what `sql.whole_sessions.members` answers without a breakdown."""

    def choose(numbers: Numbers) -> Choice:
        wanted = [
            (BUCKET, cell.bucket),
            (ENTRY, None if cell.entry is None else numbers.get(f"s{cell.entry}", walk.NEVER)),
            (EXIT, None if cell.exit is None else numbers.get(f"s{cell.exit}", walk.NEVER)),
        ]

        def is_chosen(moves: walk.Moves) -> NDArray[np.bool_]:
            codes = moves.code.reshape(-1, 4)  # of each session: OVERALL, BUCKET, ENTRY, EXIT
            found = np.zeros(codes.shape, np.bool_)
            found[:, OVERALL] = (moves.events.reshape(-1, 4)[:, 0] == 1) | (not cell.is_bounce)
            for kind, which in wanted:
                if which is not None:
                    found[:, OVERALL] &= codes[:, kind] == (kind << KIND | which)
            return found.ravel()

        return is_chosen

    return walk_of_sessions(asked, grid, found).people(choose)


def session_rows(tally: Tally, names: Sequence[str]) -> Iterator[Row]:
    sql = sessions_sql
    for cell, median in zip(tally.cells.tolist(), medians(tally, 1.0), strict=True):
        code, people, count = cell[CODE], cell[PEOPLE], cell[COUNT]
        kind, which = code >> KIND, code & ((1 << KIND) - 1)
        told = (count, people, cell[walk.SPENT], median, cell[walk.EVENTS], cell[walk.BOUNCES])
        if not count:
            continue
        if kind == BUCKET:
            yield (sql.POINTS, 1, which, "", "", *told)
        elif kind == ENTRY:
            yield (sql.ENTRIES, 0, 0, names[which], "", *told)
        elif kind == EXIT:
            yield (sql.EXITS, 0, 0, "", names[which], *told)
        elif kind == OVERALL:
            yield (sql.TOTALS, 1, 0, "", "", *told)
            yield (sql.OVERALL, 0, 0, "", "", *told)
