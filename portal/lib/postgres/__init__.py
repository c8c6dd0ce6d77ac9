"""Django's PostgreSQL backend, with every query timed (ENGINE = "portal.lib.postgres")."""

from __future__ import annotations
