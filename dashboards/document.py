"""A dashboard as one document: what is edited, kept as a version, merged, exported and imported. Pure.

    {"name", "description", "tags", "time": {"from", "to", "refresh"?, "zone"?}, "variables", "tabs",
     "annotations", "links", "widgets": [{"id", "type", "title", "description", "source", "query",
     "refresh_interval" (ms), "size", "position": {"x", "y", "w", "h", "tab"?}, "config": {"kind", ...}}]}

`checked` reads one that somebody wrote and returns it whole; every field that may be left out has its
usual value there, so that equal dashboards are equal documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.text import slugify

from dashboards.layout import COLUMNS, Area, free_place
from dashboards.options.checking import checked_config
from dashboards.variables.definitions import as_json, parse_variables
from dashboards.variables.ordering import Cycle, ordered
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader, name_of
from portal.lib.time_range import BadRange, read

Json = dict[str, Any]

MOST_WIDGETS = 500
MOST_TABS = 30
LONGEST_NAME, LONGEST_TITLE, LONGEST_QUERY = 120, 200, 40_000
LOWEST = 10_000  # rows of the grid
MOST_CONFIG_CHARACTERS = 200_000
DEEPEST = 20
FASTEST_MS, SLOWEST_MS, USUAL_MS = 1_000, 86_400_000, 30_000
SOME_DAY = datetime(2100, 1, 1, tzinfo=UTC)  # to read a range as of; which day does not matter
SOURCES = ("promql", "insight", "sql", "dataset", "text")
TYPES = ("metric", "chart", "table", "alert", "custom")
WIDTHS = {"small": 6, "medium": 12, "large": 18, "full-width": 24}
USUAL_KIND = {
    "metric": "stat",
    "chart": "line",
    "table": "table",
    "alert": "stat",
    "custom": "text",
}
# The API's coarse word for a kind of widget; a chart where nothing is said.
TYPE_OF = {
    "stat": "metric", "gauge": "metric", "bargauge": "metric", "table": "table",
    "text": "custom", "row": "custom", "image": "custom", "iframe": "custom",
}  # fmt: skip
# What the API says of a dashboard that is not its document: it is taken back and not looked at.
AROUND = (
    "id", "uid", "folder", "is_public", "created_by", "created_at", "updated_at", "version", "note",
)  # fmt: skip


def checked(body: Any) -> Json:
    """Return the document that somebody wrote, whole. Raises FieldError."""
    check_storable(body, "")
    reader = Reader(body)
    for name in AROUND:
        reader.take(name)
    tabs = list(reader.each("tabs", tab, most=MOST_TABS))
    check_unique([one["id"] for one in tabs], "tabs", "tab")
    found: Json = {
        "name": named(reader, "name", LONGEST_NAME),
        "description": long_text(reader, "description", LONGEST_QUERY),
        "tags": list(dict.fromkeys(reader.each("tags", tag, most=50))),
        "time": time_of(reader.take("time")),
        "variables": variables_of(reader),
        "tabs": tabs,
        "annotations": list(reader.each("annotations", annotation, most=20)),
        "links": list(reader.each("links", link, most=50)),
        "widgets": widgets_of(reader, {one["id"] for one in tabs}),
    }
    reader.finish()
    return found


def type_of(kind: str) -> str:
    """Return the API's coarse word for a kind of widget."""
    return TYPE_OF.get(kind, "chart")


def size_of(width: int) -> str:
    """Return the API's coarse word for a width in columns."""
    for limit, name in ((6, "small"), (12, "medium"), (23, "large")):
        if width <= limit:
            return name
    return "full-width"


def widgets_of(reader: Reader, tabs: set[str]) -> list[Json]:
    """Return the widgets in reading order, each with a key and a place of its own."""
    found = list(reader.each("widgets", widget, most=MOST_WIDGETS))
    check_unique([one["id"] for one in found if one["id"]], "widgets", "widget")
    taken = {one["id"] for one in found if one["id"]}
    for index, one in enumerate(found):
        if not one["id"]:
            one["id"] = free_key(one["title"] or one["config"]["kind"], taken)
            taken.add(one["id"])
        if one["position"].get("tab", "") not in {"", *tabs}:
            known = ", ".join(sorted(tabs)) or "none"
            message = f"There is no tab with this id; there are: {known}."
            raise FieldError(f"widgets[{index}].position.tab", message)
    place(found)
    return sorted(found, key=lambda one: (one["position"]["y"], one["position"]["x"]))


