"""Sentences for "how is this counted?" of sessions, made from the definition that ran. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.insights.counted import joined, moment, name_of
from analytics.insights.definitions.sessions import Sessions
from portal.store.query import TimeRange


def sentences(asked: Sessions, window: TimeRange) -> list[str]:
    """Explain the numbers, one sentence each."""
    start, end = (at.astimezone(window.tzinfo) for at in (window.start, window.end))
    interval = asked.interval
    return [
        "A session is a person's events with the same session id; without one it ends where the"
        f" person pauses for more than {asked.session_gap_minutes} minutes.",
        *_chosen(asked),
        f"It belongs to the {interval} of its first event, and lasts from its first event to its last:"
        " one of a single event is a bounce and lasts 0 s, which averages and medians include.",
        "Entry and exit are the first and the last event of a session.",
        f"From {moment(start)} up to, not including, {moment(end)}, cut by {interval} in {window.zone};"
        " what came before or after is not looked at. A point is complete when its"
        f" {interval} is over and no session of it can still go on.",
        *_shape(asked),
    ]


def _chosen(asked: Sessions) -> Iterator[str]:
    if asked.is_all:
        return
    name = "any event" if asked.event is None else f"“{asked.event}”"
    where = f" where {joined(asked.where)}" if asked.where else ""
    yield f"Only sessions with {name}{where}, counted with all their events."


def _shape(asked: Sessions) -> Iterator[str]:
    if asked.breakdown:
        yield (
            f"Broken down by {name_of(asked.breakdown.property)}: the first value set among a session's"
            f" events. The {asked.breakdown.limit} values with the most sessions are shown; the rest"
            " together is $other, not set is $none."
        )
    if asked.sampling < 1:
        yield f"Counted over a sample of {asked.sampling:.4g} of all persons."
