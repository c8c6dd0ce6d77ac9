from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.layout import COLUMNS, Area, free_place

SIZES = st.lists(st.tuples(st.integers(1, COLUMNS), st.integers(1, 9)), max_size=25)


def test_the_first_box_stands_at_the_top_left() -> None:
    assert free_place([], 12, 6) == Area(0, 0, 12, 6)


def test_a_gap_is_filled_before_a_row_is_begun() -> None:
    taken = [Area(0, 0, 6, 3), Area(18, 0, 6, 3), Area(0, 3, 24, 6)]

    assert free_place(taken, 12, 3) == Area(6, 0, 12, 3)
    assert free_place(taken, 13, 3) == Area(0, 9, 13, 3)
    assert free_place(taken, 12, 4) == Area(0, 9, 12, 4)


@given(SIZES)
def test_boxes_never_overlap_and_each_takes_the_first_free_place(
    sizes: list[tuple[int, int]],
) -> None:
    placed: list[Area] = []
    for w, h in sizes:
        place = free_place(placed, w, h)

        earlier = [
            Area(x, y, w, h)
            for y in range(place.y + 1)
            for x in range(COLUMNS - w + 1)
            if (y, x) < (place.y, place.x)
        ]
        assert place.x + place.w <= COLUMNS
        assert not any(place.overlaps(box) for box in placed)
        assert all(any(one.overlaps(box) for box in placed) for one in earlier)
        placed.append(place)
