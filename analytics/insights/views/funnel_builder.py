"""The funnels page: its builder, with a word beside each field that cannot be right."""

from __future__ import annotations

from analytics.insights.definitions.funnel import UNITS, parse_funnel
from analytics.insights.forms.funnel import (
    MOST_EXCLUSIONS,
    MOST_STEPS,
    ORDERS,
    ExclusionRow,
    FunnelForm,
    StepRow,
)
from analytics.insights.forms.shared import ANY
from analytics.insights.views.picking import (
    ANY_EVENT,
    Note,
    event_options,
    note_on_event,
    note_on_property,
    property_options,
)
from analytics.insights.views.shared import OP_CHOICES, Json, Seen, chip, chips_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.query import TimeRange

ORDER_WORDS = {
    "ordered": "in this order",
    "strict": "directly after one another",
    "any": "in any order",
}
TOUCH_WORDS = {
    "first_touch": "first value",
    "last_touch": "last value",
    "step": "value at step",
    "any": "every value",
}


def builder(form: FunnelForm, seen: Seen, window: TimeRange | None) -> Json:
    """Return what the builder shows, as of the catalogue."""
    names = named_steps(form)
    refused = refusal(form, window)
    keys = [one["key"] for one in parts(form)]
    return {
        "form": form,
        "steps_of_form": [step_row(form, place, seen, window) for place in numbers(form.rows)],
        "exclusions": [exclusion_row(form, n, seen, window) for n in numbers(form.exclusions)],
        "chips": [chip(form, n) for n, one in enumerate(form.where) if one.series not in keys],
        "hidden_where": [one.packed() for one in form.where],
        "event_options": [*event_options(seen, clock.now()), ANY_EVENT],
        "property_options": property_options(seen, names),
        "ops": OP_CHOICES.items(),
        "parts": parts(form),
        "orders": [(name, ORDER_WORDS[name], name == form.order) for name in ORDERS],
        "touches": [(name, words, name == form.touch) for name, words in TOUCH_WORDS.items()],
        "breakdown_note": note_on_property(form.breakdown, names, seen, of=form.of),
        "window_note": window_note(form, window, refused),
        "general_note": general_note(refused),
        "add_step": form.address(rows=(*form.rows, StepRow())) if can_add(form) else "",
        "add_exclusion": add_exclusion(form),
        "next_step": f"step-{len(form.rows) + 1}",
    }


def numbers(of: tuple[object, ...]) -> range:
    return range(1, len(of) + 1)


def named_steps(form: FunnelForm) -> list[str]:
    """Return the events of the steps that a picker of properties is about."""
    return [row.event for row in form.rows if row.event not in {"", ANY}]


def named_rows(form: FunnelForm) -> list[str]:
    return list(dict.fromkeys(named_steps(form)))


def can_add(form: FunnelForm) -> bool:
    return len(form.rows) < MOST_STEPS


def add_exclusion(form: FunnelForm) -> str:
    if form.order == "any" or len(form.exclusions) >= MOST_EXCLUSIONS or len(form.rows) < 2:
        return ""
    added = ExclusionRow("", 1, len(form.rows))
    return form.address(exclusions=(*form.exclusions, added))


def step_row(form: FunnelForm, number: int, seen: Seen, window: TimeRange | None) -> Json:
    row, order = form.rows[number - 1], list(numbers(form.rows))
    place = number - 1
    up = [*order[: place - 1], number, number - 1, *order[place + 1 :]]
    down = [*order[:place], number + 1, number, *order[place + 2 :]]
    rest = [other for other in order if other != number]
    return {
        "number": number,
        "row": row,
        "id": f"step-{number}",
        "label": f"Event of step {number}",
        "filters_label": f"Filters of step {number}",
        "add_label": f"Add a filter to step {number}",
        "note": note_on_event(row.event, seen, window) if row.event != ANY else None,
        "chips": chips_of(form, str(number)),
        "up": form.with_rows(up).address() if number > 1 else "",
        "down": form.with_rows(down).address() if number < len(order) else "",
        "without": form.with_rows(rest).address() if len(order) > 2 else "",
        "may_be_optional": number > 1 and form.order == "ordered",
    }


def exclusion_row(form: FunnelForm, number: int, seen: Seen, window: TimeRange | None) -> Json:
    row = form.exclusions[number - 1]
    steps = len(form.rows)
    note = note_on_event(row.event, seen, window) if row.event != ANY else None
    return {
        "number": number,
        "part": f"x{number}",
        "row": row,
        "id": f"without-{number}",
        "label": f"Event of exclusion {number}",
        "filters_label": f"Filters of exclusion {number}",
        "add_label": f"Add a filter to exclusion {number}",
        "note": note,
        "chips": chips_of(form, f"x{number}"),
        "afters": [(n, n == row.after) for n in range(1, steps)],
        "befores": [(n, n == row.before) for n in range(2, steps + 1)],
        "without": form.without_exclusion(number).address(),
    }


def parts(form: FunnelForm) -> list[Json]:
    """Return the rows that a filter may be for."""
    steps = [
        {"key": str(n), "label": f"step {n}", "event": row.event.replace(ANY, "")}
        for n, row in enumerate(form.rows, 1)
    ]
    exclusions = [
        {"key": f"x{n}", "label": f"exclusion {n}", "event": row.event.replace(ANY, "")}
        for n, row in enumerate(form.exclusions, 1)
    ]
    return steps + exclusions


def refusal(form: FunnelForm, window: TimeRange | None) -> FieldError | None:
    """Return what the definition refuses of a funnel that is otherwise ready to be asked."""
    if window is None or len(form.filled) < 2:
        return None
    body = {name: value for name, value in form.body(window).items() if name != "compare"}
    try:
        parse_funnel(body, window.tzinfo)
    except FieldError as problem:
        return problem
    return None


def general_note(refused: FieldError | None) -> Note | None:
    """Return a refusal that has no field of its own on the page."""
    if refused is None or refused.field.startswith(("window", "exclusions")):
        return None
    return Note(refused.message, "critical")


def window_note(
    form: FunnelForm, window: TimeRange | None, refused: FieldError | None
) -> Note | None:
    if refused is not None and refused.field.startswith("window"):
        return Note(refused.message, "critical")
    value, unit = form.window
    if window is None or not value.isdecimal() or len(value) > 6:
        return None
    if int(value) * UNITS[unit] > window.end - window.start:
        return Note(
            "The window is longer than the range: most attempts may still be open at its end."
        )
    return None
