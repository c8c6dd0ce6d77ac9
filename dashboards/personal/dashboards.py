"""Dashboards and widgets that name somebody."""

from __future__ import annotations

from dashboards.models import (
    Dashboard,
    DashboardVersion,
    Draft,
    LibraryWidget,
    Origin,
    Widget,
)
from portal.audit.personal import holders
from portal.audit.personal_texts import Texts

holders.add(
    Texts(
        kind="dashboards",
        label="Dashboards",
        model=Dashboard,
        fields=("name", "description", "tags", "variables", "time", "tabs", "links", "annotations"),
        has_version=True,
    )
)
holders.add(
    Texts(
        kind="widgets",
        label="Widgets",
        model=Widget,
        fields=("title", "description", "query", "config"),
    )
)
holders.add(
    Texts(
        kind="dashboard_versions",
        label="Versions of dashboards",
        model=DashboardVersion,
        fields=("document", "note"),
    )
)
holders.add(
    Texts(
        kind="dashboard_drafts",
        label="Drafts of dashboards",
        model=Draft,
        fields=("document",),
    )
)
holders.add(
    Texts(
        kind="library_widgets",
        label="Library widgets",
        model=LibraryWidget,
        fields=("name", "description", "definition"),
        has_version=True,
    )
)
holders.add(
    Texts(
        kind="dashboard_origins",
        label="Dashboards as they were last synced",
        model=Origin,
        fields=("base",),
    )
)
