"""Whose an id is that somebody asks about, also when nothing of it was ever accepted."""

from __future__ import annotations

from analytics.ingest.identities import Id
from analytics.ingest.models import Identity
from analytics.ingest.personal.events import Events
from analytics.ingest.subjects import subject_of
from portal.audit.personal import holders

KINDS = ("user", "anonymous")


class UnknownPerson(Exception):
    """Nothing is held of an id."""


def find(value: str, kind: str = "") -> Id:
    """Return the id that is meant; `kind` says which where both exist. Raises UnknownPerson."""
    found = [Id(value, is_user=one == "user") for one in KINDS if kind in ("", one)]
    for one in found:
        is_joined = Identity.objects.filter(number=one.number).exists()
        if is_joined or Events().count(subject_of([one])):
            return one
    for one in found:
        subject = subject_of([one])
        if any(holder.count(subject) for holder in holders if not is_by_the_way(holder.kind)):
            return one
    raise UnknownPerson


def is_by_the_way(kind: str) -> bool:
    """Tell whether a holder's count says nothing about this id alone."""
    return kind in ("audit", "requests", "kept_rows")


def kind_of(one: Id) -> str:
    return KINDS[0] if one.is_user else KINDS[1]
