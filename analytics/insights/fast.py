"""Fast forms: shorter ways to the same answer, each of which can be switched off.

- `columns`: properties that are asked for get a column of their own (analytics.insights.property_columns)
- `rollups`: counts by hour and standard property, which the engine keeps (projections of `events`)
- `rows`: rows of closed days, kept as arrays beside the engine (analytics.insights.kept)

Each answers exactly what the raw form answers; tests ask everything in every form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

from django.conf import settings

from portal.store import nodes

Form = Literal["columns", "rollups", "rows"]
FORMS: tuple[Form, ...] = get_args(Form)
_chosen: ContextVar[frozenset[str] | None] = ContextVar("fast_forms", default=None)


def is_on(form: Form) -> bool:
    """Tell whether a form may be used: as PORTAL_FAST_FORMS says, or as `only` does here."""
    if form == "rows" and nodes.cluster() is not None:
        return False  # rows of many machines are not kept on one
    chosen = _chosen.get()
    return form in (settings.FAST_FORMS if chosen is None else chosen)


def is_forced(form: Form) -> bool:
    """Tell whether `only` asks for a form here: then it is taken whether it pays or not."""
    return form in (_chosen.get() or ())


@contextmanager
def only(*forms: Form) -> Iterator[None]:
    """Use these forms alone, in this context; without any, everything is computed raw."""
    before = _chosen.set(frozenset(forms))
    try:
        yield
    finally:
        _chosen.reset(before)
