"""Which questions can be kept, and how a kept one is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from django.conf import settings

from analytics.insights.definitions.window import parse_asked
from portal.lib.field_error import FieldError
from portal.lib.row_rights import ALL, RowRights
from portal.store.sources import Question, sources

Json = dict[str, Any]
OTHERWISE = ("from", "to", "time_zone", "refresh")  # what a kept question may be asked differently


@runtime_checkable
class Keepable(Protocol):
    """A source whose questions can be kept."""

    def check(self, question: Question) -> object:
        """Return the definition that is asked. Raises FieldError for one that cannot be."""
        ...


def kinds() -> list[str]:
    """Return the kinds of insight that can be kept."""
    return [source.kind for source in sources if isinstance(source, Keepable)]


def keepable(kind: str) -> Keepable:
    """Return the source of a kind. Raises FieldError."""
    source: object = sources.get(kind) if kind in sources else None
    if not isinstance(source, Keepable):
        raise FieldError("kind", f"This must be one of: {', '.join(kinds())}.")
    return source


def question_of(
    definition: Mapping[str, Any], now: datetime, rights: RowRights, given: Mapping[str, Any]
) -> tuple[Question, bool]:
    """Ask a definition as of now: the question, and whether past the cache.

    `given` may say another range, zone or `refresh`; what is empty there is not said. Raises
    FieldError.
    """
    changes = {name: given[name] for name in OTHERWISE if given.get(name) not in (None, "")}
    asked = parse_asked({**definition, **changes}, now, settings.PORTAL_TIME_ZONE)
    return Question(asked.params, asked.window, now, rights), asked.refresh


def checked(kind: str, definition: Mapping[str, Any], now: datetime) -> object:
    """Return what a definition says. Raises FieldError."""
    question, _ = question_of(definition, now, ALL, {})
    return keepable(kind).check(question)
