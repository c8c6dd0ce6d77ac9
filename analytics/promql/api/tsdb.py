"""Where series are many, as Prometheus's own status page tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analytics.promql.answers import Answer, plain
from analytics.promql.api.answering import ApiError, PrometheusView
from analytics.promql.api.described import operation
from analytics.promql.parameters import Form
from analytics.series import cardinality
from analytics.series.sql.cardinality import TOP
from portal.lib.openapi import OBJECT

SHOWN, MOST_SHOWN = 10, TOP


class TsdbView(PrometheusView):
    """Say how many live series there are, and which metrics and labels make most of them."""

    operations = {"get": operation(OBJECT, limit="So many rows a list; 10 by default.")}

    def answer(self, form: Form, **path: str) -> Answer:
        limit = form.limit() if form.text("limit") else SHOWN
        if not 1 <= limit <= MOST_SHOWN:
            raise ApiError("bad_data", f"limit must be 1 to {MOST_SHOWN}")
        totals, times = cardinality.totals(), cardinality.times()
        found = cardinality.labels(limit)
        longest = sorted(found.labels, key=lambda one: -one.bytes)
        return plain(
            {
                "headStats": {
                    "numSeries": totals.live,
                    "numLabelPairs": found.pairs_in_all,
                    "chunkCount": 0,  # there are none; the field is expected
                    "minTime": times.first_ms,
                    "maxTime": times.last_ms,
                },
                "seriesCountByMetricName": counted(
                    (one.name, one.live) for one in cardinality.metrics(limit)
                ),
                "labelValueCountByLabelName": counted(
                    (one.name, one.values) for one in found.labels
                ),
                "memoryInBytesByLabelName": counted((one.name, one.bytes) for one in longest),
                "seriesCountByLabelValuePair": counted(
                    (f"{one.label}={one.value}", one.live) for one in found.pairs
                ),
            }
        )


def counted(rows: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in rows]
