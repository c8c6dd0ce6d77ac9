"""Everything about insights that leaves a trace: one module a subject."""

from __future__ import annotations

from analytics.insights.actions.folders import change_folder, create_folder, delete_folder
from analytics.insights.actions.saved import change_insight, delete_insight, save_insight
from analytics.insights.actions.sql import audited_sql

__all__ = [
    "audited_sql",
    "change_folder",
    "change_insight",
    "create_folder",
    "delete_folder",
    "delete_insight",
    "save_insight",
]
