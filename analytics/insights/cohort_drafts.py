"""A cohort as somebody wants it to be, before it is saved."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.insights.cohorts import PATH, drafted
from analytics.insights.definitions.cohorts import Listed, Rule
from analytics.insights.definitions.reading import Reader
from analytics.insights.drafts import storable
from analytics.insights.models import Cohort
from portal.lib.field_error import FieldError
from portal.store.client import EngineUnavailable, QueryFailed
from portal.store.sources import Question, ask

Json = dict[str, Any]
MAX_NAME, MAX_DESCRIPTION = 120, 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """What a save would write."""

    name: str
    description: str
    definition: Json  # with the ids of a list
    rule: Rule

    def as_json(self) -> Json:
        return {"name": self.name, "description": self.description, PATH: self.definition}

    def columns(self) -> Json:
        """Return the draft as the columns of a row."""
        is_list = isinstance(self.rule, Listed)
        return {
            "name": self.name,
            "description": self.description,
            "definition": {"kind": "static"} if is_list else self.definition,
            "user_ids": list(self.rule.user_ids) if isinstance(self.rule, Listed) else [],
            "listed": len(self.rule.user_ids) if isinstance(self.rule, Listed) else None,
        }


@dataclass(frozen=True)
class Save:
    """When a cohort is saved, and how many were in it then; None where nobody could count."""

    now: datetime
    size: int | None


def save_of(draft: Draft, now: datetime) -> Save:
    """Count a draft as of its save, over all events, whoever saves it: its history is one for all.

    An engine that is away or refuses does not stop it.

    Raises FieldError for rules that nobody could count.
    """
    try:
        frame = ask("cohort", Question({PATH: draft.definition}, None, now))
    except (EngineUnavailable, QueryFailed) as problem:
        log.warning("A cohort is saved without its size.", extra={"reason": str(problem)})
        return Save(now, None)
    return Save(now, int(frame.extra["size"]))


def parse_draft(body: Any, current: Cohort | None = None) -> Draft:
    """Read `name`, `description` and `definition`; what is left out stays as it is.

    `version` is left to the caller. Raises FieldError.
    """
    reader = Reader(body)
    reader.take("version")
    kept = kept_of(current)
    given = Reader({name: reader.take(name) for name in kept if name in reader.values})
    reader.finish()
    whole = Reader(kept | dict(given.values))
    name = short(whole.take("name"), "name", MAX_NAME).strip()
    if not name:
        raise FieldError("name", "Give the cohort a name, such as “Weekly buyers”.")
    description = short(whole.take("description"), "description", MAX_DESCRIPTION).strip()
    definition = whole.take(PATH)
    if definition is None:
        raise FieldError(PATH, "Say who is in the cohort: rules, or a list of user ids.")
    return Draft(name, description, definition, checked(definition))


def kept_of(current: Cohort | None) -> Json:
    if current is None:
        return {"name": "", "description": "", PATH: None}
    return {
        "name": current.name,
        "description": current.description,
        PATH: current.whole_definition,
    }


def short(value: Any, field: str, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(field, "This must be a string.")
    if len(value) > most:
        raise FieldError(field, f"This has {most} characters at most.")
    storable(value, field)
    return value


def checked(definition: Any) -> Rule:
    """Read a definition that is to be kept. Raises FieldError."""
    rule = drafted(definition)
    storable(definition, PATH)
    return rule
