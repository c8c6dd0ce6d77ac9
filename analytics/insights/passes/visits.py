"""Sessions of persons, walked event by event: what came after what, and what each was. Compiled.

A walk says what is to be counted, `add` counts it into cells, one for each thing that is counted: its
persons, each once, its values (microseconds), and of these the ones that can be the median.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.insights.passes.grouping import MIX, SMALL, Part
from portal.lib.compiling import compiled, inlined

Ints = NDArray[np.int64]
Slots = NDArray[np.int32]
Codes = NDArray[np.int32]
Masks = NDArray[np.uint32]  # of no size: every event counts
Sessions = NDArray[np.uint64]

# What a cell holds. Values in LEAST to MOST are told one by one, of those below only their number.
CODE, LAST, PEOPLE, COUNT, LOW, LEAST, MOST, SPENT, EVENTS, BOUNCES = range(10)
WIDTH = 10
NOBODY = -1
NO_VALUE = -1
LOWEST, HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
PASSES = 2  # the bit of an event that the filters let through
NO_EDGE, NEVER = -1, -2  # of a path: none is asked for; one that no event is
TEXT_BITS = 29
END = (1 << TEXT_BITS) - 1  # what follows the last of a path
PLACE = END - 1  # of a cell that counts what was done, whatever followed
OVERALL, BUCKET, ENTRY, EXIT = range(4)
KIND = 32  # a session's cell is its kind << KIND | which


class Table(NamedTuple):
    """Cells, and the slots in which they are found by their code; used[0] is how many there are."""

    slots: Slots
    cells: Ints
    used: Ints


class Told(NamedTuple):
    """A table, and values with the cell of each."""

    table: Table
    owner: Codes
    value: Ints


class Rows(NamedTuple):
    """Rows by person and time, and what else is known of the row part.place[i]."""

    part: Part
    session: Sessions  # 0: the event says none
    key: Codes
    mask: Masks


class Moves(NamedTuple):
    """What is to be counted: who, in which cell, with which value (or NO_VALUE) of so many events.

    It began `at` that instant.
    """

    who: Ints
    code: Ints
    value: Ints
    events: Ints
    at: Ints


class Room(NamedTuple):
    """Room for the longest person: a person's rows by session, its runs, a walk."""

    laid: Ints
    begins: Ints
    ids: Sessions
    at: Ints
    key: Codes


class Route(NamedTuple):
    """Which part of a session is the path."""

    steps: int
    gap: int  # microseconds that end a session without an id
    start: int  # a key, NO_EDGE or NEVER
    end: int


class Clock(NamedTuple):
    """Where sessions end that have no id, and the borders of the buckets that they begin in."""

    gap: int
    edges: Ints


@compiled
def follow(rows: Rows, route: Route, nobody: int) -> Moves:
    """Tell who did what at which step and what next; a value is the time that this took.

    Cells are coded by (step, key, following key). `nobody` is the person who has no paths.
    """
    (person, starts, ts, place), session, key, mask = rows
    steps, gap, start, end = route
    is_first_only = start == NO_EDGE and end == NO_EDGE
    laid, begins, ids, walk_at, walk_key = _room(starts)
    who, code, value, _, since = moves = _moves(2 * ts.size)
    told = 0
    for one in range(person.size):
        first, size = starts[one], starts[one + 1] - starts[one]
        if np.int64(person[one]) == nobody:
            continue
        _by_session(place, session, first, first + size, laid, begins, ids)
        until = 0
        while until < size:
            begin = until
            until = _until(laid, begin, size, ts, place, session, gap)
            length = 0
            for row in range(begin, until):
                at = laid[row]
                name = key[place[at]]
                is_repeat = length > 0 and walk_key[length - 1] == name
                if is_repeat or (mask.size and not mask[place[at]] & PASSES):
                    continue
                walk_at[length], walk_key[length] = ts[at], name
                length += 1
                if is_first_only and length == steps:
                    break
            low, high, offset = _cut(walk_key, length, steps, start, end)
            for at in range(low, high):
                step = np.int64(offset + at - low + 1) << (2 * TEXT_BITS)
                step |= np.int64(walk_key[at]) << TEXT_BITS
                is_last = at + 1 == high
                who[told : told + 2], since[told : told + 2] = person[one], walk_at[at]
                code[told], value[told] = step | PLACE, NO_VALUE
                code[told + 1] = step | (END if is_last else np.int64(walk_key[at + 1]))
                value[told + 1] = NO_VALUE if is_last else walk_at[at + 1] - walk_at[at]
                told += 2
    return _first(moves, told)


