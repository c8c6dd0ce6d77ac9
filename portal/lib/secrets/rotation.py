"""Encrypt every secret in the database anew with the current key.

All `SecretField`s are found by themselves. What holds encrypted texts elsewhere (a library's table)
registers: `holders.add(...)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from django.apps import apps
from django.db import models, transaction

from portal.lib.registry import Registry
from portal.lib.secrets import encryption
from portal.lib.secrets.encryption import Undecryptable
from portal.lib.secrets.fields import Secret, SecretField

AT_ONCE = 500


@dataclass
class Rotation:
    """What was found in one place: secrets encrypted anew, those that were current already, those
    that no known key reads, and the keys still in use afterwards.
    """

    renewed: int = 0
    current: int = 0
    unreadable: int = 0
    key_ids: set[str] = field(default_factory=set)

    def renew(self, encrypted: str, purpose: str) -> str | None:
        """Count one secret; returns it encrypted anew when that is due."""
        try:
            if encryption.is_current(encrypted):
                self.current += 1
                self.key_ids.add(encryption.key_id_of(encrypted))
                return None
            fresh = encryption.encrypt(encryption.decrypt(encrypted, purpose), purpose)
        except Undecryptable:
            self.unreadable += 1
            if encryption.is_encrypted(encrypted):
                self.key_ids.add(encryption.key_id_of(encrypted))
            return None
        self.renewed += 1
        self.key_ids.add(encryption.key_id_of(fresh))
        return fresh


class SecretHolder(Protocol):
    """A place with encrypted texts that are no `SecretField`."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    def rotate(self, rotation: Rotation) -> None:
        """Pass each of its texts through `rotation.renew`, and store what comes back."""
        ...


holders: Registry[SecretHolder] = Registry("holder of secrets")


def rotate_all() -> Iterator[tuple[str, Rotation]]:
    """Renew everything, place by place. May run while the portal runs, and again at any time."""
    for one in secret_fields():
        yield one.purpose, rotated(one)
    for holder in holders:
        rotation = Rotation()
        holder.rotate(rotation)
        yield holder.kind, rotation


def secret_fields() -> list[SecretField]:
    """Return every field that holds secrets."""
    return [
        found
        for model in apps.get_models()
        for found in model._meta.concrete_fields
        if isinstance(found, SecretField)
    ]


def rotated(one: SecretField) -> Rotation:
    """Renew one column, some rows at a time, each of them locked meanwhile."""
    rotation, after = Rotation(), None
    while True:
        with transaction.atomic():
            rows = some_rows(one, after)
            for pk, secret in rows:
                renew_row(one, pk, secret, rotation)
        if len(rows) < AT_ONCE:
            return rotation
        after = rows[-1][0]


def some_rows(one: SecretField, after: object) -> list[tuple[object, Secret]]:
    rows = one.model._default_manager.exclude(**{one.attname: ""})
    rows = rows.filter(**{f"{one.attname}__isnull": False})
    if after is not None:
        rows = rows.filter(pk__gt=after)
    ordered = rows.select_for_update().order_by("pk")[:AT_ONCE]
    return list(ordered.values_list("pk", one.attname))


def renew_row(one: SecretField, pk: object, secret: Secret, rotation: Rotation) -> None:
    fresh = rotation.renew(secret.encrypted, one.purpose)
    if fresh is not None:
        held: models.QuerySet[models.Model] = one.model._default_manager.filter(pk=pk)
        held.update(**{one.attname: Secret(fresh, one.purpose)})
