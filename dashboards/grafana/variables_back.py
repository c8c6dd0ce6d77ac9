"""The portal's variables as Grafana's templating. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
TYPES = {
    "query": "query",
    "custom": "custom",
    "interval": "interval",
    "constant": "constant",
    "text": "textbox",
    "server": "datasource",
}
SORTS = {"none": 0, "name": 1, "name_desc": 2, "number": 3, "number_desc": 4}


def templating_of(variables: Iterable[Mapping[str, Any]], *, needs_server: bool) -> list[Json]:
    """Return the variables; one that chooses the data source first, where there is none yet."""
    found = [variable_back(one) for one in variables]
    if needs_server:
        server = {"name": "datasource", "kind": "server", "label": "Data source"}
        found.insert(0, variable_back(server))
    return found


def variable_back(given: Mapping[str, Any]) -> Json:
    kind = str(given.get("kind") or "custom")
    found: Json = {
        "name": given["name"],
        "label": given.get("label") or "",
        "type": TYPES.get(kind, "custom"),
        "hide": 2 if given.get("hidden") else 0,
    }
    value, options = given.get("value"), [str(one) for one in given.get("options") or ()]
    if kind == "server":
        return {**found, "query": "prometheus", "current": {}, "regex": ""}
    if kind in ("constant", "text"):
        return {
            **found,
            "query": plain(value),
            "current": {"text": plain(value), "value": plain(value)},
        }
    found["current"] = {"text": value, "value": value}
    if kind in ("custom", "interval"):
        found["query"] = ",".join(one.replace(",", "\\,") for one in options if one != "auto")
        if kind == "interval":
            return found | {"auto": "auto" in options}
    else:
        found |= {
            "query": {"query": given.get("query") or "", "refId": "A"}, "definition": given.get("query") or "",
            "datasource": {"type": "prometheus", "uid": given.get("server") or "${datasource}"}, "refresh": 2,
            "regex": given.get("regex") or "", "sort": SORTS.get(str(given.get("sort")), 0),
        }  # fmt: skip
    return found | {
        "multi": bool(given.get("multi")), "includeAll": bool(given.get("include_all")),
        "allValue": given.get("all_value") or None,
    }  # fmt: skip


def plain(value: Any) -> str:
    return str(
        value[0]
        if isinstance(value, list) and value
        else ""
        if isinstance(value, list)
        else value or ""
    )
