"""Links that need no account, and frozen snapshots."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.accounts.access import at_level
from portal.accounts.models import Level, User

LINK, SCREEN = "link", "screen"
ADMINISTER_ALL = "dashboards.administer_dashboards"


class PublicLinkQuerySet(models.QuerySet["PublicLink"]):
    """A link is seen by those who may share what it is to: they make and revoke its links."""

    def visible_to(self, user: User) -> PublicLinkQuerySet:
        return self.filter(
            Q(dashboard__in=at_level(user, self._to("dashboard"), Level.ADMIN))
            | Q(playlist__in=at_level(user, self._to("playlist"), Level.ADMIN))
        )

    def editable_by(self, user: User) -> PublicLinkQuerySet:
        return self.visible_to(user)

    def _to(self, name: str) -> type[Any]:
        found: Any = self.model._meta.get_field(name).related_model
        return found  # type: ignore[no-any-return]  # a model


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    """A snapshot has the rights of its dashboard; one whose dashboard is gone is its maker's."""

    def visible_to(self, user: User) -> SnapshotQuerySet:
        return self._of(user, Level.VIEW)

    def editable_by(self, user: User) -> SnapshotQuerySet:
        """Return those that may be deleted: one's own, and those on dashboards one administers."""
        return self._of(user, Level.ADMIN) | self.visible_to(user).filter(created_by=user)

    def _of(self, user: User, level: Level) -> SnapshotQuerySet:
        boards: Any = self.model._meta.get_field("dashboard").related_model
        found = Q(dashboard__in=at_level(user, boards, level))
        orphans = Q(dashboard=None)
        if not user.has_perm(ADMINISTER_ALL):
            orphans &= Q(created_by=user)
        return self.filter(found | orphans)


class Snapshot(models.Model):
    """A dashboard with all its data as they were at one moment. Outlives changes of the dashboard."""

    dashboard = models.ForeignKey(
        "dashboards.Dashboard", null=True, on_delete=models.SET_NULL, related_name="snapshots"
    )
    name = models.CharField(max_length=120)
    # {"name", "description", "version", "range": {"from", "to", "tz"}, "widgets": [as in the API]}
    board = models.JSONField()
    answers = models.JSONField()  # widget's key -> what its box showed
    rows_read = models.TextField(blank=True)  # the maker's row rights: the engine's condition
    size_bytes = models.PositiveIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects: ClassVar[Any] = SnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("snapshot", args=[self.pk])


class PublicLink(models.Model):
    """Whoever has its address sees one thing without an account, as far as its maker may share it now.

    Exactly one of `dashboard` and `playlist` is set; `snapshot` is one of the dashboard's, whose
    stored data are shown instead of present ones.
    """

    KINDS: ClassVar = {LINK: "Link", SCREEN: "Screen"}

    dashboard = models.ForeignKey(
        "dashboards.Dashboard", null=True, on_delete=models.CASCADE, related_name="public_links"
    )
    playlist = models.ForeignKey(
        "dashboards.Playlist", null=True, on_delete=models.CASCADE, related_name="public_links"
    )
    snapshot = models.ForeignKey(
        Snapshot, null=True, on_delete=models.CASCADE, related_name="public_links"
    )
    kind = models.CharField(max_length=16, default=LINK)  # one of KINDS
    name = models.CharField(max_length=120)  # whom it is for
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    # The query string that the dashboard is looked at with: name -> values.
    look = models.JSONField(default=dict)
    may_choose_range = models.BooleanField(default=False)
    may_download = models.BooleanField(default=False)
    hosts = models.JSONField(default=list)  # whose pages may frame it
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # null: a screen's, until it is revoked
    revoked_at = models.DateTimeField(null=True)
    opened = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = PublicLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(dashboard__isnull=True) ^ Q(playlist__isnull=True),
                name="public_link_to_one",
            ),
            models.CheckConstraint(
                condition=Q(kind=SCREEN) | Q(expires_at__isnull=False),
                name="public_link_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def kind_label(self) -> str:
        return str(self.KINDS.get(self.kind, self.kind))

    def has_ended(self, now: datetime) -> bool:
        """Tell whether it was revoked or its time is over; its maker's rights are another matter."""
        ends = [self.expires_at, self.snapshot.expires_at if self.snapshot else None]
        return self.revoked_at is not None or any(at is not None and at <= now for at in ends)
