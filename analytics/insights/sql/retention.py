"""Who began in which buckets and came back in which, as bit masks. Pure.

A person becomes two masks, one bit a bucket, and the engine answers how many persons have the same
two: one pass over the events, and a few words a person whatever they did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analytics.insights.buckets import Grid
from analytics.insights.definitions.filters import Filter
from analytics.insights.definitions.retention import Retention
from analytics.insights.definitions.trend import Series
from analytics.insights.sql import masks
from analytics.insights.sql.buckets import index_of
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import EPOCH, Params
from analytics.insights.sql.selection import Selection, where
from analytics.insights.sql.trend import Source, events_of, key_by
from analytics.insights.sql.values import is_value
from portal.store.query import UNITED, Query, TimeRange, added

BEGINNING = EPOCH.replace(year=1900)


@dataclass(frozen=True)
class Wanted:
    """A retention question: cohorts begin in `begin`, `grid` holds their buckets and the returns'."""

    retention: Retention
    begin: TimeRange
    grid: Grid
    person: str

    @property
    def words(self) -> range:
        return masks.words_of(self.grid)

    @property
    def has_key(self) -> bool:
        return self.retention.breakdown is not None

    @property
    def has_place(self) -> bool:
        """Tell whether it matters which of two events of the same instant came first."""
        return self.has_key or self.retention.kind == "first_ever"

    @property
    def reads_history(self) -> bool:
        return self.retention.kind in {"first_time", "first_ever"}

    @property
    def by_bucket(self) -> bool:
        """Tell whether a person's events of a bucket must be brought together first."""
        is_keyed = self.has_key and self.retention.kind == "recurring"
        return is_keyed or self.retention.min_occurrences > 1


def counted(wanted: Wanted) -> Query:
    """Count persons by what they did.

    Columns: `s0`, `s1`, … (UInt64 words, bit i: started in bucket i), `r0`, `r1`, … (returned),
    `people`; with a breakdown also `key`, the value at the start event, and then a person counts
    once for every bucket started in.
    """
    params = Params()
    names = masks.names("s", wanted.words) + masks.names("r", wanted.words)
    columns = ", ".join(names)
    key = "toLowCardinality(key) AS key, " if wanted.has_key else ""
    sql = f"""
SELECT {key}{columns}, count() AS people
FROM (
    {_persons(wanted, params)}
)
WHERE {masks.is_any("s", wanted.words)}
GROUP BY {"key, " if wanted.has_key else ""}{columns}"""
    by = ["key", *names] if wanted.has_key else names
    return Query(sql.strip(), params.values, sharded=added("people", by=by))


def members(
    wanted: Wanted, cohort: int, returns: Sequence[int], value: str | float | bool | None
) -> Query:
    """Return who began in a bucket, and returned in any of others if some are given.

    With a breakdown `value` says for which of its values they count. Columns: `who`, `at`
    (microseconds of the first start event in that bucket).
    """
    params = Params()
    rows = _by_bucket(wanted, params) if wanted.by_bucket else _deeds(wanted, params)
    is_recurring = wanted.retention.kind == "recurring"
    key = "key" if is_recurring else "start.2"
    of_value = "1" if value is None else is_value(key, value, params)
    in_cohort = f"max(started AND bucket = {cohort} AND {of_value}) AS belongs"
    if not is_recurring:
        in_cohort = (
            f"argMinIf({_start(wanted)}, at, started) AS start,"
            f" start.1 = {cohort} AND {of_value} AS belongs"
        )
    back = f"max(returned AND bucket IN ({', '.join(map(str, returns))}))" if returns else "1"
    sql = f"""
SELECT who, toUnixTimestamp64Micro(entered) AS at
FROM (
    SELECT who, {in_cohort}, {back} AS came_back, countIf(started) AS begun,
        minIf({"at.1" if wanted.has_place else "at"}, started AND bucket = {cohort}) AS entered
    FROM ({rows})
    GROUP BY who
)
WHERE begun > 0 AND belongs AND came_back"""
    return Query(sql.strip(), params.values, sharded=UNITED)


