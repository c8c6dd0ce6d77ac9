"""The source `metric_lookups`: what label_values(…) and the like find, for variables of dashboards.

Asked with `query` and, where wanted, `server` (the id of another Prometheus server). One column,
`value`, in order. Without a window it looks at the last hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from analytics.promql import servers
from analytics.promql.asking import PATIENCE, Asked, answered
from analytics.promql.errors import EvaluationFailed, QueryFailed
from analytics.promql.lookups import Lookup, parse_lookup
from analytics.promql.models import PrometheusServer
from analytics.promql.outcome import Instant, Outcome
from analytics.promql.sources.promql import LONGEST_QUERY, window_of
from analytics.promql.steps import Window
from analytics.promql.writing import moment_text
from analytics.series.reading import EngineStorage
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame, Meta
from portal.store.sources import Question, sources

MOST = 5_000
NAME = "__name__"
COLUMNS = (Column("value", "string", "Value"),)


@dataclass(frozen=True)
class MetricLookups:
    kind: str = "metric_lookups"
    label: str = "Labels of metrics"

    def run(self, question: Question) -> Frame:
        """Look up. Raises FieldError."""
        query = question.params.get("query")
        if not isinstance(query, str) or len(query) > LONGEST_QUERY:
            raise FieldError("query", "A look-up such as label_values(up, instance).")
        server, window = question.params.get("server"), window_of(question)
        try:
            asked = parse_lookup(query)
            found = own(asked, window) if server is None else of_server(server, asked, window)
        except QueryFailed as error:
            raise FieldError("query", str(error)) from error
        return Frame(COLUMNS, (found[:MOST],), Meta(as_of=question.as_of, sql=(query,)))


def own(asked: Lookup, window: Window) -> list[str]:
    if asked.asks == "query":
        return described(answered(Asked(asked.query, Instant(window.end_ms))))
    storage, sets = EngineStorage(), [list(asked.matchers)] if asked.matchers else []
    limits = {"start_ms": window.start_ms, "end_ms": window.end_ms, "limit": MOST}
    if asked.asks == "names":
        return storage.label_names(sets, **limits)
    return storage.label_values(asked.label, sets, **limits)


def of_server(server_id: int, asked: Lookup, window: Window) -> list[str]:
    if asked.asks == "query":
        return described(servers.answered(server_id, Asked(asked.query, Instant(window.end_ms))))
    server = PrometheusServer.objects.filter(pk=server_id).first()
    if server is None:
        raise servers.UnknownServer("There is no such Prometheus server any more; choose another.")
    query = {"start": moment_text(window.start_ms), "end": moment_text(window.end_ms)}
    if asked.selector:
        query["match[]"] = asked.selector
    path = "labels" if asked.asks == "names" else f"label/{quote(asked.label, safe='')}/values"
    answer = servers.call(server, f"{path}?{urlencode(query)}", None, PATIENCE.total_seconds())
    return texts_of(answer)


def texts_of(answer: Mapping[str, Any]) -> list[str]:
    found = answer.get("data")
    if not isinstance(found, list):
        raise EvaluationFailed("The other server's answer cannot be read.")
    return [str(text) for text in found]


def described(outcome: Outcome) -> list[str]:
    """Write each series with its value, for an expression to take a part of: up{job="a"} 1."""
    return [
        f"{written(dict(labels))} {outcome.points(row)[1][0]:g}"
        for row, labels in enumerate(outcome.series[:MOST])
    ]


def written(labels: dict[str, str]) -> str:
    name = labels.pop(NAME, "")
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}"


sources.add(MetricLookups())
