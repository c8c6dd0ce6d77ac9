"""What metrics are, as those who send them say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analytics.series import metadata
from analytics.series.metadata import Metadata

AT = datetime(2026, 11, 27, tzinfo=UTC)


def test_what_is_said_of_a_metric_is_kept_once(metric: str) -> None:
    said = Metadata(metric, "counter", "Orders.", "")

    metadata.write([said, said], AT)
    metadata.write([said], AT + timedelta(hours=2))

    assert metadata.read(metric) == {metric: [said]}
    assert metadata.read(f"{metric}_other") == {}


def test_two_sayings_stand_side_by_side_the_latest_first(metric: str) -> None:
    old, new = Metadata(metric, "gauge", "Old."), Metadata(metric, "counter", "New.", "seconds")
    metadata.write([old], AT)
    metadata.write([new], AT + timedelta(minutes=1))

    assert metadata.read(metric) == {metric: [new, old]}
    assert metadata.read(metric, limit_per_metric=1) == {metric: [new]}
    assert len(metadata.read(limit=1)) == 1
