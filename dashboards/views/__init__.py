"""Pages of dashboards, one module a subject."""

from __future__ import annotations
