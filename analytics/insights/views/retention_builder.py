"""The retention page: its builder, with a word beside each field that cannot be right."""

from __future__ import annotations

from analytics.insights.definitions.retention import WEEKDAYS, parse_retention
from analytics.insights.forms.retention import (
    COUNTINGS,
    INTERVALS,
    KINDS,
    RETURN,
    START,
    RetentionForm,
)
from analytics.insights.forms.shared import ANY
from analytics.insights.returns import periods_of
from analytics.insights.views.picking import (
    ANY_EVENT,
    Note,
    event_options,
    note_on_event,
    note_on_property,
    note_on_range,
    property_options,
)
from analytics.insights.views.shared import OP_CHOICES, Json, Seen, chip, chips_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

KIND_WORDS = {
    "recurring": "every time",
    "first_time": "first time (filters hold)",
    "first_ever": "first time ever",
    "first_in_range": "first time in the range",
}
SIDE_WORDS = {START: "They began with", RETURN: "and came back for"}
COUNTING_WORDS = {"exact": "in exactly that period", "on_or_after": "in that period or later"}


def builder(form: RetentionForm, seen: Seen, window: TimeRange | None) -> Json:
    """Return what the builder shows, as of the catalogue."""
    refused = refusal(form, window)
    parts = [
        {"key": START, "label": "the start", "event": form.start.replace(ANY, "")},
        {"key": RETURN, "label": "the return", "event": form.back.replace(ANY, "")},
    ]
    return {
        "form": form,
        "sides": [
            side(form, START, seen, window),
            side(form, RETURN, seen, window),
        ],
        "chips": [chip(form, n) for n, one in enumerate(form.where) if not is_own(one.series)],
        "hidden_where": [one.packed() for one in form.where],
        "event_options": [*event_options(seen, clock.now()), ANY_EVENT],
        "property_options": property_options(seen, form.events),
        "ops": OP_CHOICES.items(),
        "parts": parts,
        "intervals": INTERVALS,
        "week_starts": tuple(WEEKDAYS),
        "kinds": [(name, KIND_WORDS[name]) for name in KINDS],
        "countings": [(name, COUNTING_WORDS[name]) for name in COUNTINGS],
        "breakdown_note": note_on_property(form.breakdown, form.events, seen, of=form.of),
        "interval_note": note_of(refused, "interval") or note_on_range(form.interval, window),
        "periods_note": note_of(refused, "periods"),
        "times_note": note_of(refused, "min_occurrences"),
        "general_note": general_note(refused),
    }


def is_own(part: str) -> bool:
    return part in {START, RETURN}


def side(form: RetentionForm, part: str, seen: Seen, window: TimeRange | None) -> Json:
    """Return the row of the start, or of the return."""
    event = form.start if part == START else form.back
    return {
        "part": part,
        "name": f"{part}_event",
        "words": SIDE_WORDS[part],
        "event": event,
        "id": f"{part}-event",
        "label": f"Event of the {part}",
        "filters_label": f"Filters of the {part}",
        "add_label": f"Add a filter to the {part}",
        "note": note_on_event(event, seen, window) if event != ANY else None,
        "chips": chips_of(form, part),
    }


def refusal(form: RetentionForm, window: TimeRange | None) -> FieldError | None:
    """Return what the definition refuses of a retention that is otherwise ready to be asked."""
    if window is None or not form.is_ready:
        return None
    body = {name: value for name, value in form.body(window).items() if name != "compare"}
    try:
        periods_of(parse_retention(body, window.tzinfo), window, clock.now())
    except FieldError as problem:
        return problem
    return None


OWN_FIELDS = ("interval", "periods", "min_occurrences")


def note_of(refused: FieldError | None, field: str) -> Note | None:
    is_about = refused is not None and refused.field == field
    return Note(refused.message, "critical") if refused and is_about else None


def general_note(refused: FieldError | None) -> Note | None:
    """Return a refusal that has no field of its own on the page."""
    if refused is None or refused.field in OWN_FIELDS:
        return None
    return Note(refused.message, "critical")