@compiled
def measure(rows: Rows, clock: Clock, nobody: int) -> Moves:
    """Tell of all sessions, by the bucket of their first event, by their first and last key.

    A value is how long a session took. `nobody` is no person, but its sessions count.
    """
    (person, starts, ts, place), session, key, mask = rows
    gap, edges = clock
    laid, begins, ids, _, _ = _room(starts)
    who, code, value, events, since = moves = _moves(4 * ts.size)
    told = 0
    for one in range(person.size):
        first, size = starts[one], starts[one + 1] - starts[one]
        _by_session(place, session, first, first + size, laid, begins, ids)
        until = 0
        while until < size:
            begin = until
            until = _until(laid, begin, size, ts, place, session, gap)
            if mask.size and not _passes(mask, place, laid, begin, until):
                continue
            opens, closes = laid[begin], laid[until - 1]
            person_ = np.int64(person[one])
            who[told : told + 4] = NOBODY if person_ == nobody else person_
            value[told : told + 4] = ts[closes] - ts[opens]
            events[told : told + 4], since[told : told + 4] = until - begin, ts[opens]
            bucket = np.searchsorted(edges, ts[opens], side="right") - 1
            code[told] = OVERALL << KIND
            code[told + 1] = BUCKET << KIND | np.int64(bucket)
            code[told + 2] = ENTRY << KIND | np.int64(key[place[opens]])
            code[told + 3] = EXIT << KIND | np.int64(key[place[closes]])
            told += 4
    return _first(moves, told)


@compiled
def table_of(codes: Ints, least: Ints, most: Ints) -> Table:
    """Return a table whose cells with these codes tell only values from `least` to `most`."""
    size = 1 << 10
    while size < 4 * codes.size:
        size *= 2
    table = Table(
        np.full(size, -1, np.int32), np.zeros((size, WIDTH), np.int64), np.zeros(1, np.int64)
    )
    nobody, no_value = np.full(codes.size, NOBODY), np.full(codes.size, NO_VALUE)
    table = add(Moves(nobody, codes, no_value, no_value, no_value), table).table
    table.cells[: codes.size, LEAST], table.cells[: codes.size, MOST] = least, most
    return table


@compiled
def add(moves: Moves, table: Table) -> Told:
    """Count what a walk tells; persons come one after the other and count once a cell."""
    who, code, value, events, _ = moves
    slots, cells, used = table
    owner, taken = np.empty(code.size, np.int32), np.empty(code.size, np.int64)
    done = told = 0
    while True:
        done, told = _add(who, code, value, events, slots, cells, used, owner, taken, done, told)
        if done == code.size:
            return Told(Table(slots, cells, used), owner[:told].copy(), taken[:told].copy())
        slots, cells = _grown(slots, cells, used[0])


@compiled
def _add(  # noqa: PLR0913  # looks through a tuple count references, which cost more than the rest
    who: Ints, code: Ints, value: Ints, events: Ints, slots: Slots, cells: Ints, used: Ints,
    owner: Codes, taken: Ints, done: int, told: int,
) -> tuple[int, int]:  # fmt: skip
    """Count from `done` on; return how far there was room, and how many values are told then."""
    last = slots.size - 1
    for at in range(done, code.size):
        slot = np.int64((np.uint64(code[at]) * MIX) >> np.uint64(20)) & last
        cell = np.int64(slots[slot])
        while cell >= 0 and cells[cell, CODE] != code[at]:
            slot = (slot + 1) & last
            cell = np.int64(slots[slot])
        if cell < 0:
            cell = used[0]
            if 2 * cell > last:
                return at, told
            used[0], slots[slot] = cell + 1, cell
            cells[cell, CODE], cells[cell, LAST] = code[at], NOBODY
            cells[cell, LEAST], cells[cell, MOST] = LOWEST, HIGHEST
        if who[at] != NOBODY and who[at] != cells[cell, LAST]:
            cells[cell, LAST] = who[at]
            cells[cell, PEOPLE] += 1
        if value[at] == NO_VALUE:
            continue
        cells[cell, COUNT] += 1
        cells[cell, SPENT] += value[at]
        cells[cell, EVENTS] += events[at]
        cells[cell, BOUNCES] += events[at] == 1
        if value[at] < cells[cell, LEAST]:
            cells[cell, LOW] += 1
        elif value[at] <= cells[cell, MOST]:
            owner[told], taken[told] = cell, value[at]
            told += 1
    return code.size, told


@compiled
def _grown(slots: Slots, cells: Ints, used: int) -> tuple[Slots, Ints]:
    """Return the same cells with room for four times as many."""
    size = 4 * slots.size
    wide, wider = np.full(size, -1, np.int32), np.zeros((size, WIDTH), np.int64)
    wider[:used] = cells[:used]
    for cell in range(used):
        slot = np.int64((np.uint64(cells[cell, CODE]) * MIX) >> np.uint64(20)) & (size - 1)
        while wide[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        wide[slot] = cell
    return wide, wider


@compiled
def _moves(most: int) -> Moves:
    return Moves(
        np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64),
        np.zeros(most, np.int64), np.empty(most, np.int64),
    )  # fmt: skip


