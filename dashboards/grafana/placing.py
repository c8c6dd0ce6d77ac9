"""Where panels stand: Grafana's low rows as the portal's, with folded rows laid out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dashboards.grafana.ledger import Given, number_of

COLUMNS, TALLEST, LOWEST = 24, 500, 9_500
# A row of Grafana's grid is 38 pixels high with its gap, one of the portal's 60.
RATIO = 38 / 60
LEAST_ROWS = 2  # of a box that shows anything
OLD_COLUMNS, USUAL_HEIGHT, USUAL_ROW_PIXELS = 12, 8, 250


@dataclass
class Place:
    """A place on Grafana's grid, and on the portal's once `settle` ran."""

    x: int
    y: int
    w: int
    h: int

    def as_json(self) -> dict[str, int]:
        return {"x": self.x, "y": self.y, "w": self.w, "h": self.h}


@dataclass
class Section:
    """A row with the panels that belong to it; without a row those before the first one."""

    row: Given | None = None
    is_collapsed: bool = False
    is_shown: bool = True
    panels: list[tuple[Given, Place]] = field(default_factory=list)
    place: Place = field(default_factory=lambda: Place(0, 0, COLUMNS, 1))


def sections_of(document: Given) -> list[Section]:
    """Return the panels by rows, in reading order, wherever the schema keeps them."""
    found = [Section()]
    placed = [(one, place_of(one)) for one in document.children("panels")]
    # Folded rows keep their panels inside; their places are from before they were folded.
    for panel, place in sorted(placed, key=lambda one: (one[1].y, one[1].x)):
        if panel.peek("type") == "row":
            inner = [(one, place_of(one)) for one in panel.children("panels")]
            is_collapsed = panel.peek("collapsed") is True
            found.append(Section(panel, is_collapsed, panels=inner))
        else:
            found[-1].panels.append((panel, place))
    return settled([*found, *old_rows(document)])


def old_rows(document: Given) -> Iterator[Section]:
    """Return the rows of schemas before 16, whose panels have a width of twelve and no place."""
    for row in document.children("rows"):
        pixels = number_of(str(row.peek("height") or "").removesuffix("px")) or USUAL_ROW_PIXELS
        height = max(2, round(min(max(pixels, 50), 2_000) / 38))
        section = Section(row, row.peek("collapse") is True)
        section.is_shown = is_shown(row)
        x = y = 0
        for panel in row.children("panels"):
            span = number_of(panel.peek("span"))
            w = min(max(round((OLD_COLUMNS if span is None else span) * 2), 1), COLUMNS)
            x, y = (x, y) if x + w <= COLUMNS else (0, y + height)
            section.panels.append((panel, Place(x, y, w, height)))
            panel.keep("span")
            x += w
        yield section


def is_shown(row: Given) -> bool:
    """Tell whether a row of an old schema is one to people, and does not only hold panels together."""
    found = (
        row.peek("showTitle") is True or row.peek("collapse") is True or bool(row.peek("repeat"))
    )
    if not found:
        row.keep("title", "collapse", "repeat")
    return found


def place_of(panel: Given) -> Place:
    """Read a place; what is missing or out of bounds is brought in."""
    given = panel.child("gridPos")
    panel.keep("gridPos")
    w = within(given.peek("w"), 1, COLUMNS, COLUMNS // 2)
    h = within(given.peek("h"), 1, TALLEST, USUAL_HEIGHT)
    x = min(within(given.peek("x"), 0, COLUMNS - 1, 0), COLUMNS - w)
    return Place(x, within(given.peek("y"), 0, 1_000_000, 0), w, h)


def within(value: object, low: int, high: int, otherwise: int) -> int:
    found = number_of(value)
    return otherwise if found is None else int(min(max(found, low), high))


def settled(sections: list[Section]) -> list[Section]:
    """Give every panel its place on the portal's grid, section below section."""
    top = 0
    for section in sections:
        if section.row is not None and section.is_shown:
            section.place = Place(0, min(top, LOWEST), COLUMNS, 1)
            top += 1
        if not section.panels:
            continue
        section.panels.sort(key=lambda one: (one[1].y, one[1].x))
        base = min(place.y for _, place in section.panels)
        factor = scale_of([place.h for _, place in section.panels])
        for _, place in section.panels:
            upper = round((place.y - base) * factor)
            lower = round((place.y - base + place.h) * factor)
            place.y, place.h = min(top + upper, LOWEST), min(max(lower - upper, 1), TALLEST)
        top = max(place.y + place.h for _, place in section.panels)
    return sections


def scale_of(heights: list[int]) -> float:
    """Return how much lower boxes become: as in pixels, unless the lowest would show nothing."""
    lowest = min((height for height in heights if height > 1), default=LEAST_ROWS)
    return min(max(RATIO, LEAST_ROWS / lowest), 1.0)
