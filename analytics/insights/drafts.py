"""Read what somebody wants to keep, from JSON; rights and folders are the actions' business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from analytics.insights.definitions.reading import name_of
from analytics.insights.keeping import checked
from analytics.insights.models import SavedInsight
from portal.lib.field_error import FieldError

Json = dict[str, Any]
LONGEST_NAME, LONGEST_DESCRIPTION = 120, 2_000
LARGEST_DEFINITION = 100_000
# What an answer has, so that it can be sent back as it came; nobody sets it.
READ_ONLY = (
    "id", "folder_id", "created_by", "created_at", "updated_at", "check", "page_url", "version",
)  # fmt: skip
SETTABLE = ("name", "description", "kind", "definition", "view", "folder", "is_shared")


@dataclass(frozen=True)
class Draft:
    """An insight to keep. `folder` is an id, a path such as "Growth/Weekly", or None."""

    name: str
    kind: str
    definition: Json
    description: str = ""
    view: Json = field(default_factory=dict)
    folder: int | str | None = None
    is_shared: bool = True


def read_new(body: Any, now: datetime) -> Draft:
    """Read a new insight.

    The definition stands under `definition`, or beside the name as in the insight's own body.
    Raises FieldError.
    """
    given = object_of(body)
    if "definition" not in given:
        own = (*SETTABLE, *READ_ONLY)
        rest = {name: value for name, value in given.items() if name not in own}
        given = {name: value for name, value in given.items() if name in own}
        return drawn(given, None, now, rest)
    return drawn(given, None, now)


def read_change(body: Any, insight: SavedInsight, now: datetime) -> Draft:
    """Read what changes; what is left out stays. Raises FieldError."""
    return drawn(object_of(body), insight, now)


def read_version(body: Any) -> int | None:
    """Read the `version` that a change was made on; None when none is said. Raises FieldError."""
    given = body.get("version") if isinstance(body, Mapping) else None
    if isinstance(given, str) and given.isdecimal() and len(given) < 10:
        given = int(given)
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and given > 0):
        return given
    raise FieldError("version", "This must be the version that you changed, a whole number.")


def drawn(
    given: Json, before: SavedInsight | None, now: datetime, beside: Json | None = None
) -> Draft:
    for name in given:
        if name not in (*SETTABLE, *READ_ONLY):
            raise FieldError(name, f"Unknown field; known here: {', '.join(SETTABLE)}.")
    draft = started(before)
    draft = replace(
        draft,
        name=text(given, "name", draft.name, LONGEST_NAME),
        description=text(given, "description", draft.description, LONGEST_DESCRIPTION),
        kind=text(given, "kind", draft.kind, LONGEST_NAME),
        view=json(given.get("view", draft.view), "view"),
        folder=folder(given["folder"]) if "folder" in given else draft.folder,
        is_shared=flag(given, "is_shared", draft.is_shared),
    )
    if not draft.name:
        raise FieldError("name", "An insight needs a name.")
    if beside is not None:
        return replace(draft, definition=definition_of(draft.kind, beside, "", now))
    found = given.get("definition", draft.definition)
    return replace(draft, definition=definition_of(draft.kind, found, "definition", now))


def started(before: SavedInsight | None) -> Draft:
    if before is None:
        return Draft("", "", {})
    return Draft(
        before.name, before.kind, before.definition, before.description, before.view,
        before.folder_id, before.is_shared,
    )  # fmt: skip


def definition_of(kind: str, given: Any, path: str, now: datetime) -> Json:
    """Return a definition that its kind takes. Raises FieldError, its field below `path`."""
    found = json(given, path or "definition")
    found.pop("refresh", None)
    try:
        checked(kind, found, now)
    except FieldError as problem:
        if problem.field == "kind" or not path:
            raise
        raise FieldError(f"{path}.{problem.field}", problem.message) from problem
    return found


def object_of(body: Any) -> Json:
    if not isinstance(body, Mapping):
        raise FieldError("body", f"This must be an object, not {name_of(body)}.")
    return dict(body)


def text(given: Json, name: str, otherwise: str, most: int) -> str:
    value = given.get(name, otherwise)
    if not isinstance(value, str):
        raise FieldError(name, f"This must be a string, not {name_of(value)}.")
    if len(value) > most:
        raise FieldError(name, f"This has {most:,} characters at most.")
    storable(value, name)
    return value.strip()


def flag(given: Json, name: str, otherwise: bool) -> bool:
    value = given.get(name, otherwise)
    if not isinstance(value, bool):
        raise FieldError(name, f"This must be true or false, not {name_of(value)}.")
    return value


def folder(value: Any) -> int | str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        storable(value, "folder")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise FieldError("folder", "This must be a folder's id, its path, or null.")


def json(value: Any, name: str) -> Json:
    """Return an object that the database can keep. Raises FieldError."""
    if not isinstance(value, Mapping):
        raise FieldError(name, f"This must be an object, not {name_of(value)}.")
    try:
        size = len(orjson.dumps(value))
    except orjson.JSONEncodeError as problem:
        raise FieldError(name, "This is nested too deep to be kept.") from problem
    if size > LARGEST_DEFINITION:
        raise FieldError(name, f"This has {LARGEST_DEFINITION:,} characters at most.")
    storable(value, name)
    return dict(value)


def storable(value: Any, name: str) -> None:
    """Raise FieldError where a text holds a NUL, which the database cannot keep."""
    if isinstance(value, str) and "\0" in value:
        raise FieldError(name, "This holds a NUL character.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            storable(key, name)
            storable(inner, f"{name}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            storable(inner, f"{name}[{place}]")
