"""A panel's queries: PromQL is kept and checked, the text of what asks others is shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.box import Box, Json
from dashboards.grafana.datasources import Asked, Datasources
from dashboards.grafana.expressions import problem_in
from dashboards.grafana.ledger import Given

LONGEST_QUERY = 40_000
MOST_FURTHER = 25
# Where other data sources keep what they ask, the most telling first.
TEXTS = (
    "rawSql", "expr", "query", "queryText", "target", "expression", "statement", "logql", "sql", "kql", "rawQuery",
    "metric", "url",
)  # fmt: skip
RESOLUTION = "The step fits the range and the width of the picture."


@dataclass
class Queries:
    """What a panel asks: PromQL in order, and the texts for other sources."""

    asked: list[Json] = field(default_factory=list)
    foreign: list[tuple[str, str]] = field(default_factory=list)
    kept: list[Json] = field(default_factory=list)  # the whole targets of those, for an export
    server: str = ""


def read_queries(panel: Given, sources: Datasources, shared: Iterable[Given] = ()) -> Queries:
    """Read a panel's targets; `shared` are those of a panel whose answer it shows again."""
    found = Queries()
    own = sources.read(panel.peek("datasource"))
    panel.keep("datasource")
    for target in shared or panel.children("targets"):
        read_target(target, own, sources, found)
    return found


def read_target(target: Given, own: Asked, sources: Datasources, found: Queries) -> None:
    asked = own
    if "datasource" in target:
        told = sources.read(target.peek("datasource"))
        asked = told if told.is_known or told.variable or own.is_mixed or not own.is_known else own
        target.keep("datasource")
    expression = target.peek("expr")
    if not is_promql(expression, asked):
        keep_foreign(target, asked, found)
        return
    if len(found.asked) > MOST_FURTHER or len(str(expression)) > LONGEST_QUERY:
        target.lose(
            "expr",
            f"A widget has {MOST_FURTHER} further queries of {LONGEST_QUERY:,} characters at most.",
        )
        return
    found.server = found.server or asked.variable
    found.asked.append(query_of(target))


def is_promql(expression: Any, asked: Asked) -> bool:
    if not isinstance(expression, str) or not expression.strip() or "\0" in expression:
        return False
    if asked.is_prometheus:
        return True
    return (not asked.is_known or asked.is_mixed) and not problem_in(expression)


def query_of(target: Given) -> Json:
    expression = target.text("expr").strip()
    if problem := problem_in(expression):
        target.change("expr", f"This cannot be read as PromQL: {problem}")
    legend = target.text("legendFormat")
    found: Json = {"query": expression, "ref": str(target.peek("refId") or "")[:20]}
    if legend and legend != "__auto":
        found["legend"] = legend[:2_000]
    if target.flag("instant"):
        found["instant"] = True
    if target.flag("hide"):
        found["hidden"] = True
    for name in ("interval", "intervalFactor"):
        if target.peek(name) not in (1, "1"):
            target.lose(name, RESOLUTION)
    if target.peek("exemplar") is True:
        target.lose("exemplar", "The portal keeps no exemplars.")
    target.keep("refId", "format", "step")
    return found


def keep_foreign(target: Given, asked: Asked, found: Queries) -> None:
    """Keep a query's text for people; the whole target is in the report."""
    name = asked.type or asked.name or "another data source"
    text = next(
        (
            target.values[one]
            for one in TEXTS
            if isinstance(target.peek(one), str) and target.peek(one)
        ),
        "",
    )
    if not text:
        leftover = {
            key: value
            for key, value in target.values.items()
            if key not in ("refId", "datasource", "hide")
        }
        text = json.dumps(leftover, ensure_ascii=False)[:2_000] if leftover else ""
    if not text.strip():
        return
    found.foreign.append((name, text[: LONGEST_QUERY // 4]))
    found.kept.append(dict(target.values))
    *parents, index = target.path
    holder = Given(None, tuple(parents), target.ledger)
    holder.ledger.told.setdefault(
        (*holder.path, index),
        (
            "lost",
            f"The portal cannot ask {name}; the query's text stands in the widget, and an export has it.",
        ),
    )


def put_queries(box: Box, queries: Queries) -> str:
    """Write PromQL queries into a widget; returns its own query, the first one."""
    if not queries.asked:
        return ""
    asked = named(queries.asked)
    first, rest = asked[0], asked[1:]
    for name in ("legend", "instant"):
        if name in first:
            box.add(name, first[name])
    if first.get("hidden"):
        box.add("hide_first", True)
    if rest:
        box.add(
            "also",
            [
                {name: value for name, value in one.items() if value != "" and name != "was"}
                for one in rest
            ],
        )
    if queries.server:
        box.add("server", f"${{{queries.server}}}")
    return str(first["query"])


def named(asked: list[Json]) -> list[Json]:
    """Put query A first, and give those without a letter, or with another's, a free one."""
    ordered = sorted(asked, key=lambda one: one["ref"] != "A")
    taken: set[str] = set()
    free = (letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    wanted = {one["ref"] for one in ordered}
    for index, one in enumerate(ordered):
        ref = "A" if index == 0 and "A" not in wanted else one["ref"]
        if not ref or ref in taken:
            ref = next(letter for letter in free if letter not in taken | wanted)
        if index == 0 and ref != one["ref"]:
            one["was"] = one["ref"]
        one["ref"] = ref
        taken.add(ref)
    return ordered
