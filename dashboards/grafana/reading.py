"""A Grafana dashboard as the portal's document, with a report of what could not be kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from dashboards.grafana.box import Fits, Json
from dashboards.grafana.datasources import datasources_of
from dashboards.grafana.ledger import Given, Ledger, Line, number_of
from dashboards.grafana.links import dashboard_link
from dashboards.grafana.panels import Around, is_copy, row_of, widget_of
from dashboards.grafana.placing import Section, sections_of
from dashboards.grafana.seal import seal_of
from dashboards.grafana.second_schema import as_first_schema, is_second_schema
from dashboards.grafana.variables import read_variables
from portal.lib.field_error import FieldError

OLDEST, NEWEST = 14, 42
LONGEST_NAME, MOST_WIDGETS, MOST_TAGS, MOST_LINKS = 120, 500, 50, 50
UNKEPT = re.compile("[\0\ud800-\udfff]")
DEEPEST = 16
BACK = re.compile(r"^now-(\d{1,4})(m|h|d|w|M|y|s)$")
DURATION_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
ZONES = {"utc": "UTC", "": "", "browser": ""}


@dataclass(frozen=True)
class Imported:
    """A document in the portal's shape, not checked yet; its uid in Grafana; what was not kept."""

    document: Json
    uid: str = ""
    lines: list[Line] = field(default_factory=list)


def is_grafana(value: Any) -> bool:
    """Tell whether JSON looks like a dashboard of Grafana's, of any schema."""
    inner = unwrapped(value)[0]
    if not isinstance(inner, Mapping):
        return False
    if is_second_schema(value) or is_second_schema(inner):
        return True
    return "schemaVersion" in inner or "panels" in inner or "rows" in inner or "templating" in inner


