"""Ask what a variable offers: labels of metrics, values of a property, rows of SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.promql.models import PrometheusServer
from dashboards.variables.builtins import BuiltIns
from dashboards.variables.definitions import Variable
from dashboards.variables.insight import in_insight
from dashboards.variables.options import MOST, Option, in_order, narrowed, plain, written
from dashboards.variables.promql import in_promql
from dashboards.variables.selection import CannotFill, Values
from dashboards.variables.sql import in_sql
from dashboards.variables.text import in_text
from portal.lib.row_rights import RowRights
from portal.store.frame import Frame
from portal.store.query import TimeRange
from portal.store.sources import Question, ask

OWN_SERVER = "portal"
OWN_NAME = "This portal"
MOST_OF_A_PROPERTY = 200


@dataclass(frozen=True)
class Asker:
    """On whose behalf, over which range and as of when variables are asked."""

    window: TimeRange
    as_of: datetime
    rights: RowRights

    @property
    def built_in(self) -> BuiltIns:
        return BuiltIns(self.window.start, self.window.end, self.window.zone)

    def question(self, params: Mapping[str, Any]) -> Question:
        return Question(params=params, window=self.window, as_of=self.as_of, rights=self.rights)


def options_of(variable: Variable, values: Values, asker: Asker) -> list[Option]:
    """Return what a variable offers, given the values of those it depends on.

    Raises what sources raise, and CannotFill.
    """
    if variable.kind in ("custom", "interval"):
        texts = [in_text(one, values, asker.built_in) for one in variable.options]
        return in_order(written(texts), variable.sort)
    if variable.kind == "server":
        return in_order(narrowed(servers(), variable.regex), variable.sort)
    if variable.kind != "query":
        return []
    found = ASKED[variable.source](variable, values, asker)
    regex = in_text(variable.regex, values, asker.built_in)
    return in_order(narrowed(found, regex), variable.sort)


def servers() -> list[Option]:
    """Return where PromQL can be asked: the portal's own samples, and other servers."""
    rows = PrometheusServer.objects.values_list("pk", "name")
    return [Option(OWN_SERVER, OWN_NAME), *(Option(str(pk), name) for pk, name in rows)]


def server_id(text: str) -> int | None:
    """Read which server is meant; the portal's own samples are None. Raises CannotFill."""
    if text in ("", OWN_SERVER, OWN_NAME):  # texts hold the words of what is chosen
        return None
    if not text.isdecimal():
        found = PrometheusServer.objects.filter(name=text).values_list("pk", flat=True).first()
        if found is None:
            raise CannotFill(f"There is no Prometheus server “{text}”; choose another one.")
        return found
    return int(text)


def of_metrics(variable: Variable, values: Values, asker: Asker) -> list[Option]:
    params: dict[str, Any] = {"query": in_promql(variable.query, values, asker.built_in)}
    server = server_id(in_text(variable.server, values, asker.built_in))
    if server is not None:
        params["server"] = server
    return plain(ask("metric_lookups", asker.question(params)).column("value"))


def of_property(variable: Variable, values: Values, asker: Asker) -> list[Option]:
    """Ask for a property's values: the query is its name, or JSON with `property`, `of`, `event`."""
    text = variable.query.strip()
    asked = object_of(text) if text.startswith("{") else {"property": text}
    asked = in_insight(asked, values, asker.built_in)
    frame = ask("samples", asker.question({**asked, "limit": MOST_OF_A_PROPERTY}))
    return plain(value_text(one) for one in frame.column("value"))


def object_of(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise CannotFill("Write a property's name, or {“property”, “event”} as JSON.") from problem
    return found if isinstance(found, dict) else {}


def of_sql(variable: Variable, values: Values, asker: Asker) -> list[Option]:
    """Ask a statement: its first column is the value, or those named __value and __text say it."""
    query, parameters = in_sql(variable.query, values, asker.built_in, {})
    frame = ask("sql", asker.question({"query": query, "parameters": parameters}))
    return list(pairs(frame))


def pairs(frame: Frame) -> list[Option]:
    names = [column.name for column in frame.columns]
    value = names.index("__value") if "__value" in names else 0
    text = names.index("__text") if "__text" in names else value
    rows = list(frame.rows())[:MOST]
    return [Option(value_text(row[value]), value_text(row[text])) for row in rows]


def value_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


ASKED = {"promql": of_metrics, "property": of_property, "sql": of_sql}
