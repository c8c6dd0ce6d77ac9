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
from analytics.insights.actions.data_sets import (
    change_data_set,
    create_data_set,
    delete_data_set,
)
from analytics.insights.actions.exports import Exported, record_export
from analytics.insights.actions.people import record_members_listed, record_people_listed
from analytics.insights.actions.saved import (
    change_insight,
    check_due,
    delete_insight,
    save_insight,
    without_values,
)
from analytics.insights.actions.sql import audited_sql, recent_statements, without_texts

__all__ = [
    "Exported",
    "InUse",
    "audited_sql",
    "change_data_set",
    "change_insight",
    "check_due",
    "create_annotation",
    "create_cohort",
    "create_data_set",
    "delete_annotation",
    "delete_cohort",
    "delete_data_set",
    "delete_insight",
    "note_sizes",
    "recent_statements",
    "record_export",
    "record_members_listed",
    "record_people_listed",
    "save_insight",
    "update_annotation",
    "update_cohort",
    "without_texts",
    "without_values",
]