def widget(body: Any, path: str = "widget") -> Json:
    """Return one widget, whole; its key and its place may be missing yet ("", no x). Raises FieldError."""
    reader = Reader(body, path)
    config = config_of(reader)
    given_type = reader.choice("type", TYPES, type_of(str(config.get("kind") or "line")))
    kind = config.get("kind") or USUAL_KIND[given_type]
    if not isinstance(kind, str) or not 0 < len(kind) <= 32:
        raise FieldError(f"{path}.config.kind", "This must be the name of a kind of widget.")
    position = position_of(reader)
    found: Json = {
        "id": key_of(reader),
        "type": type_of(kind),
        "title": named(reader, "title", LONGEST_TITLE, needed=False),
        "description": long_text(reader, "description", LONGEST_QUERY),
        "source": reader.choice("source", SOURCES, "text"),
        "query": query_of(reader),
        "refresh_interval": reader.integer(
            "refresh_interval", USUAL_MS, low=FASTEST_MS, high=SLOWEST_MS
        ),
        "size": size_of(position["w"]),
        "position": position,
        "config": checked_config(kind, config, f"{path}.config"),
    }
    reader.finish()
    return found


def config_of(reader: Reader) -> Json:
    given = reader.take("config")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise FieldError(reader.at("config"), f"This must be an object, not {name_of(given)}.")
    if len(json.dumps(given)) > MOST_CONFIG_CHARACTERS:
        message = f"This has {MOST_CONFIG_CHARACTERS:,} characters at most, as JSON."
        raise FieldError(reader.at("config"), message)
    return dict(given)


def query_of(reader: Reader) -> str:
    """Return the query as text; an insight's may be given as the object that the text holds."""
    if isinstance(reader.values.get("query"), Mapping):
        return json.dumps(reader.take("query"))
    return long_text(reader, "query", LONGEST_QUERY)


def position_of(reader: Reader) -> Json:
    size = reader.choice("size", tuple(WIDTHS), "medium")
    given = reader.take("position")
    inner = Reader({} if given is None else given, reader.at("position"))
    w = inner.integer("w", WIDTHS[size], low=1, high=COLUMNS)
    found: Json = {"w": w, "h": inner.integer("h", 6, low=1, high=500)}
    if inner.values.get("x") is not None or inner.values.get("y") is not None:
        x = inner.integer("x", 0, low=0, high=COLUMNS - w)
        found = {"x": x, "y": inner.integer("y", 0, low=0, high=LOWEST), **found}
    inner.known += ["x", "y"]
    tab_id = inner.take("tab")
    if tab_id not in (None, ""):
        found["tab"] = slug(tab_id, inner.at("tab"))
    inner.finish()
    return found


def place(widgets: Sequence[Json]) -> None:
    """Give widgets without a place the first free one, and push those down that lie on another."""
    taken: dict[str, list[Area]] = {}
    fixed = sorted(
        (one for one in widgets if "x" in one["position"]),
        key=lambda one: (one["position"]["y"], one["position"]["x"]),
    )
    for one in fixed:
        boxes = taken.setdefault(one["position"].get("tab", ""), [])
        box = area(one["position"])
        while (under := next((other for other in boxes if box.overlaps(other)), None)) is not None:
            box = Area(box.x, under.y + under.h, box.w, box.h)
        one["position"]["y"] = box.y
        boxes.append(box)
    for one in widgets:
        if "x" not in one["position"]:
            boxes = taken.setdefault(one["position"].get("tab", ""), [])
            box = free_place(boxes, one["position"]["w"], one["position"]["h"])
            one["position"] = {"x": box.x, "y": box.y, **one["position"]}
            boxes.append(box)


def area(position: Mapping[str, Any]) -> Area:
    return Area(position["x"], position["y"], position["w"], position["h"])


