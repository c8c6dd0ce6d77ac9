"""Who may send events, what could not be taken, and which ids are one person."""

from __future__ import annotations

from django.db import models


class Source(models.Model):
    """An app or service that sends events. Its id stands in every event row."""

    name = models.CharField(max_length=120, unique=True)
    service = models.CharField(max_length=200, blank=True)  # for events that name none
    environment = models.CharField(max_length=200, blank=True)
    is_sample = models.BooleanField(default=False)  # made by the demo, removable with it
    events_per_minute = models.PositiveIntegerField(null=True, blank=True)  # no quota: null
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IngestKey(models.Model):
    """A secret that lets events in for one source, and nothing else."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="keys")
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.source} ({self.prefix})"


class Quarantined(models.Model):
    """An event that was not taken, with the reason. The newest are kept, and can be replayed."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="quarantined")
    origin = models.CharField(max_length=60)  # which batch, so that a repeat adds nothing
    index = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    field = models.CharField(max_length=300)
    message = models.CharField(max_length=500)
    event = models.TextField()  # JSON as it came, cut when it is huge
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["origin", "index"], name="quarantined_once"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class Identity(models.Model):
    """One id that is joined to others: whose person it is. Ids never joined have no row."""

    number = models.BigIntegerField(primary_key=True)  # the person that the id would be alone
    is_user = models.BooleanField()  # a userId, else an anonymousId
    value = models.CharField(max_length=200)
    person = models.BigIntegerField(db_index=True)
    joined_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.value


class Merge(models.Model):
    """One person became another. The log of all merges, and how far each one has come."""

    class Stage(models.TextChoices):
        JOINED = "joined"  # the identity map says so; the engine does not know yet
        OVERRIDDEN = "overridden"  # every query applies it
        REKEYING = "rekeying"  # ... and the engine rewrites the stored events
        DONE = "done"  # stored events are rewritten, or there were none

    loser = models.BigIntegerField()
    winner = models.BigIntegerField()
    target = models.BigIntegerField()  # the winner, or who that became before this was done
    reason = models.CharField(max_length=40)  # user_identified, alias
    merged_at = models.DateTimeField()
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.JOINED)

    class Meta:
        indexes = [
            models.Index(
                fields=["stage"], name="merge_unfinished", condition=~models.Q(stage="done")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.loser} -> {self.winner}"
