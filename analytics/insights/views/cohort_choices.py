"""Cohorts in the builders: as a filter, and as what a breakdown tells people apart by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from analytics.insights.models import Cohort
from portal.accounts.access import visible
from portal.accounts.models import User

PREFIX = "Cohort: "  # before a name in the picker of breakdowns
Json = dict[str, Any]


class Divided(Protocol):
    """The state of a builder that has a breakdown."""

    @property
    def breakdown(self) -> str: ...

    @property
    def of(self) -> str: ...


F = TypeVar("F", bound=Divided)


def choices(user: User, form: object) -> Json:
    """Return what the filter form and the breakdown's picker need of cohorts."""
    rows = visible(user, Cohort).values_list("pk", "name", "listed")
    found = {pk: (name, kind_of(listed)) for pk, name, listed in rows}
    context: Json = {
        "cohort_options": [(pk, name) for pk, (name, _) in found.items()],
        "breakdown_cohorts": [
            {"value": f"{PREFIX}{name}", "note": kind} for name, kind in found.values()
        ],
    }
    if getattr(form, "of", "") == "cohort":
        number = str(getattr(form, "breakdown", ""))
        name = found.get(int(number), ("",))[0] if number.isdecimal() else ""
        context["breakdown_label"] = f"cohort {name}" if name else "a cohort that is gone"
        context["breakdown_value"] = f"{PREFIX}{name}" if name else ""
    return context


def kind_of(listed: int | None) -> str:
    return "in it or not, by rules" if listed is None else "in it or not, a list"


def with_cohort(user: User, form: F) -> F:
    """Let a breakdown that names a cohort in words name it by its id."""
    if not form.breakdown.startswith(PREFIX):
        return form
    named = visible(user, Cohort).filter(name__iexact=form.breakdown.removeprefix(PREFIX))
    number = named.values_list("pk", flat=True).first()
    # mypy: a Protocol cannot say that it is a dataclass.
    changed: F = replace(form, breakdown=str(number), of="cohort") if number else form  # type: ignore[type-var]
    return changed
