"""Numbers and moments as Prometheus writes and reads them."""

from __future__ import annotations

import math

import pytest

from analytics.promql.parameters import (
    FIRST_MS,
    LAST_MS,
    BadParameter,
    Form,
    duration_of,
    moment_of,
)
from analytics.promql.writing import moment_text, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (-1.5, "-1.5"), (0.1 + 0.2, "0.30000000000000004"),
        (1e15, "1000000000000000"), (1e16, "10000000000000000"), (123456789012345680000.0,
        "123456789012345680000"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1.25e-5, "0.0000125"), (9.9e-7, "9.9e-07"),
        (5e-324, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0"), (1500, "1.500"), (1_435_781_451_781, "1435781451.781"), (-1, "-0.001"), (-5000, "-5"),
     (1_000_050, "1000.050")],
)  # fmt: skip
def test_moments_are_written_in_seconds_with_three_decimals_or_none(ms: int, text: str) -> None:
    assert moment_text(ms) == text


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0), ("1435781451.781", 1_435_781_451_781), ("1435781451.7815", 1_435_781_451_782),
        ("-1.5", -1500), ("1e3", 1_000_000), ("2015-07-01T20:10:51.781Z", 1_435_781_451_781),
        ("2015-07-01T22:10:51.7819999+02:00", 1_435_781_451_781), ("1969-12-31T23:59:59.5Z", -500),
        ("-292273086-05-16T16:47:06Z", FIRST_MS), ("292277025-08-18T07:12:54.999999999Z", LAST_MS),
    ],
)  # fmt: skip
def test_moments_are_read_as_seconds_or_rfc_3339(text: str, ms: int) -> None:
    assert moment_of(text) == ms


@pytest.mark.parametrize(
    "text",
    ["", "now", "NaN", "Inf", "1_000", "0x10", "1e400", "2015-07-01", "2015-02-30T00:00:00Z",
     "2015-07-01T20:10:51+99:00", "10000-01-01T00:00:00Z", "٣", " 1"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="to a valid timestamp"):
        moment_of(text)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("15", 15_000), ("0.5", 500), ("1m", 60_000), ("1h30m", 5_400_000), ("1d", 86_400_000),
     ("2w1ms", 1_209_600_001), ("1y", 31_536_000_000), ("-3", -3_000)],
)  # fmt: skip
def test_durations_are_read_as_seconds_or_with_units(text: str, ms: int) -> None:
    assert duration_of(text) == ms


@pytest.mark.parametrize("text", ["", "m", "1m1h", "1.5m", "1 m", "-1m", "1e300", "999999999999y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="to a valid duration"):
        duration_of(text)


def test_a_wrong_parameter_is_named_with_its_text() -> None:
    form = Form({"time": ["yesterday"], "limit": ["-1"]})

    with pytest.raises(BadParameter) as wrong:
        form.moment("time")
    assert str(wrong.value) == (
        'invalid parameter "time": cannot parse "yesterday" to a valid timestamp'
    )
    with pytest.raises(BadParameter, match="limit must be non-negative"):
        form.limit()
