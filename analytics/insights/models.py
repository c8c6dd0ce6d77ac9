"""What people may do with insights; saved insights join here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Exploration(models.Model):
    """Carries the permission to explore."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions: ClassVar = [
            ("explore", "Can ask questions about events"),
            ("run_sql", "Can run SQL over the data sets"),
        ]

    def __str__(self) -> str:
        return "exploration"
