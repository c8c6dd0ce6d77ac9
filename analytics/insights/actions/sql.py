"""Running SQL leaves a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib.field_error import FieldError

MAX_AUDITED = 100_000


@transaction.atomic
def record_sql_run(actor: User, query: str, parameters: object) -> None:
    """Note before it runs that somebody runs SQL.

    Values of parameters are left out: they are where ids of persons belong.
    """
    trail.record(actor, "sql.run", None, Change(after=audited(query, parameters)))


@transaction.atomic
def record_sql_refused(actor: User, query: str, reason: str) -> None:
    """Note that SQL was refused, and why."""
    trail.record(actor, "sql.refuse", None, Change(after={**audited(query, {}), "reason": reason}))


@contextmanager
def audited_sql(actor: User, query: str, parameters: object) -> Iterator[None]:
    """Note around its run that somebody runs SQL, and when it is refused, why."""
    record_sql_run(actor, query, parameters)
    try:
        yield
    except FieldError as problem:
        record_sql_refused(actor, query, problem.message)
        raise


def audited(query: str, parameters: object) -> dict[str, Any]:
    names = sorted(map(str, parameters)) if isinstance(parameters, Mapping) else []
    return {"query": query[:MAX_AUDITED].replace("\0", "�"), "parameters": names[:100]}
