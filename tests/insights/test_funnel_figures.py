"""How long steps took, by group: the compiled pass against sorting."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.insights.passes.attempt import NEVER
from analytics.insights.passes.figures import FARTHEST, NOT_SET, spans, touched

SHARES = np.array([0.0, 0.5, 0.75, 0.9, 1.0])
YEARS = 300_000_000_000_000  # ten of them, in microseconds
# Few values, so that spans are equal; many, so that a bucket holds several; years, so that sums are long.
SPANS = st.one_of(st.integers(0, 3), st.integers(0, 5_000_000), st.integers(0, YEARS))
ROWS = st.lists(st.tuples(st.none() | SPANS, st.integers(0, 2)), min_size=1, max_size=60)


@given(rows=ROWS, copies=st.sampled_from([1, 100]))
def test_quantiles_and_sums_are_those_of_the_sorted_spans(
    rows: list[tuple[int | None, int]], copies: int
) -> None:
    rows = rows * copies
    before = np.arange(len(rows), dtype=np.int64)
    at = np.array(
        [
            NEVER if span is None else start + span
            for (span, _), start in zip(rows, before.tolist(), strict=True)
        ]
    )
    found = spans(at, before, np.array([one for _, one in rows], np.int32), 4, SHARES)
    for group in range(4):
        own = sorted(span for span, one in rows if one == group and span is not None)
        assert found.sizes[group] == len(own)
        assert (int(found.high[group]) << 32) + int(found.low[group]) == sum(own)
        for place, share in enumerate(SHARES.tolist() if own else ()):
            rank = Fraction(share * (len(own) - 1)).__floor__()
            expected = [own[rank], own[min(rank + 1, len(own) - 1)]]
            assert found.at[group, place].tolist() == expected


def test_a_value_is_the_first_or_the_last_that_is_set() -> None:
    keys = np.array([[NOT_SET, 5, 7], [3, 5, NOT_SET], [5, 5, NOT_SET]], np.int32)
    assert touched(keys, 5, False).tolist() == [7, 3, NOT_SET]
    assert touched(keys, NOT_SET, False).tolist() == [5, 3, 5]
    assert touched(keys, NOT_SET, True).tolist() == [7, 5, 5]


def test_no_span_is_too_long() -> None:
    found = spans(np.array([FARTHEST]), np.array([0]), np.zeros(1, np.int32), 1, SHARES)
    assert found.at[0, 0].tolist() == [FARTHEST, FARTHEST]
