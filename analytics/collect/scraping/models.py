"""Where pages of metrics are, and how far the fetching of each has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from portal.lib.secrets import SecretField

if TYPE_CHECKING:
    from portal.accounts.models import User


VIEW = "collect.view_scrapetarget"
CHANGE = "collect.change_scrapetarget"


class TargetQuerySet(models.QuerySet["ScrapeTarget"]):
    def visible_to(self, user: User) -> TargetQuerySet:
        return self if user.has_perm(VIEW) else self.none()

    def editable_by(self, user: User) -> TargetQuerySet:
        return self if user.has_perm(CHANGE) else self.none()


class ScrapeTarget(models.Model):
    """A page of metrics that is fetched on a schedule, or a list of such pages found elsewhere.

    Its name is the label `job`. What is fetched are its endpoints: one, or those on the list.
    """

    class Discovery(models.TextChoices):
        NONE = "none", "One address"
        FILE = "file", "List in files"
        HTTP = "http", "List at an address"
        OWN = "own", "The portal itself"

    name = models.CharField(max_length=120)
    discovery = models.CharField(max_length=8, choices=Discovery, default=Discovery.NONE)
    url = models.CharField(max_length=2_000, blank=True)  # of the page, or of the list
    files = models.CharField(max_length=200, blank=True)  # a pattern below PORTAL_SCRAPE_LISTS
    scheme = models.CharField(max_length=5, default="http")  # of what a list names
    path = models.CharField(max_length=1_000, default="/metrics")  # of what a list names
    interval_s = models.PositiveIntegerField(default=15)
    timeout_s = models.FloatField(default=10)
    labels = models.JSONField(default=dict, blank=True)
    bearer = SecretField(blank=True, default="")
    ca = models.TextField(blank=True)  # certificates in PEM; empty: those of the system
    verifies = models.BooleanField(default=True)  # the server's certificate
    honors_labels = models.BooleanField(default=False)  # the page's own win over the target's
    honors_timestamps = models.BooleanField(default=True)
    relabel = models.JSONField(default=list, blank=True)  # of targets
    metric_relabel = models.JSONField(default=list, blank=True)  # of each sample
    sample_limit = models.PositiveIntegerField(default=50_000)
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # When endpoints are looked up next: at once after a change. A list is read again and again.
    refresh_at = models.DateTimeField(db_index=True)
    refreshed_at = models.DateTimeField(null=True)
    refresh_error = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = TargetQuerySet.as_manager()

    class Meta:
        app_label = "collect"
        ordering = [Lower("name")]
        default_permissions = ("view", "change")
        constraints = [models.UniqueConstraint(Lower("name"), name="scrape_target_name_once")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("scrape-target", args=[self.pk])


class Endpoint(models.Model):
    """One address that is fetched: its labels, its next slot, and what came of the last one.

    A worker takes a slot by moving `due_at` on to the next one, so that no slot is taken twice and
    one that a dead worker took is a gap. An endpoint with `ended_at` is over: its series get stale
    markers of that time, then it goes.
    """

    class State(models.TextChoices):
        NEW = "new", "not fetched yet"
        UP = "up", "up"
        DOWN = "down", "down"

    target = models.ForeignKey(
        ScrapeTarget, null=True, on_delete=models.SET_NULL, related_name="endpoints"
    )
    url = models.CharField(max_length=4_000)
    labels = models.JSONField()  # those that its series get, job and instance among them
    digest = models.CharField(max_length=32)  # of the labels: no two of a target have the same
    interval_s = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=4, choices=State, default=State.NEW)
    last_error = models.CharField(max_length=300, blank=True)
    last_at = models.DateTimeField(null=True)
    duration_s = models.FloatField(null=True)
    samples = models.PositiveIntegerField(null=True)  # on the page
    samples_kept = models.PositiveIntegerField(null=True)
    # The series of its last page, as numpy's uint64: those that are gone next time become stale.
    series = models.BinaryField(default=b"")
    series_version = models.BigIntegerField(default=0)

    class Meta:
        app_label = "collect"
        ordering = ["url"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["target", "digest"],
                condition=models.Q(ended_at=None),
                name="endpoint_once",
            )
        ]

    def __str__(self) -> str:
        return self.url
