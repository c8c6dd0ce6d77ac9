"""Put variables into a widget, wherever it may name them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from typing import Any, TypeVar

from dashboards.variables.builtins import BuiltIns
from dashboards.variables.insight import in_insight
from dashboards.variables.promql import in_promql
from dashboards.variables.references import references
from dashboards.variables.selection import CannotFill, Values
from dashboards.variables.sql import in_sql
from dashboards.variables.text import in_address, in_markdown, in_text

W = TypeVar("W", bound=Any)
Json = dict[str, Any]
TEXTS = ("legend", "empty", "time_shift", "time_from", "step")


def filled(widget: W, values: Values, built_in: BuiltIns) -> W:
    """Return a copy of a widget without any variable in it. Raises CannotFill.

    A widget without variables comes back as it is.
    """
    written = json.dumps([widget.title, widget.description, widget.query, widget.config])
    if not values and next(references(written), None) is None:
        return widget
    found = copy(widget)
    found.title = in_text(widget.title, values, built_in)
    found.description = in_text(widget.description, values, built_in)
    found.config = config_of(widget.config, values, built_in)
    found.query, found.config = query_of(found, values, built_in)
    return found


def named_anew(widget: W, values: Values, built_in: BuiltIns) -> W:
    """Return a widget whose title and description have values; as it was where they cannot have."""
    found = copy(widget)
    try:
        found.title = in_text(widget.title, values, built_in)
        found.description = in_text(widget.description, values, built_in)
    except CannotFill:
        return widget
    return found


def query_of(widget: Any, values: Values, built_in: BuiltIns) -> tuple[str, Json]:
    """Return the query and the config, in which SQL has its parameters and further queries stand."""
    query, config = widget.query, dict(widget.config)
    if widget.source == "sql":
        return with_parameters(query, config, values, built_in)
    fill = FILLS.get(widget.source)
    if fill is None:
        return query, config
    if isinstance(config.get("also"), list):
        config["also"] = [further(one, widget.source, values, built_in) for one in config["also"]]
    return fill(query, values, built_in), config


def with_parameters(
    query: str, config: Json, values: Values, built_in: BuiltIns
) -> tuple[str, Json]:
    text, parameters = in_sql(query, values, built_in, config.get("parameters") or {})
    return text, config | ({"parameters": parameters} if parameters else {})


def further(one: Any, source: str, values: Values, built_in: BuiltIns) -> Any:
    """Fill one of the further queries of the same source."""
    if not isinstance(one, Mapping) or not isinstance(one.get("query"), str):
        return one
    found = dict(one) | {"query": FILLS[source](one["query"], values, built_in)}
    if isinstance(one.get("legend"), str):
        found["legend"] = in_text(one["legend"], values, built_in)
    return found


def of_definition(query: str, values: Values, built_in: BuiltIns) -> str:
    """Fill an insight's JSON; what is none is left to who reads it."""
    try:
        given = json.loads(query)
    except ValueError:
        return query
    if not isinstance(given, dict):
        return query
    return json.dumps(in_insight(given, values, built_in), ensure_ascii=False)


def config_of(config: Mapping[str, Any], values: Values, built_in: BuiltIns) -> Json:
    found = dict(config)
    for name in TEXTS:
        if isinstance(found.get(name), str):
            found[name] = in_text(found[name], values, built_in)
    if isinstance(found.get("server"), str):
        found["server"] = in_text(found["server"], values, built_in)
    if isinstance(found.get("links"), list):
        found["links"] = [link_of(one, values, built_in) for one in found["links"]]
    if isinstance(found.get("overrides"), list):
        found["overrides"] = [
            one | {"options": config_of(one["options"], values, built_in)}
            if isinstance(one, dict) and isinstance(one.get("options"), dict)
            else one
            for one in found["overrides"]
        ]
    return found


def link_of(one: Any, values: Values, built_in: BuiltIns) -> Any:
    if not isinstance(one, Mapping):
        return one
    found = dict(one)
    if isinstance(found.get("title"), str):
        found["title"] = in_text(found["title"], values, built_in)
    if isinstance(found.get("url"), str):
        found["url"] = in_address(found["url"], values, built_in)
    return found


FILLS = {"promql": in_promql, "insight": of_definition, "text": in_markdown}
