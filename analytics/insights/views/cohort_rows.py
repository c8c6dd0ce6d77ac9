"""The rows of the cohort builder as its page shows them."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.insights.cohorts import DRAFT
from analytics.insights.data_rights import row_rights
from analytics.insights.definitions.funnel import UNITS
from analytics.insights.forms.cohort import (
    ANY,
    DEEPEST_GROUP,
    MOST_ROWS,
    OFTEN,
    SPANS,
    CohortForm,
    RuleRow,
)
from analytics.insights.forms.shared import UNARY
from analytics.insights.models import Cohort
from analytics.insights.views.picking import (
    ANY_EVENT,
    Note,
    Option,
    event_options,
    note_on_event,
    note_on_property,
    property_options,
)
from analytics.insights.views.shared import OP_CHOICES, PROBLEMS, Json, Seen
from portal.accounts.access import visible
from portal.accounts.requests import StaffRequest
from portal.lib import clock
from portal.lib.text import humanize
from portal.store.sources import Question, ask

RULE_KINDS = {
    "did": "did", "then": "did, and then did", "first": "did for the first time",
    "stopped": "stopped doing", "property": "has the property", "cohort": "is in the cohort",
}  # fmt: skip
GROUP_KINDS = {"all": "all of these hold", "any": "any of these holds"}
OFTEN_WORDS = {
    "at_least": "at least", "at_most": "at most", "exactly": "exactly", "between": "between",
    "never": "never",
}  # fmt: skip
SPAN_WORDS = {"ever": "ever", "last": "in the last", "range": "between"}
Choices = list[tuple[str, str, bool]]


def shared_options(request: StaffRequest, seen: Seen, own: Cohort | None) -> Json:
    """Return what all rows' pickers offer."""
    others = visible(request.user, Cohort).only("pk", "name").exclude(pk=own.pk if own else DRAFT)
    return {
        "event_options": [*event_options(seen, clock.now()), ANY_EVENT],
        "person_options": person_options(request),
        "cohort_options": [(str(row.pk), row.name) for row in others],
        "ops": list(OP_CHOICES.items()),
        "units": list(UNITS),
    }


def person_options(request: StaffRequest) -> list[Option]:
    """Return the properties of persons; none while the engine is away."""
    try:
        question = Question({}, None, clock.now(), row_rights(request.user))
        frame = ask("person_properties", question)
    except PROBLEMS:
        return []
    return [
        Option(name, f"{', '.join(types)}, of {humanize(found)} people")
        for name, types, found in frame.rows()
    ]


def row_contexts(form: CohortForm, seen: Seen, notes: Mapping[int, Note]) -> list[Json]:
    return [row_context(form, place, seen, notes) for place in range(len(form.rows))]


def row_context(form: CohortForm, place: int, seen: Seen, notes: Mapping[int, Note]) -> Json:
    row = form.rows[place]
    is_filter = place > 0 and parent_of(form, place).is_deed
    event = parent_event(form, place) if is_filter else ""
    may_grow = len(form.rows) < MOST_ROWS
    return {
        "place": place,
        "key": str(place),
        "row": row,
        "given": {**DEFAULTS, **{name: value for name, value in row.given.items() if value}},
        "indent": row.depth,
        "before": max(place - 1, 0),
        "end": form.inside(place).stop,
        "is_filter": is_filter,
        "kinds": kinds_of(row, is_filter=is_filter),
        "often": choices(OFTEN_WORDS, row.chosen("often", OFTEN)),
        "spans": spans_of(row),
        "span": span_of(row),
        "takes_value": row.get("op") not in UNARY,
        "note": notes.get(place) or note_on(form, place, seen),
        "may_add": row.is_group and may_grow,
        "may_group": row.is_group and may_grow and row.depth < DEEPEST_GROUP,
        "may_filter": row.is_deed and may_grow,
        "event": event,
        "options": property_options(seen, [event] if event else []) if is_filter else [],
        "from_type": date_type(row.get("from")),
        "to_type": date_type(row.get("to")),
    }


DEFAULTS = {"n": "1", "m": "1", "days": "30", "quiet": "30", "within": "7", "unit": "day"}


def choices(words: Mapping[str, str], chosen: str) -> Choices:
    return [(value, text, value == chosen) for value, text in words.items()]


def kinds_of(row: RuleRow, *, is_filter: bool) -> Choices:
    if is_filter:
        return choices({"where": "where", "cohort": "while in the cohort"}, row.kind)
    return choices(GROUP_KINDS if row.is_group else RULE_KINDS, row.kind)


def spans_of(row: RuleRow) -> Choices:
    words = {
        name: text for name, text in SPAN_WORDS.items() if name != "ever" or row.kind != "first"
    }
    return choices(words, span_of(row))


def span_of(row: RuleRow) -> str:
    chosen = row.chosen("span", SPANS)
    return "last" if chosen == "ever" and row.kind == "first" else chosen


def parent_of(form: CohortForm, place: int) -> RuleRow:
    depth = form.rows[place].depth
    return next(row for row in reversed(form.rows[:place]) if row.depth == depth - 1)


def parent_event(form: CohortForm, place: int) -> str:
    parent, row = parent_of(form, place), form.rows[place]
    event = (
        parent.get("then")
        if parent.kind == "then" and row.get("side") == "then"
        else parent.get("event")
    )
    return "" if event == ANY else event


def note_on(form: CohortForm, place: int, seen: Seen) -> Note | None:
    """Say that an event never came, or that it never had the property."""
    row = form.rows[place]
    if row.is_deed:
        names = [row.get("event"), row.get("then") if row.kind == "then" else ""]
        found = (note_on_event(name, seen, None) for name in names if name not in {"", ANY})
        return next((note for note in found if note), None)
    if row.kind == "where":
        event = parent_event(form, place)
        return note_on_property(
            row.get("property"), [event] if event else [], seen, of=row.get("of") or "event"
        )
    return None


def date_type(given: str) -> str:
    """Return the input type that shows a time: one with hours fits no date field."""
    return "date" if len(given) in {0, 10} else "text"
