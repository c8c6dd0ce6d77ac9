"""What the system that the portal replaces showed of itself, in its own queries.

One of them matched nothing: errors bear the labels type, severity and component, requests method,
route, status code and platform, so that no error's series has a request's to be divided by. It is
shipped with the sums of both.
"""

from __future__ import annotations

from typing import Any

from dashboards.shipped import Box, Shipped
from portal.lib.instruments import PREFIX

REQUESTS, ERRORS = f"{PREFIX}http_requests_total", f"{PREFIX}errors_total"
REQUEST_TIMES = f"{PREFIX}http_request_duration_seconds_bucket"
DATABASE_TIMES = f"{PREFIX}db_query_duration_seconds_bucket"
OF_ERRORS = "{{type}} {{severity}} {{component}}"
OF_REQUESTS = "{{method}} {{route}} {{status_code}} {{platform}}"
SEVERITIES = (
    ("critical", "critical"), ("error", "critical"), ("high", "critical"), ("warning", "warning"),
    ("medium", "warning"), ("info", "info"), ("low", "info"),
)  # fmt: skip
NO_ERROR = {"empty": "No error was counted"}

GOOD = {"value": None, "color": "success"}
TOTAL = {"id": "calculateField", "options": {
    "mode": "reduceRow", "reduce": {"reducer": "sum"}, "alias": "Total", "replaceFields": True,
}}  # fmt: skip


def thresholds(warning: float, critical: float) -> dict[str, Any]:
    steps = [GOOD, {"value": warning, "color": "warning"}, {"value": critical, "color": "critical"}]
    return {"mode": "absolute", "steps": steps}


def percentile(share: float, name: str) -> dict[str, str]:
    query = f"histogram_quantile({share}, sum by (le) ({REQUEST_TIMES}))"
    return {"query": query, "legend": name}


SYSTEM_OVERVIEW = Shipped(
    uid="system-overview",
    name="System Overview",
    description="High-level system health and performance metrics",
    tags=["system", "overview", "health"],
    starts="-1h",
    boxes=(
        Box(
            "active-users", "stat", "Active Users", (0, 0, 6, 8), "promql",
            f"{PREFIX}active_users_total",
            "Persons with an event in the last 24 hours, of all platforms and regions.", 30,
            {"unit": "count", "transformations": [TOTAL], "thresholds": thresholds(1_000, 10_000)},
        ),
        Box(
            "http-requests", "line", "HTTP Requests per Second", (6, 0, 12, 8), "promql",
            f"rate({REQUESTS}[1m])", "By method, route, status and platform.", 10,
            {"unit": "req/s", "legend": OF_REQUESTS, "legend_calcs": ["mean", "max"],
             "legend_sort": "mean", "legend_descending": True},
        ),
        Box(
            "error-rate", "gauge", "Error Rate %", (18, 0, 6, 8), "promql",
            f"sum(rate({ERRORS}[1m])) / sum(rate({REQUESTS}[1m])) * 100",
            "Errors of all components against all requests.", 15,
            {"unit": "percent", "min": 0, "max": 100, "thresholds": thresholds(1, 5), **NO_ERROR},
        ),
        Box(
            "response-times", "line", "Response Time Percentiles", (0, 8, 24, 8), "promql",
            f"histogram_quantile(0.95, {REQUEST_TIMES})",
            "Since the start: the 95th percentile by route, method and status, and the 50th and"
            " 99th of all requests.", 10,
            {"unit": "s", "legend": OF_REQUESTS, "legend_position": "right",
             "legend_calcs": ["last", "max"], "legend_sort": "last", "legend_descending": True,
             "also": [percentile(0.5, "50 % of all requests"), percentile(0.99, "99 % of all requests")]},
        ),
    ),
)  # fmt: skip

ERROR_TRACKING = Shipped(
    uid="error-tracking",
    name="Error Tracking",
    description="Error monitoring and alerting dashboard",
    tags=["errors", "monitoring", "alerts"],
    starts="-24h",
    boxes=(
        Box(
            "error-count", "stat", "Errors (1h)", (0, 0, 6, 8), "promql",
            f"increase({ERRORS}[1h])", "Of all types, severities and components.", 60,
            {"good": "down", "unit": "count", "decimals": 0, "transformations": [TOTAL],
             "thresholds": thresholds(10, 50), **NO_ERROR},
        ),
        Box(
            "error-trends", "line", "Error Trends", (6, 0, 18, 8), "promql",
            f"rate({ERRORS}[5m])", "By type, severity and component.", 30,
            {"unit": "per_s", "legend": OF_ERRORS, **NO_ERROR},
        ),
        Box(
            "recent-errors", "table", "Recent Errors", (0, 8, 24, 8), "dataset", "recent_errors",
            "What the events error_occurred tell: an error of the same type, message and component"
            " is one row.", 30,
            {"columns": ["Last seen", "Type", "Message", "Component", "Severity", "Count"],
             "sort_by": "Last seen", "descending": True, "limit": 20, "empty": "No error occurred",
             "overrides": [
                 {"match": {"by": "name", "value": "Severity"}, "options": {"mappings": [
                     {"kind": "value", "match": name, "color": color, "text": name} for name, color in SEVERITIES
                 ]}},
                 {"match": {"by": "name", "value": "Count"}, "options": {"cell": "bar"}},
             ]},
        ),
    ),
)  # fmt: skip

PERFORMANCE = Shipped(
    uid="performance",
    name="Performance Monitoring",
    description="Application and infrastructure performance metrics",
    tags=["performance", "infrastructure", "monitoring"],
    starts="-1h",
    boxes=(
        Box(
            "cpu-usage", "area", "CPU Usage %", (0, 0, 12, 6), "promql",
            f"{PREFIX}cpu_usage_percent", "By process; 100 is one core.", 15,
            {"unit": "percent", "soft_max": 100, "legend": "{{process}}"},
        ),
        Box(
            "memory-usage", "area", "Memory Usage", (12, 0, 12, 6), "promql",
            f"{PREFIX}memory_heap_used", "By process: memory that it shares with no other.", 15,
            {"unit": "bytes", "legend": "{{process}}"},
        ),
        Box(
            "db-performance", "line", "Database Query Performance", (0, 6, 24, 8), "promql",
            f"histogram_quantile(0.95, {DATABASE_TIMES})",
            "The 95th percentile since the start, by operation, table and outcome.", 30,
            {"unit": "s", "legend": "{{operation}} {{table}} {{status}}", "legend_position": "right",
             "legend_calcs": ["last", "max"], "legend_sort": "last", "legend_descending": True},
        ),
    ),
)  # fmt: skip
