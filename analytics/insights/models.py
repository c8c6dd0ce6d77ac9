"""What people may do with insights; cohorts, annotations and saved insights."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from portal.store.query import TimeRange

if TYPE_CHECKING:
    from portal.accounts.models import User

EXPLORE = "insights.explore"
RUN_SQL = "insights.run_sql"
CHANGE_COHORT = "insights.change_cohort"
SAVE = "insights.change_savedinsight"
ANNOTATE = "insights.change_annotation"
ADMINISTER = "insights.administer_insights"
VIEW_DATA, ADMINISTER_DATA = "insights.view_dataset", "insights.administer_data_sets"


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


class SqlStatement(models.Model):
    """SQL that somebody ran: only they see it, to run it again. The newest are kept."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    query = models.TextField()
    run_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.query[:80]


class PropertyColumn(models.Model):
    """A property that questions ask for, and the engine's column for it once there is one."""

    class Kind(models.TextChoices):
        KEY = "key"  # its value as typed text
        NUMBER = "number"

    name = models.TextField()  # of the property
    kind = models.CharField(max_length=8, choices=Kind)
    used_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)  # whether it is worth a column
    added_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["name", "kind"], name="property_column_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def column(self) -> str:
        return f"{self.kind}_{self.pk}"


class Cohort(models.Model):
    """Persons that belong together, by rules or by a list. `version` grows with every change."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    # What definitions/cohorts.py reads; of a list only {"kind": "static"}.
    definition = models.JSONField()
    user_ids = models.JSONField(default=list)  # of a list: up to 100,000 texts
    listed = models.PositiveIntegerField(null=True)  # how many these are; by rules: null
    is_protected = models.BooleanField(default=False)  # who changes it needs a grant
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the portal itself
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        default_permissions = ("change",)
        constraints = [models.UniqueConstraint(Lower("name"), name="cohort_name_unique")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("cohort", args=[self.pk])

    @property
    def whole_definition(self) -> dict[str, Any]:
        """Return the definition with the list's ids."""
        if self.listed is None:
            return dict(self.definition)
        return {**self.definition, "user_ids": self.user_ids}

    def notes(self, most: int) -> list[CohortSize]:
        """Return the newest notes of its size, the oldest of them first."""
        return list(self.sizes.order_by("-at")[:most])[::-1]


class CohortSize(models.Model):
    """How many persons a cohort had at one moment, by the definition of that version."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="sizes")
    at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["at"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["cohort", "at"], name="cohort_size_once")]

    def __str__(self) -> str:
        return f"{self.size:,}"

    @classmethod
    def newest(cls) -> dict[int, CohortSize]:
        """Return the last note of each cohort that has one."""
        rows = cls.objects.order_by("cohort_id", "-at").distinct("cohort_id")
        return {row.cohort_id: row for row in rows}


class SavedInsight(models.Model):
    """A question to ask again. `version` grows with every change by a person."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=32)  # of the source that answers it
    # The body of POST /api/v1/insights/<kind>, range included: {"from": "-30d", ...}.
    definition = models.JSONField()
    view = models.JSONField(default=dict)  # how its page shows it: {"chart": "bar"}
    folder = models.ForeignKey(
        "accounts.Folder", null=True, on_delete=models.PROTECT, related_name="insights"
    )
    # With those who see its folder; at the top, with all who explore. Else by grants of its own only.
    is_shared = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # Of the nightly check, which computes it a second time in another way (checking.py).
    checked_at = models.DateTimeField(null=True)
    check_state = models.CharField(max_length=16, blank=True)  # ok, differs, failed; "": unknown
    check_note = models.TextField(blank=True)

    class Meta:
        ordering = ["name", "id"]
        default_permissions = ("change",)
        permissions: ClassVar = [("administer_insights", "See and change every saved insight")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("saved-open", args=[self.pk])

    @property
    def stop_inheriting(self) -> bool:
        """Say in the words of sharing that it is not shared by its place."""
        return not self.is_shared

    @stop_inheriting.setter
    def stop_inheriting(self, stops: bool) -> None:
        self.is_shared = not stops


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def visible_to(self, user: User) -> AnnotationQuerySet:
        """Return all to those who may explore: everybody's charts show the same."""
        return self if user.has_perm(EXPLORE) else self.none()

    def editable_by(self, user: User) -> AnnotationQuerySet:
        return self if user.has_perm(ANNOTATE) else self.none()

    def touching(self, window: TimeRange) -> AnnotationQuerySet:
        lasting = Q(until__isnull=True, at__gte=window.start) | Q(until__gte=window.start)
        return self.filter(lasting, at__lt=window.end)

    def about(self, events: Collection[str]) -> AnnotationQuerySet:
        """Return those that charts of these events show: those for all, and their own."""
        return self.filter(event__in=["", *events])


class Annotation(models.Model):
    """What happened at a time, or during one: a line on charts over time."""

    text = models.CharField(max_length=200)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    event = models.CharField(max_length=200, blank=True)  # on charts of it only; "": on all
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects: ClassVar[Any] = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        default_permissions = ("change",)
        indexes = [models.Index(fields=["at"], name="annotation_at")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=models.F("at")),
                name="annotation_ends_later",
            )
        ]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return reverse("annotation", args=[self.pk])


class DeployQuerySet(models.QuerySet["Deploy"]):
    def visible_to(self, user: User) -> DeployQuerySet:
        """Return all to those who may explore: everybody's charts show the same."""
        return self if user.has_perm(EXPLORE) else self.none()

    def editable_by(self, user: User) -> DeployQuerySet:
        return self if user.has_perm(ANNOTATE) else self.none()

    def during(self, window: TimeRange) -> DeployQuerySet:
        return self.filter(at__gte=window.start, at__lt=window.end)


class Deploy(models.Model):
    """A version that went live somewhere: told by what deployed it."""

    service = models.CharField(max_length=100)
    version = models.CharField(max_length=100, blank=True)
    deployment_id = models.CharField(max_length=100, blank=True)  # of whoever deploys; said once
    environment = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    objects: ClassVar[Any] = DeployQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="deploy_at")]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "deployment_id"],
                condition=~Q(deployment_id=""),
                name="deploy_told_once",
            )
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.service, self.version or self.deployment_id) if part)


class DataSet(models.Model):
    """Events that may be read together: those of some sources that pass all filters. Who has it
    shared with them reads them; without any condition it is all events.
    """

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    sources = models.JSONField(default=list)  # ids of ingest.Source; empty: of all
    filters = models.JSONField(default=list)  # as in `where` of an insight; all of them hold
    is_built_in = models.BooleanField(default=False)  # “All data”: cannot be changed or deleted
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the portal itself
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-is_built_in", "name"]
        default_permissions = ("view",)
        permissions: ClassVar = [("administer_data_sets", "Make data sets, change and share them")]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="data_set_name_once"),
            models.UniqueConstraint(
                fields=["is_built_in"], condition=Q(is_built_in=True), name="data_set_of_all_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("data-set", args=[self.pk])

    @property
    def is_whole(self) -> bool:
        return not self.sources and not self.filters
