"""Dashboards and their widgets, as edited; what they show is asked when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from dashboards.daily.models import Favorite as Favorite
from dashboards.daily.models import HomeDashboard as HomeDashboard
from dashboards.daily.models import Playlist as Playlist
from dashboards.daily.models import PlaylistEntry as PlaylistEntry
from dashboards.daily.models import Visit as Visit
from dashboards.open.models import PublicLink as PublicLink
from dashboards.open.models import Snapshot as Snapshot

if TYPE_CHECKING:
    from portal.accounts.models import User

VIEW = "dashboards.view_dashboard"
CHANGE = "dashboards.change_dashboard"
ADMINISTER = "dashboards.administer_dashboards"


class Dashboard(models.Model):
    """A page of widgets. `version` grows with every change."""

    uid = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=list)
    is_public = models.BooleanField(default=False)  # every logged-in member of staff may see it
    folder = models.ForeignKey(
        "accounts.Folder", null=True, on_delete=models.PROTECT, related_name="dashboards"
    )
    stop_inheriting = models.BooleanField(default=False)  # of its folder
    is_provisioned = models.BooleanField(default=False)  # ships with the portal
    time = models.JSONField(default=dict)  # {"from": "-7d", "to": ""}
    variables = models.JSONField(default=list)
    tabs = models.JSONField(default=list)  # [{"id", "title"}]; none: everything on one page
    annotations = models.JSONField(default=list)  # [{"kind", "shown"}]
    links = models.JSONField(default=list)  # [{"title", "url"}]
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the portal itself
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

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
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=16)  # insight, dataset, text, ...
    query = models.TextField(blank=True)
    refresh_interval_ms = models.PositiveIntegerField(default=10_000)
    size = models.CharField(max_length=16, default="medium")
    x = models.PositiveSmallIntegerField(default=0)
    y = models.PositiveSmallIntegerField(default=0)
    w = models.PositiveSmallIntegerField(default=8)
    h = models.PositiveSmallIntegerField(default=4)
    tab = models.CharField(max_length=64, blank=True)  # of its dashboard's tabs; "": the first
    config = models.JSONField(default=dict)

    class Meta:
        ordering = ["y", "x", "id"]
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "key"], name="widget_key_unique"),
            models.CheckConstraint(condition=Q(w__gte=1, w__lte=24), name="widget_fits_grid"),
        ]

    def __str__(self) -> str:
        return self.title


class DashboardVersion(models.Model):
    """A dashboard's document as it was saved: what is compared, merged and restored."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()  # see dashboards.document
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "number"], name="version_number_unique")
        ]

    def __str__(self) -> str:
        return f"{self.dashboard}, version {self.number}"


class Draft(models.Model):
    """What somebody has not saved yet, as their editor left it: it may not even be right."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    base_version = models.PositiveIntegerField()
    document = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "user"], name="draft_one_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.dashboard}, draft of {self.user}"


class Editing(models.Model):
    """Somebody has a dashboard open in the editor, and was last heard of at `seen_at`."""

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="editing")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "user"], name="editing_one_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user} edits {self.dashboard}"


class LibraryWidgetQuerySet(models.QuerySet["LibraryWidget"]):
    def visible_to(self, user: User) -> LibraryWidgetQuerySet:
        """Return all to those who may make dashboards; what it shows is seen with its dashboard."""
        return self if user.has_perm(CHANGE) or user.has_perm(ADMINISTER) else self.none()

    def editable_by(self, user: User) -> LibraryWidgetQuerySet:
        return self.visible_to(user)


class LibraryWidget(models.Model):
    """One definition of a widget that stands on many dashboards; see dashboards.library."""

    uid = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    definition = models.JSONField()  # source, query, config, ... of a widget
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects: ClassVar[Any] = LibraryWidgetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("library-widget", args=[self.uid])


class Origin(models.Model):
    """Where a dashboard is kept as well, and what both sides last agreed on.

    `kind` is "shipped" (it comes with the portal) or "files" (`path` in a synced folder). Whether it
    was changed here follows from its document and `base`; nothing is locked.
    """

    dashboard = models.ForeignKey(
        Dashboard, null=True, on_delete=models.SET_NULL, related_name="origins"
    )  # null: it was removed here
    kind = models.CharField(max_length=16)
    uid = models.SlugField(max_length=64)
    path = models.CharField(max_length=500, blank=True)
    base = models.JSONField()  # a document, see dashboards.document
    version = models.PositiveIntegerField(default=1)  # the dashboard's that `base` was
    synced_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "uid"]
        constraints = [models.UniqueConstraint(fields=["kind", "uid"], name="origin_uid_unique")]

    def __str__(self) -> str:
        return f"{self.uid}, {self.kind}"
