"""Business metrics: figures that are collected into series at exact slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from analytics.collect.slots import Scheduled
from portal.lib.instruments import PREFIX

if TYPE_CHECKING:
    from portal.accounts.models import User

CHANGE = "collect.change_businessmetric"
ADMINISTER = "collect.administer_business_metrics"
EXPLORE = "insights.explore"


class BusinessMetricQuerySet(models.QuerySet["BusinessMetric"]):
    def visible_to(self, user: User) -> BusinessMetricQuerySet:
        """Return all to those who may explore: its series are everybody's, too."""
        return self if user.has_perm(EXPLORE) else self.none()

    def editable_by(self, user: User) -> BusinessMetricQuerySet:
        return self if user.has_perm(CHANGE) else self.none()


class BusinessMetric(Scheduled):
    """One number per label set, asked of a saved insight or by SQL. `version` grows with every
    change by a person.
    """

    class Type(models.TextChoices):
        GAUGE = "gauge"  # each slot's answer is the value
        COUNTER = "counter"  # each slot's answer is added: what arrived since the slot before

    name = models.CharField(max_length=120, unique=True)  # without the portal's prefix
    description = models.TextField(blank=True)
    type = models.CharField(max_length=8, choices=Type, default=Type.GAUGE)
    insight = models.ForeignKey(
        "insights.SavedInsight", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    query = models.TextField(blank=True)  # SQL; "" where an insight is asked
    range_s = models.PositiveIntegerField(default=86_400)  # what {from} and {to} of SQL span
    is_on = models.BooleanField(default=True)
    reads_all = models.BooleanField(default=False)  # all rows; else those that the author may read
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # who said last what is asked; null: the portal itself
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # What the last collections brought.
    collected_at = models.DateTimeField(null=True)  # the slot
    figures = models.JSONField(default=list)  # [[{label: value}, number], ...], of that slot
    took_ms = models.PositiveIntegerField(null=True)
    failed_at = models.DateTimeField(null=True)  # the slot
    error = models.TextField(blank=True)  # why the last one failed; "": it did not

    objects: ClassVar[Any] = BusinessMetricQuerySet.as_manager()

    class Meta:
        app_label = "collect"
        ordering = ["name"]
        default_permissions = ("change",)
        permissions: ClassVar = [
            ("administer_business_metrics", "Let business metrics read all rows")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("business-metric", args=[self.pk])

    @property
    def metric(self) -> str:
        """The name of its series."""
        return PREFIX + self.name
