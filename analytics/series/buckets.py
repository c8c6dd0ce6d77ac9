"""What samples come to in a bucket of time: the one text for storing and for reading. Pure.

A bucket holds what came after the end before it and up to its own, as PromQL's windows do, so that
a window of whole buckets is their union. Stale markers are no samples.
"""

from __future__ import annotations

from analytics.series.samples import STALE_BITS

# As in portal/store/schema/0005_downsampled.sql, which says what each of them means.
FIGURES = (
    "count", "min", "max", "sum", "first", "last", "increase", "resets", "changes",
    "first_ms", "last_ms", "ended_ms",
)  # fmt: skip
COLUMNS = ("series", "ts", *FIGURES)
FIRST_SERIES, LAST_SERIES = 0, 2**64 - 1

AGGREGATED = """
SELECT
    series,
    toDateTime(intDiv(end_ms, 1000), 'UTC') AS ts,
    toUInt32(length(values)) AS count,
    arrayReduce('min', if(empty(real), values, real)) AS min,
    arrayReduce('max', if(empty(real), values, real)) AS max,
    arraySum(values) AS sum,
    values[1] AS first,
    values[-1] AS last,
    arraySum((now, before) -> if(now < before, now, now - before), later, earlier) AS increase,
    toUInt32(arrayCount((now, before) -> now < before, later, earlier)) AS resets,
    toUInt32(arrayCount(
        (now, before) -> now != before AND NOT (isNaN(now) AND isNaN(before)), later, earlier
    )) AS changes,
    toUInt32(if(count = 0, 0, end_ms - found[1].1)) AS first_ms,
    toUInt32(if(count = 0, 0, end_ms - found[-1].1)) AS last_ms,
    toInt32(if(marked_ms > if(count = 0, 0, found[-1].1), end_ms - marked_ms, -1)) AS ended_ms
FROM
(
    SELECT
        series,
        intDiv(toUnixTimestamp64Milli(ts) + {{width_ms:Int64}} - 1, {{width_ms:Int64}})
            * {{width_ms:Int64}} AS end_ms,
        arraySort(one -> one.1, groupArrayIf(
            (toUnixTimestamp64Milli(ts), value), reinterpretAsUInt64(value) != {stale}
        )) AS found,
        maxIf(toUnixTimestamp64Milli(ts), reinterpretAsUInt64(value) = {stale}) AS marked_ms,
        found.2 AS values,
        arrayFilter(one -> NOT isNaN(one), values) AS real,
        arrayPopFront(values) AS later,
        arrayPopBack(values) AS earlier
    FROM samples FINAL
    WHERE ts > fromUnixTimestamp64Milli({{after_ms:Int64}}, 'UTC')
        AND ts <= fromUnixTimestamp64Milli({{until_ms:Int64}}, 'UTC')
        AND {which}
    GROUP BY series, end_ms
)
"""


def aggregated(which: str) -> str:
    """Return the SELECT of COLUMNS over the samples of buckets in ({after_ms}, {until_ms}].

    `which` is a condition on samples. The other parameter is {width_ms}; both ends are bucket ends.
    """
    return AGGREGATED.format(stale=STALE_BITS, which=which)
