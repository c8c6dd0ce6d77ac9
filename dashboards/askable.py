"""Whether what a document asks can be asked, and by whom: looked at where it was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analytics.insights.keeping import checked as checked_insight
from analytics.insights.models import RUN_SQL
from analytics.promql.errors import BadQuery
from analytics.promql.parse import parse
from dashboards.widgets import widgets
from portal.accounts.access import require
from portal.accounts.models import User
from portal.lib.field_error import FieldError
from portal.store.sources import dataset, sources

Json = dict[str, Any]


def check_changed(actor: User, before: Json, after: Json, now: datetime) -> None:
    """Look at the widgets and variables that differ from what stands there.

    Raises FieldError with the path of what cannot be asked, and MissingPermission for SQL that the
    actor may not run.
    """
    known = {one["id"]: one for one in before["widgets"]}
    asked = {one["query"] for one in before["widgets"] if one["source"] == "sql"}
    for index, one in enumerate(after["widgets"]):
        old = known.get(one["id"])
        if old == one:
            continue
        path = f"widgets[{index}]"
        check_kind(one, path)
        if one["source"] == "sql" and one["query"] not in asked:
            require(actor, RUN_SQL)
        if old is None or (old["source"], old["query"]) != (one["source"], one["query"]):
            check_query(one, path, now)
    kept = [one.get("query") for one in before["variables"]]
    if any(
        one.get("source") == "sql" and one.get("query") not in kept for one in after["variables"]
    ):
        require(actor, RUN_SQL)


def check_rights(actor: User, before: Json, after: Json) -> None:
    """Look only at what an import may bring: kinds that are here, and SQL that the actor may run.

    Raises FieldError and MissingPermission. What cannot be asked says so in its box.
    """
    for index, one in enumerate(after["widgets"]):
        check_kind(one, f"widgets[{index}]")
    known = {one["query"] for one in (*before["widgets"], *before["variables"])}
    given = (one for one in (*after["widgets"], *after["variables"]) if one.get("source") == "sql")
    if any(one["query"] not in known for one in given):
        require(actor, RUN_SQL)


def check_kind(widget: Mapping[str, Any], path: str) -> None:
    kind = widget["config"]["kind"]
    if kind not in widgets:
        names = ", ".join(sorted(one.kind for one in widgets))
        raise FieldError(f"{path}.config.kind", f"This must be one of: {names}.")


def check_query(widget: Mapping[str, Any], path: str, now: datetime) -> None:
    """Raise FieldError for a question that could not be asked; one with variables is seen when asked."""
    source, query = widget["source"], widget["query"]
    if source == "dataset" and dataset(query) not in sources:
        names = sorted(
            one.kind.removeprefix("dataset.") for one in sources if one.kind.startswith("dataset.")
        )
        raise FieldError(f"{path}.query", f"This must be one of: {', '.join(names)}.")
    if "$" in query or "[[" in query:
        return
    if source == "promql":
        check_promql(query, f"{path}.query")
    elif source == "insight":
        check_insight(query, f"{path}.query", now)
    elif source == "sql" and not query.strip():
        raise FieldError(f"{path}.query", "This must be a SELECT.")


def check_promql(query: str, path: str) -> None:
    try:
        parse(query)
    except BadQuery as problem:
        raise FieldError(path, str(problem)) from problem


def check_insight(query: str, path: str, now: datetime) -> None:
    try:
        given = json.loads(query)
        kind = given.pop("kind")
        definition = dict(given.get("definition", given))
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        message = 'This must be JSON such as {"kind": "trend", "definition": {"series": [...]}}.'
        raise FieldError(path, message) from problem
    if kind == "trend":
        definition.setdefault("interval", "day")  # otherwise it follows the range
    try:
        checked_insight(kind, definition, now)
    except FieldError as problem:
        inner = "definition." if problem.field != "kind" else ""
        raise FieldError(f"{path}.{inner}{problem.field}", problem.message) from problem
