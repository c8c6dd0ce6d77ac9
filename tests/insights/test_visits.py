"""Paths and sessions of many rows: cut into slices, walked side by side, gone on with, medians told
from a sample. However that is done, the same numbers come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.insights.buckets import cut
from analytics.insights.definitions.paths import Paths
from analytics.insights.definitions.sessions import Sessions
from analytics.insights.kept import memory, tallies, visits
from analytics.insights.kept.days import Found, Rows, sealed
from analytics.insights.passes import visits as walk
from analytics.insights.sql.params import microseconds
from portal.store.query import TimeRange

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, PERSONS = 6, 500
HOUR_US = 3_600_000_000
NAMES = ("sa", "sb", "sc", "sd")
Row = tuple[Any, ...]


def day(number: int, rows: int, hours: int = 3, skew: int = 1) -> Rows:
    """Draw a day's rows: sessions with and without ids, many at one instant."""
    dice = np.random.default_rng(number)
    who = np.sort(dice.integers(0, PERSONS, rows).astype(np.uint32))
    begin = microseconds(START + timedelta(days=number))
    t = begin + dice.integers(0, hours, rows) * HOUR_US
    t += dice.integers(0, 30, rows) * 43_000_000 // skew
    order = np.lexsort((t, who))
    session = np.where(dice.random(rows) < 0.5, 0, dice.integers(1, 12, rows)).astype(np.uint64)
    texts = NAMES[number % 2 :]  # each day numbers its texts by itself
    return sealed(
        Rows(
            {
                "who": who[order], "t": t[order], "session": session,
                "key": dice.integers(0, len(texts), rows).astype(np.uint32),
                "mask": dice.integers(0, 2, rows).astype(np.uint32) * 2 + 1,
            },
            texts,
        )
    )  # fmt: skip


def found(closed: Sequence[Rows], rest: Rows | None = None) -> Found:
    ids = np.arange(PERSONS, dtype=np.uint64)  # so person 0 is nobody
    nothing = Rows({"who": np.empty(0, np.uint32)})
    name = tuple(id(one) for one in closed)
    return Found(tuple(closed), rest or nothing, ids, name, START + timedelta(days=len(closed)))


def paths_of(rows: Found, **asked: Any) -> list[Row]:
    memory.forget()
    return visits.paths(Paths(**asked), rows)


def sessions_of(rows: Found) -> list[Row]:
    memory.forget()
    grid = cut(TimeRange(START, START + timedelta(days=DAYS)), "day", 0)
    return sorted(visits.sessions(Sessions(), grid, rows))


def counted_wholly(monkeypatch: pytest.MonkeyPatch) -> list[tallies.Pass]:
    """Return a list of the passes that will have told all their values after all."""
    passes: list[tallies.Pass] = []
    whole = tallies.Pass.whole

    def noted(one: tallies.Pass) -> tallies.Tally:
        passes.append(one)
        return whole(one)

    monkeypatch.setattr(tallies.Pass, "whole", noted)
    return passes


@pytest.fixture(scope="module")
def blocks() -> list[Rows]:
    return [day(number, 6_000) for number in range(DAYS)]


def sliced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ROWS_A_SLICE", 1_000), ("SAMPLE", 4), ("ENOUGH", 40)):
        monkeypatch.setattr(tallies, name, value)


@pytest.fixture
def in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    sliced(monkeypatch)


QUESTIONS: list[dict[str, Any]] = [
    {}, {"start": "a"}, {"end": "c"}, {"start": "b", "end": "d", "steps": 9},
]  # fmt: skip


@pytest.mark.parametrize("asked", QUESTIONS)
def test_slices_count_what_one_pass_counts(
    blocks: list[Rows], asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = paths_of(found(blocks), **asked)
    sliced(monkeypatch)

    assert paths_of(found(blocks), **asked) == whole
    assert len(whole) > 20


def test_sessions_are_the_same_in_slices(
    blocks: list[Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sessions_of(found(blocks))
    sliced(monkeypatch)

    assert sessions_of(found(blocks)) == whole


@pytest.mark.usefixtures("in_slices")
def test_closed_days_are_gone_on_with(blocks: list[Rows]) -> None:
    some = blocks[-1].columns["who"] % 7 == 0
    rest = sealed(
        Rows({name: one[some] for name, one in blocks[-1].columns.items()}, blocks[-1].texts)
    )

    for asked in QUESTIONS:
        whole = paths_of(found([*blocks[:-1], rest]), **asked)
        assert paths_of(found(blocks[:-1], rest), **asked) == whole
    assert sessions_of(found(blocks[:-1], rest)) == sessions_of(found([*blocks[:-1], rest]))


@pytest.mark.usefixtures("in_slices")
def test_a_day_that_moves_the_median_far_away_is_told_as_a_whole(
    blocks: list[Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = day(DAYS - 1, 80_000, hours=20, skew=1_000)

    expected = paths_of(found([*blocks[:-1], rest]))
    wholly = counted_wholly(monkeypatch)

    assert paths_of(found(blocks[:-1], rest)) == expected
    assert wholly


@pytest.mark.usefixtures("in_slices")
def test_a_sample_that_misleads_is_noticed(
    blocks: list[Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = paths_of(found(blocks))

    def misled(sample: tallies.Tally) -> tallies.Bounds:
        nowhere = np.full(len(sample.cells), 1)
        return tallies.Bounds(tallies.bounds_of(sample).codes, nowhere, nowhere)

    monkeypatch.setattr(tallies, "middle_of", misled)
    wholly = counted_wholly(monkeypatch)

    assert paths_of(found(blocks)) == right
    assert wholly


def test_there_may_be_any_number_of_cells() -> None:
    codes = np.arange(100_000, dtype=np.int64) % 50_000
    who, value = np.arange(100_000, dtype=np.int64) // 50_000, np.ones(100_000, np.int64)
    none = np.empty(0, np.int64)

    told = walk.add(walk.Moves(who, codes, value, value, value), walk.table_of(none, none, none))

    cells = told.table.cells[: told.table.used[0]]
    assert len(cells) == 50_000
    assert set(cells[:, walk.PEOPLE]) == set(cells[:, walk.COUNT]) == {2}


def test_no_rows_are_no_paths_and_no_sessions() -> None:
    assert (paths_of(found([])), sessions_of(found([]))) == ([], [])
