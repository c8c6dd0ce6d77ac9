"""Dashboards and their widgets, as edited; what they show is asked when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

if TYPE_CHECKING:
    from portal.accounts.models import User

VIEW = "dashboards.view_dashboard"
CHANGE = "dashboards.change_dashboard"
ADMINISTER = "dashboards.administer_dashboards"


class DashboardQuerySet(models.QuerySet["Dashboard"]):
    def visible_to(self, user: User) -> DashboardQuerySet:
        """Return what the user may know of: public to staff, their own, all for admins."""
        if user.has_perm(ADMINISTER):
            return self
        if not user.has_perm(VIEW):
            return self.none()
        return self.filter(Q(is_public=True) | Q(created_by=user))

    def editable_by(self, user: User) -> DashboardQuerySet:
        if user.has_perm(ADMINISTER):
            return self
        return self.filter(created_by=user) if user.has_perm(CHANGE) else self.none()


class Dashboard(models.Model):
    """A page of widgets. `version` grows with every change."""

    uid = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=list)
    is_public = models.BooleanField(default=False)  # every logged-in member of staff may see it
    is_provisioned = models.BooleanField(default=False)  # ships with the portal
    time = models.JSONField(default=dict)  # {"from": "-7d", "to": ""}
    variables = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the portal itself
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = DashboardQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [("administer_dashboards", "See and change every dashboard")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("dashboard", args=[self.uid])


class Widget(models.Model):
    """One box. `source` and `query` say what is asked, `kind` how the answer is drawn."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="widgets")
    key = models.SlugField(max_length=64)  # stable within the dashboard
    type = models.CharField(max_length=16)  # the API's coarse word: metric, chart, table, custom
    kind = models.CharField(max_length=32)  # an entry of the widget registry
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=16)  # insight, dataset, text, ...
    query = models.TextField(blank=True)
    refresh_interval_ms = models.PositiveIntegerField(default=10_000)
    size = models.CharField(max_length=16, default="medium")
    x = models.PositiveSmallIntegerField(default=0)
    y = models.PositiveSmallIntegerField(default=0)
    w = models.PositiveSmallIntegerField(default=8)
    h = models.PositiveSmallIntegerField(default=4)
    config = models.JSONField(default=dict)

    class Meta:
        ordering = ["y", "x", "id"]
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "key"], name="widget_key_unique"),
            models.CheckConstraint(condition=Q(w__gte=1, w__lte=24), name="widget_fits_grid"),
        ]

    def __str__(self) -> str:
        return self.title
