"""Check a widget's config against what its kind can be told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from dashboards.options import Option
from dashboards.options.checks import a_match, an_object, checked_value, entries, kept_object
from dashboards.options.common import OF_A_SERIES, OF_EVERY_KIND
from dashboards.widgets import widgets
from portal.lib.field_error import FieldError
from portal.lib.reading import name_of

WHOLE = Option("config", "Config", "object")


def checked_config(kind: str, config: Any, path: str = "config") -> dict[str, Any]:
    """Return a config as it is kept: nulls left out, every option checked. Raises FieldError.

    An option of another kind is kept, so that changing the kind and back loses nothing; one that no
    kind has is refused. The config of a kind that this portal does not have is kept as it is: the
    widget explains itself in its box.
    """
    if not isinstance(config, Mapping):
        raise FieldError(path, f"This must be an object, not {name_of(config)}.")
    given = {name: value for name, value in config.items() if value is not None and name != "kind"}
    if kind not in widgets:
        return {**kept_object(WHOLE, given, path), "kind": kind}
    own = {one.name: one for one in options_of(kind)}
    known = every_option() | own
    found: dict[str, Any] = {"kind": kind}
    for name, value in given.items():
        if name not in known:
            raise FieldError(f"{path}.{name}", unknown(name, own))
        found[name] = checked(known[name], value, f"{path}.{name}")
    return found


def options_of(kind: str) -> tuple[Option, ...]:
    """Return a kind's own options, then those that every kind has; only the latter for an unknown one."""
    own = widgets.get(kind).options if kind in widgets else ()
    return (*own, *OF_EVERY_KIND)


def of_overrides() -> dict[str, Option]:
    """Return what an override may say, by name."""
    shared = [one for kind in widgets for one in kind.options if one.in_overrides]
    return {one.name: one for one in (*OF_A_SERIES, *shared)}


def every_option() -> dict[str, Option]:
    found = {one.name: one for kind in widgets for one in kind.options}
    return found | {one.name: one for one in OF_EVERY_KIND}


def checked(option: Option, value: Any, path: str) -> Any:
    if option.kind == "overrides":
        return [an_override(one, at) for one, at in entries(value, path)]
    return checked_value(option, value, path)


def an_override(value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "match", "options")
    known = of_overrides()
    options = {}
    for name, one in an_object(found.get("options", {}), f"{path}.options").items():
        if name not in known:
            raise FieldError(f"{path}.options.{name}", unknown(name, known))
        options[name] = checked_value(known[name], one, f"{path}.options.{name}")
    return {"match": a_match(found.get("match"), f"{path}.match"), "options": options}


def unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    meant = f" Is {near[0]} meant?" if near else ""
    return f"There is no such option.{meant} Known here: {', '.join(sorted(known))}."
