"""Look up the cohorts that a definition names: one call of `resolved` in every source.

    trend = resolved(parse_trend(question.params, zone), question.as_of)

Definitions and SQL are pure and know a cohort by its id only. Here its rules come out of PostgreSQL,
and so do those of the cohorts inside it; user ids of a list become persons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from analytics.ingest.identities import Id
from analytics.ingest.models import Identity
from analytics.insights.definitions.cohorts import (
    Listed,
    Rule,
    mentioned,
    parse_rule,
    walked,
)
from analytics.insights.definitions.filters import InCohort, Known
from analytics.insights.models import Cohort
from analytics.insights.property_columns import with_columns
from portal.lib.field_error import FieldError

T = TypeVar("T")
PATH = "definition"  # where a cohort's rules stand in what is sent and saved
DRAFT = 0  # stands for the id of a cohort that has none yet
MAX_NESTED = 5  # cohorts inside cohorts
MAX_PARTS = 500  # rules and filters, with all that is nested written out
UNKNOWN = "There is no cohort with this id; GET /api/v1/cohorts lists them."


@dataclass(frozen=True)
class Found:
    """A cohort as its row says; inside its rule, cohorts are known by id only."""

    name: str
    rule: Rule


def resolved(definition: T, as_of: datetime) -> T:
    """Return a definition that knows its cohorts and its properties' columns.

    Who is in a cohort is decided as of a moment.

    Raises FieldError, naming the field, for a cohort that does not exist.
    """
    named = mentioned(definition)
    whole = filled(definition, load(named), as_of) if named else definition
    return with_columns(whole, as_of)


def filled(
    definition: T, found: Mapping[int, Found], as_of: datetime, within: tuple[int, ...] = ()
) -> T:
    """Write cohorts into a definition, which may itself be that of a cohort.

    Raises FieldError for what is unknown or too large.
    """
    parts = 0

    def known(one: InCohort, way: tuple[int, ...]) -> InCohort:
        cohort = found.get(one.cohort)
        if cohort is None:
            raise FieldError(one.path, UNKNOWN)
        check_way((*way, one.cohort), one.path, {id: each.name for id, each in found.items()})
        rule = inside(cohort.rule, (*way, one.cohort), one.path)
        return replace(one, known=Known(cohort.name, rule, as_of))

    def inside(value: Any, way: tuple[int, ...], path: str) -> Any:
        def change(part: Any) -> Any:
            nonlocal parts
            parts += bool(way)
            if parts > MAX_PARTS:
                raise FieldError(path, f"Written out, these cohorts have over {MAX_PARTS} parts.")
            return (
                known(replace(part, path=path or part.path), way)
                if isinstance(part, InCohort)
                else part
            )

        return walked(value, change)

    whole: T = inside(definition, within, "")
    return whole


def check_way(way: tuple[int, ...], path: str, names: Mapping[int, str]) -> None:
    """Raise FieldError when a cohort comes to stand inside itself, or too deep."""
    words = " → ".join(f"“{names.get(id, id)}”" for id in way)
    if way[-1] in way[:-1]:
        raise FieldError(path, f"These cohorts contain each other: {words}.")
    if len(way) > MAX_NESTED:
        raise FieldError(path, f"Cohorts are nested {MAX_NESTED} deep at most: {words}.")


def load(named: Iterable[InCohort]) -> dict[int, Found]:
    """Read the named cohorts and all inside them; unknown ids are left out."""
    found: dict[int, Found] = {}
    missing = {one.cohort for one in named}
    while missing:
        rows = Cohort.objects.filter(pk__in=missing)
        fresh = {row.pk: found_in(row) for row in rows}
        found |= fresh
        inner = {one.cohort for each in fresh.values() for one in mentioned(each.rule)}
        missing = inner - found.keys()
        if not fresh:
            break
    return found


def found_in(row: Cohort) -> Found:
    rule = parse_rule(row.whole_definition, PATH, zone())
    return Found(row.name, with_persons(rule))


def drafted(body: Any) -> Rule:
    """Read a definition that is not saved. Raises FieldError."""
    return parse_rule(body, PATH, zone())


def known_draft(name: str, rule: Rule, as_of: datetime) -> InCohort:
    """Return a cohort that is not saved as one to be asked about. Raises FieldError."""
    found = load(mentioned(rule))
    found[DRAFT] = Found(name, rule)
    whole = filled(with_persons(rule), found, as_of, within=(DRAFT,))
    return InCohort(DRAFT, path=PATH, known=Known(name, whole, as_of))


def known_saved(row: Cohort, as_of: datetime) -> InCohort:
    """Return a saved cohort as one to be asked about."""
    return known_draft(row.name, found_in(row).rule, as_of)


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return what cohorts are called; those that are gone are left out."""
    return dict(Cohort.objects.filter(pk__in=list(ids)).values_list("pk", "name"))


def zone() -> ZoneInfo:
    """Return the zone of dates in definitions: the portal's."""
    return ZoneInfo(settings.PORTAL_TIME_ZONE)


def with_persons(rule: Rule) -> Rule:
    """Look the user ids of a list up."""
    if not isinstance(rule, Listed):
        return rule
    return replace(rule, persons=tuple(sorted(persons_of(rule.user_ids))))


def persons_of(user_ids: Collection[str]) -> set[int]:
    """Return whose the user ids are: an id that nothing joined is its own person."""
    numbers = [Id(value, is_user=True).number for value in user_ids]
    # One array is one parameter: of 100,000 single ones Django and psycopg made 7 s of work.
    query = f"SELECT number, person FROM {Identity._meta.db_table} WHERE number = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(query, [numbers])
        joined: dict[int, int] = dict(cursor.fetchall())
    return {joined.get(number, number) for number in numbers}
