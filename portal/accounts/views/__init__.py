"""Pages of accounts, teams and sharing, one module a subject."""

from __future__ import annotations
