"""What members of staff keep for their day: stars, what they opened, playlists, a home."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.urls import reverse


class Favorite(models.Model):
    """Somebody starred a dashboard."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favorites"
    )
    dashboard = models.ForeignKey(
        "dashboards.Dashboard", on_delete=models.CASCADE, related_name="favorites"
    )
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "dashboard"], name="favorite_once")]

    def __str__(self) -> str:
        return f"{self.user_id} stars {self.dashboard_id}"


class Visit(models.Model):
    """When somebody last opened a dashboard, and on how many occasions."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="visits"
    )
    dashboard = models.ForeignKey(
        "dashboards.Dashboard", on_delete=models.CASCADE, related_name="visits"
    )
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "dashboard"], name="visit_once")]
        indexes = [models.Index(fields=["user", "-last_at"], name="visit_recent")]

    def __str__(self) -> str:
        return f"{self.user_id} opened {self.dashboard_id}"


class HomeDashboard(models.Model):
    """What a person, team or role finds at home; a person's own choice wins."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="home_dashboard"
    )
    group = models.OneToOneField(
        Group, null=True, on_delete=models.CASCADE, related_name="home_dashboard"
    )
    dashboard = models.ForeignKey(
        "dashboards.Dashboard", on_delete=models.CASCADE, related_name="homes"
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(group__isnull=True), name="home_of_one"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {self.dashboard}"


class Playlist(models.Model):
    """Dashboards that a screen shows in turn."""

    name = models.CharField(max_length=120)
    interval_s = models.PositiveIntegerField(default=30)
    is_public = models.BooleanField(default=False)
    folder = models.ForeignKey(
        "accounts.Folder", null=True, on_delete=models.PROTECT, related_name="playlists"
    )
    stop_inheriting = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("playlist", args=[self.pk])


class PlaylistEntry(models.Model):
    """One dashboard's turn."""

    playlist = models.ForeignKey(Playlist, on_delete=models.CASCADE, related_name="entries")
    dashboard = models.ForeignKey("dashboards.Dashboard", on_delete=models.CASCADE)
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.playlist_id}: {self.dashboard_id}"
