"""Which data source a Grafana panel or query asks, in all the ways that it may be written. Pure.

By name or uid as text, as {"type", "uid"}, through a variable, or through an input that the export of
a shared dashboard leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.grafana.ledger import Given

PROMETHEUS = frozenset({
    "prometheus", "cortex", "mimir", "thanos", "victoriametrics-datasource", "victoriametrics-metrics-datasource",
    "grafana-amazonprometheus-datasource", "grafana-azureprometheus-datasource",
})  # fmt: skip
MIXED, DASHBOARD, EXPRESSION = "-- Mixed --", "-- Dashboard --", "__expr__"
REFERENCE = re.compile(r"^(?:\$\{?([\w.-]+)(?::\w+)?\}?|\[\[([\w.-]+)\]\])$")
# What a name or uid says where nothing else does.
SPOKEN = (
    "prometheus", "loki", "elasticsearch", "influx", "graphite", "cloudwatch", "mysql", "postgres", "mssql",
    "tempo", "jaeger", "zipkin", "opentsdb", "testdata", "azure", "stackdriver", "opensearch", "clickhouse",
    "pyroscope", "thanos", "cortex", "mimir", "zabbix", "datadog", "bigquery", "infinity", "github", "sqlite",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A data source: its type ("" where nothing says), and the variable that chooses it."""

    type: str = ""
    variable: str = ""
    name: str = ""

    @property
    def is_prometheus(self) -> bool:
        return self.type in PROMETHEUS

    @property
    def is_known(self) -> bool:
        return bool(self.type)

    @property
    def is_mixed(self) -> bool:
        return self.type == MIXED


@dataclass
class Datasources:
    """What inputs and variables say of data sources."""

    of_input: dict[str, str] = field(default_factory=dict)
    of_variable: dict[str, str] = field(default_factory=dict)

    def read(self, value: Any) -> Asked:
        """Read a reference. What is unknown has no type."""
        if isinstance(value, Mapping):
            told = value.get("type")
            inner = self.read(value.get("uid"))
            is_plain = isinstance(told, str) and told not in ("", "datasource")
            return Asked(str(told), inner.variable, inner.name) if is_plain else inner
        if not isinstance(value, str) or not value or value == "default":
            return Asked()
        if value in (MIXED, DASHBOARD, EXPRESSION) or value.startswith("-- "):
            return Asked(value, name=value)
        if (found := REFERENCE.match(value)) is not None:
            name = found[1] or found[2]
            if name in self.of_variable:
                return Asked(self.of_variable[name], name, name)
            return Asked(self.of_input.get(name) or spoken(name), name=name)
        return Asked(spoken(value), name=value)


def spoken(name: str) -> str:
    """Return the type that a name speaks of, such as "loki" in "Loki (prod)"."""
    lowered = name.lower()
    if lowered in ("prom", "ds_prom"):
        return "prometheus"
    return next((one for one in SPOKEN if one in lowered), "")


def datasources_of(document: Given) -> Datasources:
    """Read the inputs and the variables that name data sources."""
    found = Datasources()
    for one in document.children("__inputs"):
        name, kind = one.peek("name"), one.peek("pluginId")
        if isinstance(name, str) and isinstance(kind, str):
            found.of_input[name] = kind
    for one in document.child("templating").children("list"):
        name, kind = one.peek("name"), one.peek("query")
        if one.peek("type") == "datasource" and isinstance(name, str):
            found.of_variable[name] = kind if isinstance(kind, str) else ""
    return found
