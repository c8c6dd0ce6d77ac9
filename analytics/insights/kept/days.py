"""One kept day: an Arrow file of rows by person, and what it was when it was read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from analytics.insights.passes.kept import settle
from portal.store.native import Coded

Array = NDArray[Any]
META = b"kept"
NO_MASK = np.empty(0, np.uint32)
NO_MASK.setflags(write=False)


@dataclass(frozen=True)
class Rows:
    """Rows in the order of person and time: `who` (a number), `t` (microseconds), and more.

    `texts[code]` are the texts of the column `key`.
    """

    columns: dict[str, Array]
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.columns["who"].size)


@dataclass(frozen=True)
class Read:
    """What was true when a day was read.

    `events` is how many events of the names that day had, `merges` the last merge that the rows
    know of. `changes` tells since when they differ from what was kept before.
    """

    events: int
    merges: int
    numbering: int  # the mark of the persons' numbers
    changed_at: float = 0.0  # POSIX time; 0: never


@dataclass(frozen=True)
class Day:
    rows: Rows
    read: Read


@dataclass(frozen=True)
class Found:
    """The rows of a range: blocks that follow each other in time, each by person and time.

    `closed` are those of days that are over, up to the moment `until`; two with one `name` are the
    same rows. `rest` are those of what is not over. ids[who] is the person that a row's number means.
    `changed` are closed days that are not what they were a day before.
    """

    closed: tuple[Rows, ...]
    rest: Rows
    ids: NDArray[np.uint64]
    name: Hashable
    until: datetime
    changed: tuple[date, ...] = ()

    @property
    def blocks(self) -> tuple[Rows, ...]:
        return (*self.closed, self.rest) if len(self.rest) else self.closed


def file_of(folder: Path, day: date) -> Path:
    return folder / f"{day.isoformat()}.arrow"


def ordered(who: Array, columns: Mapping[str, Array | Coded], *, by: str) -> Rows:
    """Bring rows as the engine answered them into the order of the person, then of time.

    What a person did at one instant is in the order of the column `by`, if there is such, and then
    stays as it was answered.
    """
    order = np.argsort(who)
    then = codes_of(columns[by]) if by in columns else np.empty(0, np.uint32)
    settle(order, who, codes_of(columns["t"]), then)
    found: dict[str, Array] = {"who": who[order]}
    texts: tuple[str, ...] = ()
    for name, column in columns.items():
        if isinstance(column, Coded):
            found[name], texts = column.codes[order].astype(np.uint32), tuple(column.texts)
        elif name != "who":
            found[name] = column[order]
    return Rows(found, texts)


def tied(rows: Rows) -> Array:
    """Return the instants at which a person did several things at one `position` (or have none)."""
    who, t, position = (rows.columns[name] for name in ("who", "t", "position"))
    is_tied = (np.diff(who) == 0) & (np.diff(t) == 0) & (np.diff(position) == 0)
    return np.unique(t[1:][is_tied])


def replaced(
    columns: Mapping[str, Array | Coded], instants: Array, again: Mapping[str, Array | Coded]
) -> dict[str, Array | Coded]:
    """Let the rows of some instants be those that were read again, in their order."""
    stay = ~np.isin(codes_of(columns["t"]), instants)
    found: dict[str, Array | Coded] = {}
    for name, column in columns.items():
        more = again[name] if again else column
        if isinstance(column, Coded) and isinstance(more, Coded):
            known = {text: code for code, text in enumerate(column.texts)}
            codes = np.array([known.setdefault(one, len(known)) for one in more.texts], np.int32)
            now = codes[more.codes[: None if again else 0]]
            found[name] = Coded(np.concatenate([column.codes[stay], now]), list(known))
        else:
            now = codes_of(more)[: None if again else 0]
            found[name] = np.concatenate([codes_of(column)[stay], now])
    return found


def codes_of(column: Array | Coded) -> Array:
    return column.codes if isinstance(column, Coded) else column


def compact(rows: Rows) -> Rows:
    """Forget the texts that no row has."""
    if "key" not in rows.columns:
        return rows
    used, codes = np.unique(rows.columns["key"], return_inverse=True)
    columns = rows.columns | {"key": codes.astype(np.uint32)}
    return Rows(columns, tuple(rows.texts[code] for code in used))


def chosen(rows: Rows, which: Array) -> Rows:
    """Return some of the rows, in their order."""
    return Rows({name: column[which] for name, column in rows.columns.items()}, rows.texts)


def sealed(rows: Rows) -> Rows:
    """Make columns read-only, as mapped files are: the passes are compiled for such ones."""
    for column in rows.columns.values():
        column.setflags(write=False)
    return rows


def write(folder: Path, day: date, kept: Day) -> None:
    """Keep a day; readers see the old file or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, read = kept.rows, kept.read
    about = orjson.dumps([read.events, read.merges, read.numbering, read.changed_at, rows.texts])
    batch = pa.RecordBatch.from_pydict(
        {name: pa.array(column) for name, column in rows.columns.items()}, metadata={META: about}
    )
    handle, draft = tempfile.mkstemp(dir=folder, suffix=".draft")
    os.close(handle)
    with pa.OSFile(draft, "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    Path(draft).replace(file_of(folder, day))


def load(folder: Path, day: date) -> Day | None:
    """Map a kept day into memory; None when there is none that can be read."""
    file = file_of(folder, day)
    try:
        about = file.stat()
        return _load(file, about.st_ino, about.st_mtime_ns)
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return None


@lru_cache(maxsize=8192)
def _load(file: Path, _inode: int, _changed_ns: int) -> Day:
    """Map a file that is written once: another has another inode or time."""
    with pa.memory_map(str(file)) as mapped:  # what is mapped stays so without the open file
        batch = pa.ipc.open_file(mapped).get_batch(0)
    events, merges, mark, changed_at, texts = orjson.loads(batch.schema.metadata[META])
    columns = {
        name: batch.column(place).to_numpy() for place, name in enumerate(batch.schema.names)
    }
    return Day(Rows(columns, tuple(texts)), Read(events, merges, mark, changed_at))
