"""Which resolution answers: by the step, the window, and what is still there."""

from __future__ import annotations

import pytest

from analytics.series.resolutions import (
    FIVE_MINUTES,
    HOUR,
    RAW,
    Need,
    Resolution,
    resolution_for,
)

MINUTE, H, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_000 * DAY
ALL = {"raw": NOW - 30 * DAY, "5m": NOW - 180 * DAY, "1h": NOW - 1000 * DAY}
PLAIN = 5 * MINUTE


@pytest.mark.parametrize(
    ("days", "step", "window", "expected"),
    [
        (1, 15_000, 5 * MINUTE, RAW),
        (29, H, 30 * MINUTE, FIVE_MINUTES),
        (29, H, H, HOUR),
        (29, H, 29 * MINUTE, RAW),  # the windows are no whole buckets
        (29, 7 * MINUTE, H, RAW),  # and their ends lie between
        (0.5, H, H, RAW),  # not worth it
        (2, H, H, FIVE_MINUTES),
        (29, 0, DAY, HOUR),  # a single moment at the full hour
        (29, H, 0, RAW),  # the samples themselves
        (31, MINUTE, 5 * MINUTE, FIVE_MINUTES),  # the samples are gone
        (31, H, H, FIVE_MINUTES),
        (179, 5 * H, 5 * H, HOUR),
        (181, MINUTE, MINUTE, HOUR),
        (2000, MINUTE, MINUTE, HOUR),  # before everything: what reaches back furthest
        (40, 0, 0, FIVE_MINUTES),
    ],
)
def test_samples_answer_or_what_equals_them_and_else_what_is_left(
    days: float, step: int, window: int, expected: Resolution
) -> None:
    start = NOW - int(days * DAY)

    assert resolution_for(Need(start - window, NOW, step, window), ALL) is expected


@pytest.mark.parametrize(
    ("days", "step", "expected"),
    [(29, H, FIVE_MINUTES), (29, 7 * MINUTE, RAW), (40, MINUTE, FIVE_MINUTES), (40, 5 * H, HOUR)],
)
def test_a_plain_selector_is_answered_by_buckets_as_long_as_its_look_back(
    days: int, step: int, expected: Resolution
) -> None:
    need = Need(NOW - days * DAY - PLAIN, NOW, step, PLAIN, is_plain=True)

    assert resolution_for(need, ALL) is expected


def test_times_between_buckets_are_answered_by_samples_while_these_are_there() -> None:
    need = Need(NOW - 20 * DAY + 137_000, NOW, H, H)

    assert resolution_for(need, ALL) is RAW


def test_before_anything_was_downsampled_samples_answer() -> None:
    need = Need(NOW - 40 * DAY, NOW, DAY, DAY)

    assert resolution_for(need, {"raw": NOW - 30 * DAY}) is RAW
    assert resolution_for(need, {}) is RAW
