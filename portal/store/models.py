"""What PostgreSQL knows of the engine's data."""

from __future__ import annotations

from django.db import models
from django.db.models import F


class Epoch(models.Model):
    """A counter that moves when history changes (merge, erasure): part of every cache key."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    # Late merges whose events are not re-keyed yet: while there are any, queries apply them.
    pending_overrides = models.PositiveIntegerField(default=0)
    # Moves when stored events changed other than by new rows or by a merge (split, erasure):
    # whoever keeps rows by event must read them again.
    rewrites = models.BigIntegerField(default=0)
    # A condition on stored events that no query may read, because a copy of them counts or will:
    # on a cluster, while events move to the shard of their person (analytics.ingest.homing).
    unread = models.TextField(default="")

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def current(cls) -> Epoch:
        return cls.objects.filter(id=1).first() or cls()

    @classmethod
    def move(cls, *, pending_overrides: int) -> None:
        """Make every cached answer unusable, and say how many overrides queries must apply."""
        cls.objects.get_or_create(id=1)
        cls.objects.filter(id=1).update(number=F("number") + 1, pending_overrides=pending_overrides)

    @classmethod
    def leave_out(cls, unread: str) -> None:
        """Say which stored events no query may read from now on; moves the epoch."""
        cls.objects.get_or_create(id=1)
        cls.objects.filter(id=1).update(number=F("number") + 1, unread=unread)

    @classmethod
    def rewritten(cls) -> None:
        """Say that stored events changed other than by new rows or by a merge; moves the epoch."""
        cls.objects.get_or_create(id=1)
        cls.objects.filter(id=1).update(number=F("number") + 1, rewrites=F("rewrites") + 1)