def time_of(given: Any) -> Json:
    """Return the usual range: where it begins and ends, and what else is said of time."""
    reader = Reader({} if given is None else given, "time")
    found: Json = {name: long_text(reader, name, 40).removeprefix("now") for name in ("from", "to")}
    if zone := long_text(reader, "zone", 60):
        found["zone"] = zone
    try:
        read({**found, "tz": zone}, SOME_DAY, default="-7d", zone="UTC")
    except BadRange as problem:
        where = "time.to" if "`to`" in str(problem) else "time.zone" if zone else "time.from"
        raise FieldError(where, f"{problem}.") from problem
    refresh = reader.integer("refresh", 0, low=0, high=SLOWEST_MS)
    if 0 < refresh < FASTEST_MS:
        raise FieldError("time.refresh", f"This is in milliseconds: 0, or {FASTEST_MS} and more.")
    if refresh:
        found["refresh"] = refresh
    reader.finish()
    return found


def variables_of(reader: Reader) -> list[Json]:
    """Return the variables, whole; those that need each other in a circle are refused."""
    found = parse_variables(reader.take("variables"))
    try:
        ordered(found)
    except Cycle as problem:
        place = next(at for at, one in enumerate(found) if one.name in problem.names)
        raise FieldError(f"variables[{place}].query", str(problem)) from problem
    return [as_json(one) for one in found]


def annotation(body: Any, path: str) -> Json:
    reader = Reader(body, path)
    shown = reader.take("shown")
    if shown not in (None, True, False):
        raise FieldError(reader.at("shown"), "This must be true or false.")
    found = {"kind": slug(reader.take("kind"), reader.at("kind")), "shown": shown is not False}
    reader.finish()
    return found


def link(body: Any, path: str) -> Json:
    reader = Reader(body, path)
    found = {"title": reader.text("title"), "url": web_address(reader.text("url"), path)}
    reader.finish()
    return found


def web_address(url: str, path: str) -> str:
    """Return an address that may stand in a page: of the web, or of the portal itself."""
    if urlsplit(url).scheme not in {"http", "https", ""} or url.startswith("//"):
        raise FieldError(f"{path}.url", "This must begin with https://, http:// or /.")
    return url


def tab(body: Any, path: str) -> Json:
    reader = Reader(body, path)
    found = {"id": slug(reader.take("id"), reader.at("id")), "title": reader.text("title")}
    reader.finish()
    return found


def tag(given: Any, path: str) -> str:
    if not isinstance(given, str) or not 0 < len(given.strip()) <= 60:
        raise FieldError(path, "A tag is text of at most 60 characters.")
    return given.strip()


def key_of(reader: Reader) -> str:
    given = reader.take("id")
    return "" if given in (None, "") else slug(given, reader.at("id"))


def slug(given: Any, path: str) -> str:
    known = isinstance(given, str) and 0 < len(given) <= 64
    if not known or not all(one.isascii() and (one.isalnum() or one in "-_") for one in given):
        raise FieldError(path, "This must be letters, digits, - and _, at most 64 of them.")
    return str(given)


def named(reader: Reader, name: str, longest: int, *, needed: bool = True) -> str:
    found = long_text(reader, name, LONGEST_QUERY).strip()
    if len(found) > longest or (needed and not found):
        raise FieldError(reader.at(name), f"This needs to be text of at most {longest} characters.")
    return found


def long_text(reader: Reader, name: str, longest: int) -> str:
    given = reader.take(name)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise FieldError(reader.at(name), f"This must be a string, not {name_of(given)}.")
    if len(given) > longest:
        raise FieldError(reader.at(name), f"This has {longest:,} characters at most.")
    return given


def check_unique(names: Sequence[str], path: str, what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FieldError(path, f"There are two of the {what} “{name}”; each needs its own.")
        seen.add(name)


def check_storable(value: Any, path: str, depth: int = 0) -> None:
    """Raise FieldError for what PostgreSQL's JSON cannot hold, or nobody could read."""
    if depth > DEEPEST:
        raise FieldError(path or "body", f"This is nested deeper than {DEEPEST} levels.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise FieldError(path or "body", "This must not hold a null or half a character.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            check_storable(str(name), path, depth + 1)
            check_storable(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            check_storable(inner, f"{path}[{index}]", depth + 1)


def free_key(name: str, taken: set[str]) -> str:
    """Return a slug of a name, numbered where that is taken."""
    base = slugify(name)[:50].strip("-") or "box"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(one for one in numbered if one not in taken)
