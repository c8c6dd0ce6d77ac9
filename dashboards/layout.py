"""Where boxes stand on the grid. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COLUMNS = 24


@dataclass(frozen=True)
class Area:
    """A box on the grid: its corner, and its size in columns and rows."""

    x: int
    y: int
    w: int
    h: int

    def overlaps(self, other: Area) -> bool:
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


def free_place(taken: Iterable[Area], w: int, h: int) -> Area:
    """Return the first free place for a box, row by row and from the left."""
    boxes = list(taken)
    w = min(w, COLUMNS)
    below = max((box.y + box.h for box in boxes), default=0)
    # A first free place stands at the top or right under some box, at the left or right of some box.
    rows = sorted({0, below, *(box.y + box.h for box in boxes)})
    columns = sorted({0, *(box.x + box.w for box in boxes if box.x + box.w + w <= COLUMNS)})
    places = (Area(x, y, w, h) for y in rows for x in columns)
    return next(one for one in places if not any(one.overlaps(box) for box in boxes))
