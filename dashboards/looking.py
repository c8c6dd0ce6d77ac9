"""How somebody looks at a dashboard: the range, what is chosen of its variables, and as whom.

It is read from a page's address or a socket's message, and is what two viewers must share to share
an evaluation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from analytics.insights.data_rights import row_rights
from dashboards.annotations import Happening, annotation_kinds
from dashboards.models import Dashboard, Widget
from dashboards.repeating import repeated
from dashboards.variables.asking import Asker
from dashboards.variables.builtins import BuiltIns
from dashboards.variables.definitions import LONGEST_VALUE, MOST_OPTIONS, Variable, stored
from dashboards.variables.filling import filled, named_anew
from dashboards.variables.references import names_in
from dashboards.variables.resolving import State, resolved
from dashboards.variables.selection import Values
from portal.accounts.models import User
from portal.lib.row_rights import RowRights
from portal.lib.time_range import BadRange, Chosen, read
from portal.live.topics import BadRequest
from portal.store.query import TimeRange

USUAL_RANGE = "-7d"
ASKED_ANEW_AFTER = timedelta(minutes=1)
AFTER_A_PROBLEM = timedelta(seconds=5)
MARKS_ARE_KEPT_S = 2.0
PLAIN = ("from", "to", "tz", "as_of", "refresh", "compare", "marks")
NO_MARKS = "none"
PREVIOUS = "previous_period"
NEVER_S = 86_400.0
EVERY = {"off": NEVER_S, "5s": 5.0, "10s": 10.0, "30s": 30.0, "1m": 60.0, "5m": 300.0, "15m": 900.0}
VARIABLE_PREFIX = "var-"


class Kept:
    """What was asked for a look, until it is asked anew; widgets side by side ask once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.states: dict[str, State] = {}
        self.until: datetime | None = None
        self._happened: tuple[TimeRange, float, list[Happening]] | None = None

    def happenings(self, window: TimeRange, ask: Callable[[], list[Happening]]) -> list[Happening]:
        """Return what happened in a window, asked once for the widgets of a page."""
        with self.lock:
            known, at = self._happened, time.monotonic()
            if known is None or known[0] != window or at - known[1] > MARKS_ARE_KEPT_S:
                known = self._happened = (window, at, ask())
            return known[2]


@dataclass(frozen=True)
class Look:
    """How a dashboard is looked at. `chosen` and `variables` are as in a page's query string."""

    chosen: Mapping[str, str]
    rights: RowRights
    zone: str
    default: str = USUAL_RANGE
    variables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    definitions: tuple[Variable, ...] = ()
    name: str = ""
    marks: frozenset[str] = frozenset()  # kinds of annotations that stand on charts
    every_ms: int = 0  # of the dashboard: no widget is refreshed more often
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)

    def range_at(self, now: datetime) -> Chosen:
        """Return the range as of a moment. Raises BadRange."""
        return read(self.chosen, self.moment(now), default=self.default, zone=self.zone)

    def moment(self, now: datetime) -> datetime:
        """Return as of when everything is shown: now, or a moment that is kept in the address."""
        given = self.chosen.get("as_of")
        return min(moment_of(given), now) if given else now

    @property
    def is_compared(self) -> bool:
        return self.chosen.get("compare") == PREVIOUS

    def every_s(self, own_ms: int) -> float:
        """Return how often a widget is refreshed: never more often than the page wants."""
        if self.chosen.get("as_of"):
            return NEVER_S
        page = EVERY.get(self.chosen.get("refresh", ""), self.every_ms / 1000)
        return max(own_ms / 1000, page)

    def states(self, now: datetime) -> dict[str, State]:
        """Return every variable with what it offers and what is chosen. Raises BadRange."""
        if not self.definitions:
            return {}
        now, kept = self.moment(now), self.kept
        with kept.lock:
            if kept.until is None or now >= kept.until:
                kept.states = resolved(
                    self.definitions, wanted_values(self.variables), self._asker(now)
                )
                has_problem = any(state.problem for state in kept.states.values())
                kept.until = now + (AFTER_A_PROBLEM if has_problem else ASKED_ANEW_AFTER)
            return kept.states

    @property
    def known_states(self) -> dict[str, State]:
        """Return what `states` found last, without asking."""
        return self.kept.states

    def values(self, now: datetime) -> Values:
        return {name: state.selected for name, state in self.states(now).items()}

    def built_in(self, now: datetime) -> BuiltIns:
        chosen = self.range_at(now)
        return BuiltIns(chosen.start, chosen.end, chosen.zone, self.name)

    def filled(self, widget: Widget, now: datetime) -> Widget:
        """Return a widget with values for its variables. Raises CannotFill, BadRange."""
        values = {**self.values(now), **getattr(widget, "own_values", {})}
        return filled(widget, values, self.built_in(now))

    def boxes(self, widgets: Sequence[Widget], now: datetime) -> list[Widget]:
        """Return the boxes that are shown: each widget, those that are repeated once for each value."""
        try:
            return repeated(widgets, self.values(now)) if self.definitions else list(widgets)
        except BadRange:
            return list(widgets)

    def named(self, widget: Widget, now: datetime) -> Widget:
        """Return a widget whose title and description say the chosen values."""
        if not self.definitions or not names_in(widget.title + widget.description):
            return widget
        try:
            values = {**self.values(now), **getattr(widget, "own_values", {})}
            return named_anew(widget, values, self.built_in(now))
        except BadRange:
            return widget

    def _asker(self, now: datetime) -> Asker:
        chosen = self.range_at(now)
        return Asker(TimeRange(chosen.start, chosen.end, chosen.zone), now, self.rights)

    @property
    def key(self) -> tuple[Any, ...]:
        """What two viewers must share to share an evaluation."""
        chosen = tuple(sorted((name, value) for name, value in self.chosen.items() if value))
        variables = tuple(sorted(wanted_values(self.variables).items()))
        return (chosen, self.rights, self.zone, variables)


