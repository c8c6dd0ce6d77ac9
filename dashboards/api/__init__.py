"""/api/v1/dashboards: one module a subject."""

from __future__ import annotations

from dashboards.api.answers import DashboardData, WidgetPreview
from dashboards.api.documents import DashboardCopy, DashboardDetail, DashboardList
from dashboards.api.drafts import DraftDetail
from dashboards.api.files import DashboardExport, DashboardImport
from dashboards.api.library import LibraryWidgetDetail, LibraryWidgetList
from dashboards.api.variables import VariableList, VariablePreview, VariableRename
from dashboards.api.versions import VersionDetail, VersionList, VersionRestore
from dashboards.api.widgets import WidgetList

__all__ = [
    "DashboardCopy",
    "DashboardData",
    "DashboardDetail",
    "DashboardExport",
    "DashboardImport",
    "DashboardList",
    "DraftDetail",
    "LibraryWidgetDetail",
    "LibraryWidgetList",
    "VariableList",
    "VariablePreview",
    "VariableRename",
    "VersionDetail",
    "VersionList",
    "VersionRestore",
    "WidgetList",
    "WidgetPreview",
]
