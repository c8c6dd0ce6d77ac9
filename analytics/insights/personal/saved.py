"""Saved questions and annotations that name somebody."""

from __future__ import annotations

from analytics.insights.models import (
    Annotation,
    DataSet,
    PropertyColumn,
    SavedInsight,
    SqlStatement,
)
from portal.audit.personal import holders
from portal.audit.personal_texts import Texts

holders.add(
    Texts(
        kind="saved_insights",
        label="Saved insights",
        model=SavedInsight,
        fields=("name", "description", "definition", "view", "check_note"),
        has_version=True,
    )
)
holders.add(
    Texts(kind="annotations", label="Annotations", model=Annotation, fields=("text", "event"))
)
holders.add(
    Texts(
        kind="property_columns",
        label="Properties with a column",
        model=PropertyColumn,
        fields=("name",),
    )
)
holders.add(
    Texts(kind="sql_statements", label="SQL that was run", model=SqlStatement, fields=("query",))
)
holders.add(
    Texts(
        kind="data_sets",
        label="Data sets",
        model=DataSet,
        fields=("name", "description", "filters"),
        has_version=True,
        unique_field="name",
    )
)