@inlined
def _first(moves: Moves, count: int) -> Moves:
    who, code, value, events, at = moves
    return Moves(who[:count], code[:count], value[:count], events[:count], at[:count])


@inlined
def _room(starts: Ints) -> Room:
    longest = 0
    for one in range(starts.size - 1):
        longest = max(longest, starts[one + 1] - starts[one])
    return Room(
        np.empty(longest, np.int64), np.empty(longest + 1, np.int64), np.empty(longest, np.uint64),
        np.empty(longest, np.int64), np.empty(longest, np.int32),
    )  # fmt: skip


@compiled
def _by_session(  # noqa: PLR0913  # looks through a tuple count references
    place: Ints, session: Sessions, first: int, stop: int, laid: Ints, begins: Ints, ids: Sessions
) -> None:
    """Lay a person's rows out by session, each session's in their order.

    Rows that follow each other with one session are a run: runs are sorted, not rows.
    """
    runs = 0
    for at in range(first, stop):
        one = session[place[at]]
        if runs == 0 or ids[runs - 1] != one:
            ids[runs], begins[runs] = one, at
            runs += 1
        laid[at - first] = at
    begins[runs] = stop
    if runs == 1:
        return
    if runs > SMALL:
        order = np.argsort(ids[:runs], kind="mergesort")
    else:
        order = np.arange(runs)
        for run in range(1, runs):
            to = run
            while to > 0 and ids[order[to - 1]] > ids[run]:
                order[to] = order[to - 1]
                to -= 1
            order[to] = run
    filled = 0
    for run in order:
        for at in range(begins[run], begins[run + 1]):
            laid[filled] = at
            filled += 1


@inlined
def _until(  # noqa: PLR0913  # as above
    laid: Ints, begin: int, size: int, ts: Ints, place: Ints, session: Sessions, gap: int
) -> int:
    """Return where the session that begins here ends."""
    one, row = session[place[laid[begin]]], begin + 1
    while row < size and session[place[laid[row]]] == one:
        if one == 0 and ts[laid[row]] - ts[laid[row - 1]] > gap:
            break
        row += 1
    return row


@inlined
def _passes(mask: Masks, place: Ints, laid: Ints, begin: int, until: int) -> bool:
    for row in range(begin, until):  # noqa: SIM110  # numba compiles no generators
        if mask[place[laid[row]]] & PASSES:
            return True
    return False


@compiled
def _cut(key: Codes, length: int, steps: int, start: int, end: int) -> tuple[int, int, int]:
    """Return which part of a walk is the path, and how many steps come before its first."""
    if start == NO_EDGE and end == NO_EDGE:
        return 0, min(length, steps), 0
    if start == NO_EDGE:
        high = length
        while high > 0 and key[high - 1] != end:
            high -= 1
        low = max(0, high - steps)
        return low, high, steps - (high - low)
    low = 0
    while low < length and key[low] != start:
        low += 1
    if end == NO_EDGE:
        return low, min(length, low + steps), 0
    high = low + 1
    while high < length and key[high] != end:
        high += 1
    return (low, min(high + 1, low + steps), 0) if high < length else (0, 0, 0)


@compiled
def by_cell(owner: Codes, value: Ints, cells: int) -> tuple[Ints, Ints]:
    """Lay values out by their cells, each cell's in order; starts[i] is where those of cell i begin."""
    starts = np.zeros(cells + 1, np.int64)
    for row in range(owner.size):
        starts[owner[row] + 1] += 1
    for cell in range(cells):
        starts[cell + 1] += starts[cell]
    ends, found = starts[:-1].copy(), np.empty(value.size, np.int64)
    for row in range(owner.size):
        cell = owner[row]
        found[ends[cell]] = value[row]
        ends[cell] += 1
    for cell in range(cells):
        found[starts[cell] : starts[cell + 1]].sort()
    return starts, found


@compiled
def exchanged(  # as above
    starts: Ints, values: Ints, gone: Ints, less: Ints, come: Ints, more: Ints
) -> tuple[Ints, Ints]:
    """Return the values of each cell without `less` and with `more`, laid out in the same way."""
    cells = starts.size - 1
    found = np.empty(values.size - less.size + more.size, np.int64)
    begins, filled = np.empty(cells + 1, np.int64), 0
    for cell in range(cells):
        begins[cell] = filled
        leaves, enters = gone[cell], come[cell]
        for at in range(starts[cell], starts[cell + 1]):
            if leaves < gone[cell + 1] and less[leaves] == values[at]:
                leaves += 1
                continue
            while enters < come[cell + 1] and more[enters] <= values[at]:
                found[filled] = more[enters]
                filled += 1
                enters += 1
            found[filled] = values[at]
            filled += 1
        while enters < come[cell + 1]:
            found[filled] = more[enters]
            filled += 1
            enters += 1
    begins[cells] = filled
    return begins, found
