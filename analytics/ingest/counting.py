"""Count events that the engine confirmed by their names, and take gauges out of some."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from portal.lib.named_instruments import count_event, record_gauge

PERFORMANCE = "performance_metric"  # tells of a `metric_name` and a `metric_value`
MOST_GAUGES = 1_000  # of one round


def note(rows: Any) -> None:
    """Count a batch; the last value of each gauge stays."""
    table = pa.table({"name": rows["name"], "platform": rows["platform"]})
    counted = table.group_by(["name", "platform"]).aggregate([([], "count_all")])
    for one in counted.to_pylist():
        count_event(one["name"], one["platform"], one["count_all"])
    told = rows.filter(pc.equal(rows["name"], PERFORMANCE))
    for one in told.select(["strings", "numbers", "platform"]).slice(0, MOST_GAUGES).to_pylist():
        note_gauge(dict(one["strings"]), dict(one["numbers"]), one["platform"])


def note_gauge(strings: dict[str, str], numbers: dict[str, float], platform: str) -> None:
    name, value = strings.get("metric_name"), numbers.get("metric_value")
    if name and value is not None:
        record_gauge(name, value, {"platform": platform} if platform else None)
