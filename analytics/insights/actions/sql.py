"""Running SQL leaves a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from analytics.insights.models import SqlStatement
from portal.accounts.models import User
from portal.audit import trail
from portal.audit.trail import Change
from portal.lib import clock
from portal.lib.field_error import FieldError

MAX_AUDITED = 100_000
LONGEST_NAME = 200  # of a parameter
REMEMBERED = 50  # statements of one person
TEXT_OR_COMMENT = re.compile(
    r"'(?P<text>(?:[^'\\]|\\.|'')*)'"
    r"|\$(?P<tag>\w*)\$(?P<heredoc>.*?)\$(?P=tag)\$"
    r"|(?P<comment>--[^\n]*|/\*.*?\*/)",
    re.DOTALL,
)


@transaction.atomic
def record_sql_run(actor: User, query: str, parameters: object) -> None:
    """Note before it runs that somebody runs SQL; to its owner it is offered again.

    In the trail texts in the statement are replaced by references, and values of parameters are
    left out: they are where ids of persons stand.
    """
    trail.record(actor, "sql.run", None, Change(after=audited(query, parameters)))
    told = storable(query[:MAX_AUDITED])
    SqlStatement.objects.filter(owner=actor, query=told).delete()
    SqlStatement.objects.create(owner=actor, query=told, run_at=clock.now())
    kept = SqlStatement.objects.filter(owner=actor).values_list("pk", flat=True)[:REMEMBERED]
    SqlStatement.objects.filter(owner=actor).exclude(pk__in=list(kept)).delete()


def recent_statements(owner: User, most: int) -> list[SqlStatement]:
    """Return what somebody ran last, each statement once."""
    return list(SqlStatement.objects.filter(owner=owner)[:most])


@transaction.atomic
def record_sql_refused(actor: User, query: str, reason: str) -> None:
    """Note that SQL was refused, and why."""
    for found in TEXT_OR_COMMENT.finditer(query):
        if not found["comment"]:
            reason = reason.replace(found[0], replacement(found))
    after = {**audited(query, {}), "reason": without_texts(reason)}
    trail.record(actor, "sql.refuse", None, Change(after=after))


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
    shown = without_texts(query[:MAX_AUDITED])
    return {"query": shown, "parameters": [storable(name[:LONGEST_NAME]) for name in names[:100]]}


def without_texts(query: str) -> str:
    """Replace texts in SQL by keyed references, and leave comments out: both may name persons."""
    return TEXT_OR_COMMENT.sub(replacement, storable(query))


def storable(text: str) -> str:
    """Write a text without the null character, which PostgreSQL does not take."""
    return text.replace("\0", "�")


def replacement(found: re.Match[str]) -> str:
    if found["comment"]:
        return " "
    return f"'{trail.reference(found['text'] if found['heredoc'] is None else found['heredoc'])}'"
