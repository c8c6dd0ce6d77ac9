"""Read the portal's own samples: gauges as they were, counters as their increase.

Samples belong to left-open steps: that of 10:42:10 tells of (10:42:00, 10:42:10]. `t` is a step's
beginning. `newest` is the step's last sample, so that a step still running can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from portal.store.query import Query, TimeRange

STEPS_S = (10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
MOST_STEPS = 400
OWN_JOB = "portal"  # of what the portal's own target gives; health and business metrics have none
LOOK_BACK = timedelta(minutes=5)  # an increase needs the sample before the window


@dataclass(frozen=True)
class Selection:
    """Series of one metric whose labels equal `labels`, told apart by the label `by`."""

    metric: str
    by: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def step_of(window: TimeRange) -> int:
    """Return the seconds between points: the finest step that needs at most MOST_STEPS."""
    length = (window.end - window.start).total_seconds()
    return next((step for step in STEPS_S if length / step <= MOST_STEPS), STEPS_S[-1])


def gauge(selection: Selection, window: TimeRange) -> Query:
    """Read a gauge: `t`, `label`, `value` (average of the step), `newest`.

    Series that `by` does not tell apart are added up at each instant.
    """
    chosen, params = _chosen(selection, window, window.start)
    return Query(
        f"""
        SELECT {_step("ts")} AS t, label, avg(value) AS value, max(ts) AS newest
        FROM (SELECT ts, label, sum(value) AS value FROM ({chosen}) GROUP BY ts, label)
        GROUP BY t, label ORDER BY t, label
        """,
        params,
    )


def rate(selection: Selection, window: TimeRange) -> Query:
    """Read a counter's increase per second: `t`, `label`, `value`, `newest`.

    A counter that falls has begun again at 0, as PromQL's increase has it. The first sample of a
    series increases nothing.
    """
    gains, params = _gains(selection, window)
    return Query(
        f"""
        SELECT {_step("ts")} AS t, label, sum(gain) / {{step:UInt32}} AS value, max(ts) AS newest
        FROM ({gains}) GROUP BY t, label ORDER BY t, label
        """,
        params,
    )


def buckets(selection: Selection, window: TimeRange) -> Query:
    """Read a histogram's increase: `t`, `bounds`, `counts` (cumulative, in that order), `newest`.

    `selection.metric` is the name without `_bucket`.
    """
    named = Selection(f"{selection.metric}_bucket", "le", selection.labels)
    gains, params = _gains(named, window)
    return Query(
        f"""
        SELECT t, groupArray(bound) AS bounds, groupArray(count) AS counts, max(last) AS newest
        FROM (
            SELECT {_step("ts")} AS t, toFloat64(label) AS bound, sum(gain) AS count,
                max(ts) AS last
            FROM ({gains}) GROUP BY t, bound ORDER BY t, bound
        )
        GROUP BY t ORDER BY t
        """,
        params,
    )


def quantile(share: float, bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """Estimate a quantile from cumulative counts, as PromQL's histogram_quantile does.

    None when nothing was counted; the highest finite bound when the quantile lies above it.
    """
    if not counts or counts[-1] <= 0:
        return None
    rank = share * counts[-1]
    place = next(index for index, count in enumerate(counts) if count >= rank)
    if place == len(bounds) - 1:
        return bounds[-2] if len(bounds) > 1 else None
    lower = bounds[place - 1] if place else 0.0
    below = counts[place - 1] if place else 0.0
    inside = counts[place] - below
    share_of_bucket = (rank - below) / inside if inside else 0.0
    return lower + (bounds[place] - lower) * share_of_bucket


def _step(column: str) -> str:
    # One millisecond earlier: the sample at a step's end belongs to that step.
    return (
        f"toDateTime(intDiv(toUnixTimestamp64Milli({column}) - 1, {{step:UInt32}} * 1000)"
        " * {step:UInt32}, 'UTC')"
    )


def _chosen(
    selection: Selection, window: TimeRange, start: object
) -> tuple[str, dict[str, object]]:
    """Return the SQL of the selection's samples (series, ts, value, label) and its parameters.

    They are those that the portal wrote itself, not what another server read of it and sent back.
    Marks that a series ended are left out: whatever is computed with such a NaN is none or wrong.
    """
    params: dict[str, object] = {
        "metric": selection.metric,
        "by": selection.by,
        "own": OWN_JOB,
        "start": start,
        "end": window.end,
        "step": step_of(window),
    }
    conditions = ""
    for number, (name, value) in enumerate(selection.labels.items()):
        conditions += f" AND labels[{{name{number}:String}}] = {{value{number}:String}}"
        params |= {f"name{number}": name, f"value{number}": value}
    return (
        f"""
        SELECT series, ts, value, label FROM samples FINAL
        INNER JOIN (
            SELECT id, labels[{{by:String}}] AS label FROM series FINAL
            WHERE name = {{metric:String}} AND labels['job'] IN ('', {{own:String}}){conditions}
        ) AS known ON samples.series = known.id
        WHERE ts > {{start:DateTime64(3)}} AND ts <= {{end:DateTime64(3)}}
            AND series IN (SELECT id FROM series WHERE name = {{metric:String}})
            AND NOT isNaN(value)
        """,
        params,
    )


def _gains(selection: Selection, window: TimeRange) -> tuple[str, dict[str, object]]:
    chosen, params = _chosen(selection, window, window.start - LOOK_BACK)
    params["since"] = window.start
    sql = f"""
        SELECT ts, label, if(value >= before, value - before, value) AS gain
        FROM (
            SELECT ts, label, value, row_number() OVER earlier AS place,
                lagInFrame(value) OVER earlier AS before
            FROM ({chosen})
            WINDOW earlier AS (PARTITION BY series ORDER BY ts
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        )
        WHERE place > 1 AND ts > {{since:DateTime64(3)}}
        """
    return sql, params
