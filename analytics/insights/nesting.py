"""Which cohort is inside which: who uses one, and what may not be saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from analytics.insights.cohorts import PATH, Found, filled, zone
from analytics.insights.definitions.cohorts import Listed, Rule, mentioned, parse_rule
from analytics.insights.definitions.filters import InCohort
from analytics.insights.models import Cohort

ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # nobody is asked who is inside


def outlined() -> dict[int, Found]:
    """Read the rules of every cohort, lists without their ids."""
    rows = Cohort.objects.defer("user_ids")
    return {row.pk: Found(row.name, outline_of(row)) for row in rows}


def outline_of(row: Cohort) -> Rule:
    return Listed(()) if row.listed is not None else parse_rule(row.definition, PATH, zone())


def users(found: Mapping[int, Found]) -> dict[int, list[int]]:
    """Return for each cohort that others name themselves which these are."""
    used: dict[int, list[int]] = defaultdict(list)
    for user, each in found.items():
        for cohort in dict.fromkeys(one.cohort for one in mentioned(each.rule)):
            used[cohort].append(user)
    return used


def names_cohort(value: Any, cohort: int) -> bool:
    """Tell whether a definition as JSON names a cohort, at any depth."""
    if isinstance(value, Mapping):
        return value.get("cohort") == cohort or names_cohort(list(value.values()), cohort)
    return isinstance(value, list) and any(names_cohort(one, cohort) for one in value)


def check(cohort: int, found: Mapping[int, Found]) -> None:
    """Raise FieldError when a cohort, or one that it is in, is nested in a circle or too deep."""
    filled(found[cohort].rule, found, ANY_TIME, within=(cohort,))
    used, waiting, seen = users(found), [cohort], {cohort}
    while waiting:
        for user in set(used.get(waiting.pop(), ())) - seen:
            seen.add(user)
            waiting.append(user)
            filled(InCohort(user, path=PATH), found, ANY_TIME)
