"""How far what is kept of samples has come, and how many series each source may have."""

from __future__ import annotations

from django.conf import settings
from django.db import models

CHANGE_LIMITS = "series.change_serieslimit"
LEAST_LIMIT = 1_000


class Kept(models.Model):
    """What is there of one resolution: what came after `since`, downsampled up to `until`.

    Moments of samples; those of an hour or of five minutes are ends of buckets.
    """

    resolution = models.CharField(max_length=8, primary_key=True)
    since = models.DateTimeField(null=True)  # what is older was deleted; null: nothing was
    until = models.DateTimeField(null=True)  # null: nothing yet, or these are the samples
    looked_at = models.DateTimeField(null=True)  # what was written before is in, late or not
    # A look for late samples that has begun, and the time up to which it is through.
    looking_at = models.DateTimeField(null=True)
    looked_until = models.DateTimeField(null=True)
    # How often series were deleted before their time: what was answered before is no answer then.
    deletions = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.resolution}: {self.since} to {self.until}"


class SeriesLimit(models.Model):
    """How many live series one source may have, where that is not PORTAL_MOST_SERIES_PER_SOURCE."""

    source = models.CharField(max_length=250, unique=True)  # as in limits.py
    most = models.PositiveIntegerField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["source"]
        default_permissions = ("change",)

    def __str__(self) -> str:
        return f"{self.source}: {self.most}"
