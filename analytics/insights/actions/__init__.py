"""Everything about insights that leaves a trace: one module a subject."""

from __future__ import annotations

from analytics.insights.actions.annotations import (
    create_annotation,
    delete_annotation,
    update_annotation,
)
from analytics.insights.actions.cohorts import (
    InUse,
    create_cohort,
    delete_cohort,
    note_sizes,
    update_cohort,
)
from analytics.insights.actions.folders import change_folder, create_folder, delete_folder
from analytics.insights.actions.saved import change_insight, check_due, delete_insight, save_insight
from analytics.insights.actions.sql import audited_sql

__all__ = [
    "InUse",
    "audited_sql",
    "change_folder",
    "change_insight",
    "check_due",
    "create_annotation",
    "create_cohort",
    "create_folder",
    "delete_annotation",
    "delete_cohort",
    "delete_folder",
    "delete_insight",
    "note_sizes",
    "save_insight",
    "update_annotation",
    "update_cohort",
]
