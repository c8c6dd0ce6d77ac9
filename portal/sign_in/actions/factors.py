"""Second factors: changes by their owner, and by who takes them away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change


@contextmanager
def noted_factors(user: User) -> Iterator[None]:
    """Write down, in the same transaction, what allauth changes meanwhile about somebody's second
    factors: how many of each kind there were and are. Recovery codes that were made anew count.
    """
    with transaction.atomic():
        before, codes = kinds_of(user), recovery_row(user)
        yield
        after = kinds_of(user)
        if after != before or recovery_row(user) != codes:
            trail.record(user, "second_factor.change", user, Change(before, after))


@transaction.atomic
def reset_second_factor(actor: User | None, user: User) -> int:
    """Take all second factors and recovery codes of somebody away; returns how many."""
    before = kinds_of(user)
    Authenticator.objects.filter(user=user).delete()
    trail.record(actor, "second_factor.reset", user, Change(before=before))
    return sum(before.values())


def kinds_of(user: User) -> dict[str, int]:
    rows = Authenticator.objects.filter(user=user).order_by("type")
    return dict(Counter(rows.values_list("type", flat=True)))


def recovery_row(user: User) -> int | None:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
    found: int | None = rows.values_list("pk", flat=True).first()
    return found
