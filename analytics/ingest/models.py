"""Who may send events, what could not be taken, and which ids are one person."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from analytics.ingest.scrub import Rule
from portal.lib.secrets import SecretField

ERASE_PERSONS = "ingest.erase_persons"
CHANGE_PRIVACY = "ingest.change_privacy"
CHANGE_PERSONS = "ingest.change_persons"


class Source(models.Model):
    """An app or service that sends events. Its id stands in every event row."""

    name = models.CharField(max_length=120, unique=True)
    service = models.CharField(max_length=200, blank=True)  # for events that name none
    environment = models.CharField(max_length=200, blank=True)
    is_sample = models.BooleanField(default=False)  # made by the demo, removable with it
    events_per_minute = models.PositiveIntegerField(null=True, blank=True)  # no quota: null
    samples_per_minute = models.PositiveIntegerField(null=True, blank=True)  # no quota: null
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
        return f"event {self.pk}: {self.field}"  # the message may quote what was sent


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
        # Not a merge but the making of a split: queries see one person until all is rewritten.
        PARTING = "parting"

    loser = models.BigIntegerField(db_index=True)
    winner = models.BigIntegerField()
    target = models.BigIntegerField()  # the winner, or who that became before this was done
    reason = models.CharField(max_length=40)  # user_identified, alias, admin, split
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


class Apart(models.Model):
    """Two persons of whom an admin said that they are two: no event joins them again."""

    one = models.BigIntegerField(db_index=True)
    other = models.BigIntegerField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.one} | {self.other}"


class Away(models.Model):
    """A person of whom some events lie on another shard of the cluster: see homing.py."""

    class Stage(models.TextChoices):
        WAITING = "waiting"
        ANNOUNCED = "announced"
        MOVED = "moved"

    person = models.BigIntegerField(unique=True)
    since = models.DateTimeField()  # in this stage
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.WAITING)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.person)


class PersonChange(models.Model):
    """A merge or a split that an admin asked for. The writer carries it out, one after another."""

    class Kind(models.TextChoices):
        MERGE = "merge"
        SPLIT = "split"

    class State(models.TextChoices):
        QUEUED = "queued"
        APPLYING = "applying"  # the engine is being prepared; every answer is as before
        FINISHING = "finishing"  # the identity map has it, and in a moment every answer
        DONE = "done"
        REFUSED = "refused"  # by then it could not be done any more; `refusal` says why

    kind = models.CharField(max_length=8, choices=Kind)
    # Ids as [is_user, value]: one of the person that stays, and all that move.
    kept = models.JSONField()
    moved = models.JSONField()
    # The number of the person that the moved ids were (merge) or become (split).
    person = models.BigIntegerField()
    was_apart = models.BooleanField(default=False)  # a merge ended that; undone, it is so again
    reason = models.CharField(max_length=500)
    effect = models.JSONField(default=dict)  # the numbers that were shown before it was confirmed
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    began_at = models.DateTimeField(null=True)
    rewritten_at = models.DateTimeField(null=True)  # when the engine was told to rewrite
    done_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions: ClassVar = [("change_persons", "Can merge and split persons")]
        indexes = [
            models.Index(
                fields=["id"],
                name="person_change_waiting",
                condition=~models.Q(state__in=("done", "refused")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["undoes"],
                name="person_change_undone_once",
                condition=~models.Q(state="refused"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.state not in (self.State.DONE, self.State.REFUSED)


class PrivacySettings(models.Model):
    """What the company decided about personal data, and two keys. There is one row."""

    class AfterErasure(models.TextChoices):
        REFUSE = "refuse", "refuse their new events"
        NEW = "new", "take their new events as a new person's"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    after_erasure = models.CharField(
        max_length=8, choices=AfterErasure, default=AfterErasure.REFUSE
    )
    export_days = models.PositiveSmallIntegerField(default=7)  # then an export's file is deleted
    backup_days = models.PositiveSmallIntegerField(null=True)  # how long backups are kept
    erased_key = SecretField()  # of the hashes of erased ids
    signing_key = SecretField()  # Ed25519, of certificates
    scrub_key = SecretField(default="")  # of the hashes that scrubbing rules leave

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return "privacy settings"


class ScrubRule(models.Model):
    """Personal data that is taken out of events before anything is written (scrub.py)."""

    class Action(models.TextChoices):
        DROP = "drop", "leave the property out"
        MASK = "mask", "write [what it was] instead"
        HASH = "hash", "write a keyed hash instead"

    source = models.ForeignKey(
        Source, null=True, on_delete=models.CASCADE, related_name="scrub_rules"
    )  # null: every source
    kind = models.CharField(max_length=16)  # a key of scrub.KINDS
    pattern = models.CharField(max_length=500, blank=True)  # own pattern, or names of properties
    action = models.CharField(max_length=8, choices=Action)
    is_on = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        permissions: ClassVar = [
            ("change_privacy", "Can decide what is scrubbed and how long it stays")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def rule(self) -> Rule:
        return Rule(self.pk or 0, self.kind, self.action, self.pattern)


class RetentionRule(models.Model):
    """How long something is kept; what is older is deleted once a day."""

    class DataSet(models.TextChoices):
        EVENTS = "events", "events"
        QUARANTINE = "quarantine", "rejected events"
        SAMPLES = "samples", "metrics, every sample"
        SAMPLES_5M = "samples_5m", "metrics by 5 minutes"
        SAMPLES_1H = "samples_1h", "metrics by hour"

    data_set = models.CharField(max_length=12, choices=DataSet)
    source = models.ForeignKey(
        Source, null=True, on_delete=models.CASCADE, related_name="retention_rules"
    )  # null: every source that has no rule of its own
    days = models.PositiveIntegerField()
    is_on = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    ran_at = models.DateTimeField(null=True)
    deleting_at = models.DateTimeField(null=True)  # while the engine is at it
    size_before = models.BigIntegerField(default=0)  # bytes of the table when it began
    deleted_rows = models.BigIntegerField(default=0)  # in all
    freed_bytes = models.BigIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["data_set", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["data_set", "source"], name="retention_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.data_set} {self.days} days"


class PersonRequest(models.Model):
    """Somebody's data are to be handed out or erased. Each state is one step done; any may be
    repeated.
    """

    class Kind(models.TextChoices):
        EXPORT = "export", "Export"
        ERASE = "erase", "Erasure"

    class State(models.TextChoices):
        QUEUED = "queued"
        DRAINING = "draining"  # erase: the writer writes what was accepted before
        ERASING = "erasing"  # erase: the engine rewrites its parts
        SWEEPING = "sweeping"  # erase: the worker goes through all other stores
        DONE = "done"
        EXPIRED = "expired"  # export: its file was deleted
        FAILED = "failed"  # export: tried often enough; `trouble` says why

    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    subject = SecretField(blank=True)  # whom it is about; forgotten when an erasure is done
    references = models.JSONField(default=list)  # keyed, as in the audit trail
    after_erasure = models.CharField(max_length=8, choices=PrivacySettings.AfterErasure, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: a command
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=500, blank=True)  # why the last attempt failed
    cut = models.BigIntegerField(null=True)  # the last batch in the spool when its turn came
    deleting_at = models.DateTimeField(null=True)  # when the engine was told to delete
    counts = models.JSONField(default=dict)  # by holder: {"before": n, "after": n}
    certificate = models.JSONField(null=True)
    file = models.CharField(max_length=200, blank=True)  # of an export, below `exports/`
    size_bytes = models.PositiveBigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        permissions: ClassVar = [("erase_persons", "Can export and erase persons")]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="person_request_due",
                condition=~models.Q(state__in=("done", "expired", "failed")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.EXPIRED, self.State.FAILED)


class ErasedId(models.Model):
    """An id whose events are refused. Only its keyed hash is known."""

    digest = models.CharField(max_length=32, unique=True)
    request = models.ForeignKey(PersonRequest, on_delete=models.PROTECT, related_name="erased")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest


class PushedGroup(models.Model):
    """The metrics that a job pushed last under these labels; sampled anew until it is replaced."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="pushed_groups")
    key = models.CharField(max_length=64)  # a hash of the group's labels
    # As JSON: [name, [[label, value]], bits of the value]. Binary, for labels may hold a NUL.
    samples = models.BinaryField()
    pushed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="pushed_group_once"),
        ]

    def __str__(self) -> str:
        return f"group {self.pk} of {self.source_id}"
