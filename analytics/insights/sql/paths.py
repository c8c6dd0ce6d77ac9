"""Paths as SQL. Pure.

A person's events are gathered once per session id; those without one are split where the person
paused. All that follows works on these arrays, so a session costs as much as it has events.
"""

from __future__ import annotations

from analytics.insights.definitions.paths import Paths
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.sessions import Reading, walks
from analytics.insights.sql.values import Key, key_of, key_of_value, of_event
from portal.store.query import UNITED, Query, Sharded, TimeRange

END = "."  # no typed key begins like this


def walked(paths: Paths, window: TimeRange, person: str) -> Query:
    """Count who did what at which step, and what next.

    Columns: `step` (from 1), `name` (typed key), `following` (typed key of the next, END where the
    path ends), `is_node` (1: a row of all that follows), `people`, `median_seconds` (to the next).
    Ends are there however few they are.
    """
    params = Params()
    least, end = params.integer(paths.min_users), params.text(END)
    moves = _moves(paths, window, person, params)
    sets = "GROUP BY GROUPING SETS ((step, name), (step, name, following))"
    found = "step, name, following, grouping(following) AS is_node, uniqExact(who) AS people"
    took = f"(0.5)(took, following != {end})"
    shown = f"""HAVING people >= {least} OR (NOT is_node AND following = {end})
ORDER BY step, people DESC, name, following"""
    sql = f"""SELECT {found}, quantileExactInclusiveIf{took} AS median_seconds
FROM ({moves})
{sets} {shown}"""
    each = f"SELECT {found}, quantileExactInclusiveIfState{took} AS spans FROM ({moves}) {sets}"
    merge = f"""SELECT step, name, following, is_node, sum(shards.people) AS people,
    quantileExactInclusiveIfMerge(0.5)(spans) AS median_seconds
FROM shards
GROUP BY step, name, following, is_node {shown}"""
    return Query(sql, params.values, sharded=Sharded(merge, each))


def members(paths: Paths, window: TimeRange, person: str, at: tuple[int, str, str | None]) -> Query:
    """Return who did something at a step, and something given next: `who`, `at` (microseconds)."""
    params = Params()
    step, name, following = at
    found = [f"step = {params.integer(step)}", f"name = {params.text(name)}"]
    if following is not None:
        found.append(f"following = {params.text(following)}")
    sql = f"""
SELECT who, min(began) AS at
FROM (
    {_moves(paths, window, person, params)}
)
WHERE {" AND ".join(found)}
GROUP BY who"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def _moves(paths: Paths, window: TimeRange, person: str, params: Params) -> str:
    """Return the query of one row a step of a path: `who`, `step`, `name`, `following`, `began`,
    `took` (seconds to the next).
    """
    offset = "0"
    if paths.end is not None and paths.start is None:  # counted so that the end is the last step
        offset = f"{params.integer(paths.steps)} - length(path)"
    return f"""SELECT who, {offset} + place AS step, path[place].2 AS name,
        if(place < length(path), path[place + 1].2, {params.text(END)}) AS following, path[place].1 AS began,
        (path[place + 1].1 - path[place].1) / 1000000 AS took
    FROM (
        SELECT who, {_cut(paths, params)} AS path
        FROM ({_merged(paths, window, person, params)})
    )
    ARRAY JOIN arrayEnumerate(path) AS place"""


def _cut(paths: Paths, params: Params) -> str:
    """Return the SQL of the part of a session that is the path: [(microseconds, key)]."""
    steps = params.integer(paths.steps)
    names = "walk.2"
    if paths.start is None:
        if paths.end is None:
            return f"arraySlice(walk, 1, {steps})"
        end = params.text(key_of_edge(paths, paths.end))
        last = f"(length(walk) - indexOf(arrayReverse({names}), {end}) + 1)"
        first = f"greatest(1, {last} - {steps} + 1)"
        return f"if(has({names}, {end}), arraySlice(walk, {first}, {last} - {first} + 1), [])"
    start = params.text(key_of_edge(paths, paths.start))
    first = f"indexOf({names}, {start})"
    if paths.end is None:
        return f"if({first} = 0, [], arraySlice(walk, {first}, {steps}))"
    end = params.text(key_of_edge(paths, paths.end))
    after = f"indexOf(arraySlice({names}, {first} + 1), {end})"
    return (
        f"if({first} = 0 OR {after} = 0, [],"
        f" arraySlice(walk, {first}, least({after} + 1, {steps})))"
    )


def key_of_edge(paths: Paths, value: str | float | bool) -> str:
    """Return the typed key of a start or end: an event's name, or the property's value."""
    return f"s{value}" if paths.by is None else key_of_value(value)


def _merged(paths: Paths, window: TimeRange, person: str, params: Params) -> str:
    """Return the query of sessions without what is filtered out and without repeats.

    Columns: `who`, `walk` [(microseconds, typed key)].
    """
    kept = "session"
    if paths.where:
        kept = "arrayFilter(one -> one.5, session)"
    return f"""SELECT who, {kept} AS kept,
            arrayMap(one -> (one.1, one.4), arrayFilter((one, place) ->
                place = 1 OR one.4 != kept[place - 1].4, kept, arrayEnumerate(kept))) AS walk
        FROM ({_sessions(paths, window, person, params)})"""


def _sessions(paths: Paths, window: TimeRange, person: str, params: Params) -> str:
    """Return the query of one row a session: `who`, `session` [(microseconds, position, id, key,
    passes)] in order.
    """
    key = _name(paths, params)
    passes = " AND ".join(condition(one, params, person) for one in paths.where) or "1"
    everything = Selection(None, window, (), paths.sampling)
    found = where(everything, params, person, f"{person} != 0")
    reading = Reading(person, found, paths.session_gap_minutes)
    return walks(reading, [key.typed(key.raw), passes], params)


def _name(paths: Paths, params: Params) -> Key:
    if paths.by is None:
        return Key("name", is_plain=True)
    return key_of(of_event(paths.by, params))
