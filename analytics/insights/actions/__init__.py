"""Everything about insights that leaves a trace: one module a subject."""

from __future__ import annotations

from analytics.insights.actions.sql import audited_sql

__all__ = ["audited_sql"]
