"""The Explore pages, one module a kind."""

from __future__ import annotations
