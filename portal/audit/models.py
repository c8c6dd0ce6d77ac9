"""The trail of everything that staff change. PostgreSQL itself refuses to edit or remove a row.

`Seal` and `Head` are what shows it when somebody switches that refusal off (portal.audit.chain).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast


class CurrentTransaction(models.Func):
    """The transaction in whose commit a row becomes visible."""

    function = "pg_current_xact_id"
    output_field = models.TextField()


def current_transaction() -> Cast:
    return Cast(Cast(CurrentTransaction(), models.TextField()), models.BigIntegerField())


class AuditEntry(models.Model):
    """Who did what to which object, with what it was before and after."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    # The entry outlives its actor: rows here cannot be changed, so nothing may cascade into them.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_label = models.CharField(max_length=200)  # "system", or a token's name beside its owner
    action = models.CharField(max_length=80, db_index=True)  # dashboard.update
    object_type = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=120, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)
    # Given by the database: the sealer finds by it what was committed late.
    transaction_id = models.BigIntegerField(db_default=current_transaction(), editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_type", "object_id"]),
            models.Index(fields=["transaction_id"], name="audit_entry_transaction"),
            models.Index(fields=["actor", "-id"], name="audit_entry_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action} {self.object_label}"


class Seal(models.Model):
    """An entry's place in the chain: positions count from 1 without a gap, in the order of sealing."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)  # no foreign key: a deleted entry is a finding
    digest = models.CharField(max_length=64, db_index=True)  # of the entry's content
    hash = models.CharField(max_length=64)  # of the previous hash, the position, entry and digest
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.position}: entry {self.entry_id}"


class Head(models.Model):
    """A signed statement that the chain had this hash at this position; kept outside too."""

    position = models.BigIntegerField(primary_key=True)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["position"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.position} by {self.key_id}"


class ChainState(models.Model):
    """One row: how far the sealer, the poster and the last verification came."""

    seen_before = models.BigIntegerField(default=0)  # every transaction before it is sealed
    posted_position = models.BigIntegerField(default=0)
    posting_problem = models.CharField(max_length=300, blank=True)
    verified_at = models.DateTimeField(null=True)
    verified_position = models.BigIntegerField(default=0)
    finding = models.TextField(blank=True)  # of that verification; empty: sound

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"verified up to {self.verified_position}"