def wanted_values(variables: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in variables.items()
    }


def look_of(dashboard: Dashboard, user: User, wanted: Mapping[str, Any]) -> Look:
    """Read how a viewer wants to see a dashboard. Raises BadRequest for what cannot be.

    `from`, `to`, `tz`, `as_of`, `refresh`, `compare`, and `variables`: a text or a list of them each.
    """
    return look_with(dashboard, row_rights(user), wanted)


def look_with(dashboard: Dashboard, rights: RowRights, wanted: Mapping[str, Any]) -> Look:
    """Read how a dashboard is wanted by somebody who may read these rows. Raises BadRequest."""
    chosen = chosen_in(wanted)
    return Look(
        chosen=chosen,
        rights=rights,
        zone=dashboard.time.get("zone") or settings.PORTAL_TIME_ZONE,
        default=relative(dashboard.time.get("from")) or USUAL_RANGE,
        variables=variables_in(wanted.get("variables")),
        definitions=stored(dashboard.variables),
        name=dashboard.name,
        marks=marks_of(dashboard, chosen["marks"]),
        every_ms=refresh_of(dashboard),
    )


def refresh_of(dashboard: Dashboard) -> int:
    given = dashboard.time.get("refresh")
    return given if isinstance(given, int) else 0


def marks_of(dashboard: Dashboard, chosen: str) -> frozenset[str]:
    """Return which kinds of annotations are shown: as chosen, as the dashboard has it, else all."""
    if chosen:
        return frozenset(chosen.split(",")) - {NO_MARKS}
    own = {one.get("kind"): one.get("shown", True) for one in getattr(dashboard, "annotations", [])}
    return frozenset(one.kind for one in annotation_kinds if own.get(one.kind, True))


def chosen_in(wanted: Mapping[str, Any]) -> dict[str, str]:
    chosen = {name: relative(wanted.get(name) or "") for name in PLAIN}
    for name, value in chosen.items():
        if not isinstance(value, str):
            raise BadRequest(f"`{name}` is a text")
    if chosen["as_of"]:
        moment_of(chosen["as_of"])
    if chosen["refresh"] not in ("", *EVERY):
        raise BadRequest(f"`refresh` is one of {', '.join(EVERY)}")
    if chosen["compare"] not in ("", PREVIOUS):
        raise BadRequest(f"`compare` is {PREVIOUS}, or left out")
    return chosen


def moment_of(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise BadRequest(
            f"`as_of`: {text!r} is not a time such as 2026-03-01T10:42:00Z"
        ) from problem


def variables_in(given: Any) -> dict[str, tuple[str, ...]]:
    """Read chosen values by names of variables. Raises BadRequest."""
    if given is None:
        return {}
    message = "`variables` maps names to a text or a list of texts"
    if not isinstance(given, Mapping) or len(given) > MOST_OPTIONS:
        raise BadRequest(message)
    found = {}
    for name, value in given.items():
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list | tuple) or len(listed) > MOST_OPTIONS:
            raise BadRequest(message)
        if not all(
            isinstance(one, str) and len(one) <= LONGEST_VALUE and "\0" not in one for one in listed
        ):
            raise BadRequest(message)
        found[str(name)] = tuple(listed)
    return found


def wanted_in(query: Mapping[str, Any]) -> dict[str, Any]:
    """Read an address's query string, var-x and all, into the form that `look_of` reads.

    Of a QueryDict every value of a variable counts, of a plain mapping the one that there is.
    """
    every = query.getlist if hasattr(query, "getlist") else lambda name: [query[name]]
    variables = {
        name.removeprefix(VARIABLE_PREFIX): every(name)
        for name in query
        if name.startswith(VARIABLE_PREFIX)
    }
    return {**{name: query[name] for name in query}, "variables": variables}


def relative(text: Any) -> Any:
    """Read Grafana's way of writing a relative time, "now-7d", as ours."""
    return text.removeprefix("now") if isinstance(text, str) else text