def unwrapped(value: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the dashboard inside what an API or a resource file puts around it, and where it is."""
    if isinstance(value, Mapping):
        for name in ("dashboard", "spec"):
            inner = value.get(name)
            if isinstance(inner, Mapping) and "panels" not in value and "widgets" not in value:
                return inner, (name,)
    return value, ()


def read(value: Any, fits: Fits | None = None) -> Imported:
    """Read a dashboard of schema 14 to 42, or of the second schema. Raises FieldError for what is none."""
    inner, path = unwrapped(value)
    if is_second_schema(value) or is_second_schema(inner):
        return read_second(value, inner, fits or Fits())
    if not is_grafana(value):
        raise FieldError(
            "body", "This is no dashboard of Grafana's: it has neither panels nor rows."
        )
    return read_first(inner, path, fits or Fits())


def read_first(inner: Any, path: tuple[str, ...], fits: Fits) -> Imported:
    ledger = Ledger(path)
    root = Given(inner, path, ledger)
    document = cleaned(document_of(root, fits))
    return Imported(document, uid_of(root.text("uid")), ledger.lines(inner))


def read_second(resource: Mapping[str, Any], spec: Mapping[str, Any], fits: Fits) -> Imported:
    """Read elements and layouts; the report's paths are those of the first schema."""
    if not isinstance(spec.get("layout"), Mapping):
        raise FieldError(
            "layout", "A dashboard of schema v2 has a layout that places its elements."
        )
    board, lines = as_first_schema(spec)
    found = read_first(board, (), fits)
    metadata = resource.get("metadata")
    uid = metadata.get("name") if isinstance(metadata, Mapping) else ""
    return Imported(found.document, uid_of(str(uid or "")), [*lines, *found.lines])


def cleaned(value: Any, depth: int = 0) -> Any:
    """Return a value without null and half characters, which no database keeps, and not too deep."""
    if isinstance(value, str):
        return UNKEPT.sub("", value)
    if isinstance(value, Mapping | list) and depth > DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {cleaned(str(name)): cleaned(one, depth + 1) for name, one in value.items()}
    return [cleaned(one, depth + 1) for one in value] if isinstance(value, list) else value


def document_of(root: Given, fits: Fits) -> Json:
    sources = datasources_of(root)
    elements = root.peek("__elements")
    around = Around(sources, fits, elements=elements if isinstance(elements, Mapping) else {})
    sections = sections_of(root)
    around.by_id = {
        one.peek("id"): one
        for section in sections
        for one, _ in section.panels
        if isinstance(one.peek("id"), int | str)
    }
    name = root.text("title").replace("\0", "").strip()
    if len(name) > LONGEST_NAME:
        root.change("title", f"A name has {LONGEST_NAME} characters at most.")
    version = number_of(root.peek("schemaVersion"))
    if version is not None and not OLDEST <= version <= NEWEST:
        root.change(
            "schemaVersion",
            f"Schemas {OLDEST} to {NEWEST} are known; this one was read as the nearest.",
        )
    widgets = list(widgets_of(sections, around))
    if (around_them := sealed(root, "document")) is not None:
        return {**around_them, "widgets": widgets}
    return {
        "name": name[:LONGEST_NAME] or "Imported dashboard",
        "description": root.text("description").replace("\0", ""),
        "tags": tags_of(root),
        "time": time_of(root),
        "variables": read_variables(root, sources),
        "annotations": annotations_of(root),
        "links": links_of(root),
        "widgets": widgets,
    }


def widgets_of(sections: list[Section], around: Around) -> Iterator[Json]:
    count = 0
    for section in sections:
        if section.row is not None and section.is_shown:
            count += 1
            made = row_of(section.row, around.fits, is_collapsed=section.is_collapsed)
            yield sealed(section.row, "widget") or made | {"position": section.place.as_json()}
        for panel, place in section.panels:
            if is_copy(panel):
                panel.ledger.taken.add(panel.path)
                continue
            count += 1
            if count > MOST_WIDGETS:
                panel.ledger.told.setdefault(
                    panel.path, ("lost", f"A dashboard has {MOST_WIDGETS} widgets at most.")
                )
                continue
            yield sealed(panel, "widget") or widget_of(panel, around) | {
                "position": place.as_json()
            }


def sealed(given: Given, name: str) -> Json | None:
    """Return what the portal itself wrote down when it exported this, if nothing changed since."""
    portal = given.child("portal")
    found = portal.peek(name)
    if not isinstance(found, Mapping) or portal.peek("seal") != seal_of(given.values):
        return None
    given.keep(*(key for key in given.values if key not in ("panels", "rows")))
    return dict(found)


def tags_of(root: Given) -> list[str]:
    tags = [one.strip()[:60] for one in root.texts("tags") if one.strip() and "\0" not in one]
    return list(dict.fromkeys(tags))[:MOST_TAGS]


def time_of(root: Given) -> Json:
    time, found = root.child("time"), {"from": "", "to": ""}
    made: Json = found
    begins = BACK.match(str(time.peek("from") or ""))
    if begins is not None and time.peek("to") in (None, "", "now"):
        made["from"] = "-" + length(int(begins[1]), begins[2])
        time.keep("from", "to")
    elif "from" in time:
        time.lose(
            "from",
            "The range begins seven days ago: only ranges such as now-6h that end now are kept.",
        )
        time.lose("to", "It ends now.")
    told = str(root.peek("timezone") or "")
    zone = ZONES.get(told.lower(), told)
    if zone and zone in available_timezones():
        made["zone"] = zone
        root.keep("timezone")
    elif zone:
        root.lose("timezone", "There is no such time zone.")
    refresh = milliseconds(root.peek("refresh"))
    if refresh:
        made["refresh"] = min(max(refresh, 1_000), 86_400_000)
        root.keep("refresh")
    elif root.peek("refresh") in (False, True, "", "off", None):
        root.keep("refresh")
    for name in ("refresh_intervals", "time_options", "quick_ranges"):
        root.child("timepicker").keep(name)
    return made


def length(number: int, unit: str) -> str:
    """Write a length of time back from now as ranges have it: minutes, hours, days, weeks, months."""
    if unit == "s":
        return f"{max(1, -(-number // 60))}m"
    if unit in ("M", "y"):
        return f"{min(number * (12 if unit == 'y' else 1), 9999)}mo"
    return f"{max(number, 1)}{unit}"


def milliseconds(value: Any) -> int:
    found = re.fullmatch(r"(\d{1,6})(ms|s|m|h|d)", value) if isinstance(value, str) else None
    return int(found[1]) * DURATION_MS[found[2]] if found else 0


def annotations_of(root: Given) -> list[Json]:
    """Keep whether notes are shown; what else is drawn over charts is in the report."""
    found: dict[str, bool] = {}
    for one in root.child("annotations").children("list"):
        is_own = one.peek("builtIn") in (1, True) or one.child("target").peek("type") == "dashboard"
        if is_own:
            found["notes"] = found.get("notes", False) or one.peek("enable") is not False
            one.ledger.taken.add(one.path)
        else:
            why = "Queries for annotations are not kept: notes and deploys are drawn over charts."
            one.ledger.told.setdefault(one.path, ("lost", why))
    return [{"kind": kind, "shown": shown} for kind, shown in found.items()]


def links_of(root: Given) -> list[Json]:
    found = [made for one in root.children("links") if (made := dashboard_link(one)) is not None]
    return found[:MOST_LINKS]


def uid_of(uid: str) -> str:
    return uid if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", uid) else ""
