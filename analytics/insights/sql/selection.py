"""Which events a question is about: name, time, filters, sample. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.insights.definitions.filters import Filter
from analytics.insights.sql.conditions import condition
from analytics.insights.sql.params import Params
from analytics.insights.sql.spans import during
from portal.store.query import TimeRange

SAMPLE_SIZE = 1_000_000


@dataclass(frozen=True)
class Selection:
    """Events of one name (None: all) in a window that pass all filters, or a sample of them."""

    event: str | None
    window: TimeRange
    where: tuple[Filter, ...] = ()
    sampling: float = 1.0


def where(selection: Selection, params: Params, person: str, *more: str) -> str:
    """Return the conditions of a selection, joined by AND.

    The name and the day lead into the primary key; the time itself is read only where the window
    cuts a day.
    """
    conditions = [
        *_named(selection.event, params),
        *during(selection.window, params),
        *(condition(found, params, person) for found in selection.where),
        *_sampled(selection.sampling, params, person),
        *more,
    ]
    return "\n    AND ".join(conditions)


def _named(event: str | None, params: Params) -> Iterable[str]:
    return () if event is None else (f"name = {params.text(event)}",)


def _sampled(share: float, params: Params, person: str) -> Iterable[str]:
    """Keep a share of the persons with all their events, and of the events of nobody."""
    if share >= 1:
        return ()
    unit = f"intHash64(if({person} = 0, cityHash64(id), {person}))"
    return (f"{unit} % {SAMPLE_SIZE} < {params.integer(round(share * SAMPLE_SIZE))}",)
