"""What the widget editor offers: sources, questions at hand, pictures with their options, units."""

from __future__ import annotations

import inspect
from typing import Any

from django.urls import reverse

from analytics.insights.keeping import kinds as keepable_kinds
from analytics.insights.models import EXPLORE, RUN_SQL, SavedInsight
from analytics.insights.pages import PAGES
from analytics.insights.views.builders import BUILDERS
from analytics.promql.models import ASK, PrometheusServer
from dashboards.adding import may_make
from dashboards.library_shapes import listed_as_json
from dashboards.models import Dashboard
from dashboards.options.checking import of_overrides, options_of
from dashboards.options.colors import NAMES
from dashboards.options.common import OF_EVERY_KIND
from dashboards.options.units import UNITS
from dashboards.transformations import Transformation, transformations
from dashboards.widgets import WidgetKind, widgets
from portal.accounts.access import require, visible
from portal.accounts.models import User
from portal.store.sources import dataset, sources

Json = dict[str, Any]
SOURCES = (
    ("promql", "PromQL", "activity"), ("insight", "Insight", "trending-up"),
    ("sql", "SQL", "terminal"), ("dataset", "Dataset", "database"), ("text", "Text", "text"),
)  # fmt: skip
ICONS = {
    "stat": "hash", "line": "chart-line", "area": "chart-area", "bar": "chart-column",
    "stacked": "chart-column", "table": "table", "text": "text", "gauge": "gauge",
    "bargauge": "sliders-horizontal", "pie": "chart-pie", "funnel": "funnel", "paths": "waypoints",
    "retention": "repeat", "lifecycle": "refresh-cw", "stickiness": "calendar", "sessions": "clock",
    "heatmap": "layout-dashboard", "histogram": "chart-column", "map": "globe", "image": "eye",
    "iframe": "external-link", "picture": "palette", "state": "list", "timeline": "list",
}  # fmt: skip
NEEDED = {"promql": ASK, "insight": EXPLORE, "sql": RUN_SQL}
STRUCTURE = ("row",)  # what orders a page and asks nothing


def choices(user: User, dashboard: Dashboard) -> Json:
    """Return all that the editor of a dashboard's widgets needs to know, for somebody."""
    here = [dashboard.uid]
    return {
        "preview": reverse("api-preview", args=here),
        "pictures": reverse("widget-pictures", args=here),
        "sources": [
            {"kind": kind, "label": label, "icon": icon}
            for kind, label, icon in SOURCES
            if may_ask(user, kind)
        ],
        "promql": {
            "complete": reverse("explore-metrics-complete"),
            "check": reverse("explore-metrics-check"),
            "explore": reverse("explore-metrics"),
        },
        "servers": list(visible(user, PrometheusServer).values("id", "name")),
        "insights": insights(user, dashboard),
        "sql": {
            "may": user.has_perm(RUN_SQL),
            "explore": reverse("sql"),
            "why": "Your roles do not include SQL: the role analyst or editor does.",
        },
        "datasets": datasets(),
        "kinds": [kind_as_json(one) for one in widgets],
        "common_options": [one.as_json() for one in OF_EVERY_KIND],
        "override_options": [one.as_json() for one in of_overrides().values()],
        "colors": list(NAMES),
        "units": [list(one) for one in UNITS],
        "transformations": [step_as_json(one) for one in transformations],
        "library": {
            "may": may_make(user),
            "api": reverse("api-library"),
            "entries": listed_as_json(user),
        },
    }


def may_ask(user: User, source: str) -> bool:
    """Tell whether somebody's roles let them ask a source at all."""
    return source not in NEEDED or user.has_perm(NEEDED[source])


def require_to_ask(user: User, source: str) -> None:
    """Raise MissingPermission unless somebody's roles let them ask a source."""
    if source in NEEDED:
        require(user, NEEDED[source])


def insights(user: User, dashboard: Dashboard) -> Json:
    saved = visible(user, SavedInsight).filter(kind__in=BUILDERS).values("id", "name", "kind")
    return {
        "opened": reverse("widget-question", args=[dashboard.uid]),
        "kinds": [
            {
                "kind": kind,
                "label": PAGES[kind].label,
                "builder": reverse("widget-builder", args=[dashboard.uid, kind]),
            }
            for kind in BUILDERS
            if kind in keepable_kinds()
        ],
        "saved": list(saved),
    }


def datasets() -> list[Json]:
    prefix = dataset("")
    return [
        {
            "name": one.kind.removeprefix(prefix),
            "label": one.label,
            "description": str(getattr(one, "counted", "")),
        }
        for one in sources
        if one.kind.startswith(prefix)
    ]


def step_as_json(one: Transformation) -> Json:
    return {
        "id": one.kind,
        "label": one.label,
        "help": inspect.getdoc(type(one)) or "",
        "options": [option.as_json() for option in one.options],
    }


def kind_as_json(one: WidgetKind) -> Json:
    return {
        "kind": one.kind,
        "label": one.label,
        "icon": ICONS.get(one.kind, "chart-column"),
        "is_structure": one.kind in STRUCTURE,
        "options": [option.as_json() for option in options_of(one.kind)],
    }
