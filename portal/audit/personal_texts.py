"""Holders whose rows are texts that people wrote, or definitions, in which a person may be named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Model

from portal.audit.personal import Subject, Turn, is_named, redacted

AT_ONCE = 500


@dataclass(frozen=True)
class Texts:
    """Rows of one model, in whose fields the person's names are replaced by `(erased)`.

    A longer text than a field holds cannot come of it: names have at least six characters.
    """

    kind: str
    label: str
    model: type[Model]
    fields: Sequence[str]
    has_version: bool = False  # moves it, so that nobody saves an older text over it
    unique_field: str = ""  # gets the row's number where a name in it was replaced
    turn: Turn = Turn.WORKER
    stays: str = ""

    @property
    def covers(self) -> Sequence[str]:
        return (self.model._meta.label,)

    def _of(self, subject: Subject) -> Iterator[dict[str, Any]]:
        rows = self.model._default_manager.order_by("pk").values("pk", *self.fields)
        for row in rows.iterator(chunk_size=AT_ONCE):
            if any(is_named(row[field], subject) for field in self.fields):
                yield row

    def count(self, subject: Subject) -> int:
        return sum(1 for _ in self._of(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        return self._of(subject)

    @transaction.atomic
    def erase(self, subject: Subject) -> None:
        for pk in [row["pk"] for row in self._of(subject)]:
            held = self.model._default_manager.select_for_update().filter(pk=pk)
            row = held.values(*self.fields).first()
            if row is None:
                continue
            changed = {name: redacted(value, subject) for name, value in row.items()}
            if (unique := self.unique_field) and changed[unique] != row[unique]:
                changed[unique] = f"{changed[unique][:90]} {pk}"
            held.update(**changed, **({"version": F("version") + 1} if self.has_version else {}))