def _persons(wanted: Wanted, params: Params) -> str:
    rows = _by_bucket(wanted, params) if wanted.by_bucket else _deeds(wanted, params)
    returns = masks.columns("r", wanted.words, "bucket", "groupBitOrIf({bit}, returned)")
    if wanted.retention.kind == "recurring" and not wanted.has_key:
        starts = masks.columns("s", wanted.words, "bucket", "groupBitOrIf({bit}, started)")
        return f"SELECT {starts}, {returns} FROM ({rows}) GROUP BY who"
    starts = f"[argMinIf({_start(wanted)}, at, started)]"
    if wanted.retention.kind == "recurring":
        starts = f"groupArrayIf({_start(wanted)}, started)"
    kept = ", ".join(masks.names("r", wanted.words))
    return f"""SELECT {masks.columns("s", wanted.words, "start.1", "{bit}")}, {kept}, start.2 AS key
    FROM (SELECT {starts} AS starts, countIf(started) AS begun, {returns} FROM ({rows}) GROUP BY who)
    ARRAY JOIN starts AS start
    WHERE begun > 0 AND start.1 != {masks.NOWHERE}"""


def _start(wanted: Wanted) -> str:
    """Return the SQL of a start: (bucket, key)."""
    key = "key" if wanted.has_key else "''"
    is_in = " AND ".join(
        ["begins", *(["matches"] if wanted.retention.kind == "first_ever" else [])]
    )
    return f"(if({is_in}, bucket, {masks.NOWHERE}), {key})"


def _by_bucket(wanted: Wanted, params: Params) -> str:
    """Bring a person's events of a bucket together: is it often enough, and what came first?"""
    first = "argMinIf(tuple({columns}), at, started)"
    columns = ", ".join(_carried(wanted))
    found = f"""SELECT who, bucket, countIf(returned) >= {params.integer(wanted.retention.min_occurrences)}
        AS enough, max(started) AS any_started, minIf(at, started) AS first_at,
        {first.format(columns=columns)} AS first
    FROM ({_deeds(wanted, params)}) GROUP BY who, bucket"""
    carried = ", ".join(
        f"first.{place} AS {name}" for place, name in enumerate(_carried(wanted), 1)
    )
    return f"""SELECT who, bucket, enough AS returned, any_started AS started, first_at AS at, {carried}
    FROM ({found})"""


def _carried(wanted: Wanted) -> list[str]:
    """Name what a start event says besides its time."""
    return [
        "begins",
        *(["key"] if wanted.has_key else []),
        *(["matches"] if wanted.retention.kind == "first_ever" else []),
    ]


def _deeds(wanted: Wanted, params: Params) -> str:
    """Return the query of the events that are a start or a return.

    Columns: `who`, `bucket`, `started`, `returned`, `begins` (in the cohorts' range), `at` (what
    orders a person's events), `key` and `matches` where they are needed.
    """
    asked = wanted.retention
    source = Source(Series(None), _selection(wanted), wanted.person, asked.breakdown)
    is_first = asked.kind == "first_ever"
    begins = (
        f"ts >= {params.instant(wanted.begin.start)} AND ts < {params.instant(wanted.begin.end)}"
    )
    until = f"ts < {params.instant(wanted.begin.end)}"
    own = (*asked.where, *asked.start_where)
    start = _told(asked.start_event, () if is_first else own, wanted, params)
    back = _told(asked.return_event, (*asked.where, *asked.return_where), wanted, params)
    inside = f"ts >= {params.instant(wanted.begin.start)}"
    columns = [
        f"{wanted.person} AS who",
        f"if({inside}, {index_of(wanted.grid, params)}, {masks.NOWHERE}) AS bucket",
        f"({start}) AND {until if wanted.reads_history else begins} AS started",
        f"({back}) AND {inside} AS returned",
        f"{begins} AS begins",
        f"{'(ts, position, id)' if wanted.has_place else 'ts'} AS at",
    ]
    if wanted.has_key:
        key = key_by(source, params)
        columns.append(f"{key.typed(key.raw)} AS key")
    if is_first:
        columns.append(f"{_told(None, own, wanted, params)} AS matches")
    found = where(source.selection, params, wanted.person, *_names(asked, params),
                  f"{wanted.person} != 0", "(started OR returned)")  # fmt: skip
    return f"SELECT {', '.join(columns)} FROM {events_of(source, params)} WHERE {found}"


def _selection(wanted: Wanted) -> Selection:
    window = wanted.grid.window
    begin = BEGINNING if wanted.reads_history else wanted.begin.start
    return Selection(
        None, TimeRange(begin, wanted.grid.edges[-1], window.zone), (), wanted.retention.sampling
    )


def _names(asked: Retention, params: Params) -> list[str]:
    names = {asked.start_event, asked.return_event}
    if None in names:
        return []
    return [f"name IN ({', '.join(params.text(name) for name in sorted(map(str, names)))})"]


def _told(event: str | None, filters: Iterable[Filter], wanted: Wanted, params: Params) -> str:
    named = [] if event is None else [f"name = {params.text(event)}"]
    found = [*named, *(condition(one, params, wanted.person) for one in filters)]
    return " AND ".join(found) or "1"
