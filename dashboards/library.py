"""Library widgets: one definition that stands on many dashboards.

A box that shows one says so in its config, `library: uid`, and holds the definition itself, too: it is
brought up to date whenever a dashboard is written, and on every dashboard when the library widget
changes. So whoever shows, exports or looks back at a dashboard needs nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboards.askable import check_kind, check_query
from dashboards.document import LONGEST_NAME, check_storable, long_text, named, type_of
from dashboards.document import widget as read_widget
from dashboards.models import Dashboard, LibraryWidget
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader

Json = dict[str, Any]
DEFINED = ("description", "source", "query", "refresh_interval", "config")
OWN = ("library", "repeat")  # of a box's config: what the library does not say
AROUND = (
    "uid", "url", "api", "dashboards", "created_by", "created_at", "updated_at", "version",
)  # fmt: skip


@dataclass(frozen=True)
class LibraryDraft:
    """What a library widget is to be."""

    name: str
    description: str
    definition: Json


def read_draft(body: Any, before: LibraryWidget | None, now: datetime) -> LibraryDraft:
    """Read a library widget; of a change, what is left out stays. Raises FieldError."""
    check_storable(body, "")
    reader = Reader(body)
    for name in AROUND:
        reader.take(name)
    stays = {name: reader.values.get(name) is None and before is not None for name in DEFINITION}
    draft = LibraryDraft(
        before.name if before and stays["name"] else named(reader, "name", LONGEST_NAME),
        before.description
        if before and stays["description"]
        else long_text(reader, "description", 2_000),
        before.definition
        if before and stays["definition"]
        else definition(reader.take("definition"), now),
    )
    reader.known += list(DEFINITION)
    reader.finish()
    return draft


DEFINITION = ("name", "description", "definition")


def definition(body: Any, now: datetime, path: str = "definition") -> Json:
    """Return a definition, whole; what is a box's own is left out. Raises FieldError."""
    if not isinstance(body, Mapping):
        raise FieldError(path, "This must be an object: source, query and config.")
    given = {name: value for name, value in body.items() if name in DEFINED}
    for name in body:
        if name not in DEFINED:
            raise FieldError(f"{path}.{name}", f"Unknown field; known here: {', '.join(DEFINED)}.")
    found = read_widget(given, path)
    check_kind(found, path)
    check_query(found, path, now)
    config = {name: value for name, value in found["config"].items() if name not in OWN}
    return {**{name: found[name] for name in DEFINED}, "config": config}


def filled(document: Json) -> Json:
    """Return a document whose library widgets are as the library has them; a link to none is cut."""
    wanted = {
        one["config"]["library"] for one in document["widgets"] if one["config"].get("library")
    }
    if not wanted:
        return document
    named = [uid for uid in wanted if isinstance(uid, str)]
    rows = LibraryWidget.objects.filter(uid__in=named)
    known = {row.uid: row.definition for row in rows}
    return {**document, "widgets": [shown(one, known) for one in document["widgets"]]}


def shown(widget: Json, known: Mapping[str, Json]) -> Json:
    """Return a box with the definition that it links to, or cut off from one that is gone."""
    uid = widget["config"].get("library")
    if not uid:
        return widget
    if uid not in known:
        return unlinked(widget)
    found = known[uid]
    own = {name: widget["config"][name] for name in OWN if name in widget["config"]}
    config = {**found["config"], **own}
    return {**widget, **found, "config": config, "type": type_of(config["kind"])}


def unlinked(widget: Json) -> Json:
    config = {name: value for name, value in widget["config"].items() if name != "library"}
    return {**widget, "config": config}


def used_on(uids: Iterable[str]) -> dict[str, list[Dashboard]]:
    """Return the dashboards that each library widget stands on, by name."""
    wanted = list(uids)
    found: dict[str, dict[int, Dashboard]] = {uid: {} for uid in wanted}
    rows = Dashboard.objects.filter(widgets__config__library__in=wanted).order_by("name").distinct()
    for row in rows.prefetch_related("widgets"):
        for widget in row.widgets.all():
            if widget.config.get("library") in found:
                found[widget.config["library"]][row.pk] = row
    return {uid: list(boards.values()) for uid, boards in found.items()}
