"""The state of the cohort builder: a tree of rules as rows, each with its depth.

The first row is the group around all others. Rows below an event (kind "where", or "cohort") are
its filters. forms/cohort_rules.py translates to and from the definition of the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from analytics.insights.forms.shared import ANY_SHOWN, UNARY, Condition, Types, text, value_of

ANY = ANY_SHOWN
GROUPS = {"all": "and", "any": "or"}
DEEDS = ("did", "then", "first", "stopped")
KINDS = (*DEEDS, "property", "cohort", *GROUPS, "where")
OFTEN = ("at_least", "at_most", "exactly", "between", "never")
SPANS = ("ever", "last", "range")
MOST_ROWS, DEEPEST_GROUP = 60, 4  # some 12 fields a row; a form may have 1,000
FIELDS = (
    "event", "then", "often", "n", "m", "span", "days", "from", "to", "within", "unit", "quiet",
    "property", "op", "value", "of", "side", "cohort",
)  # fmt: skip


@dataclass(frozen=True)
class RuleRow:
    """One rule, group or filter as the form has it: what was typed, by name of the field."""

    kind: str
    depth: int
    is_not: bool = False
    given: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return what was typed into a field; the empty text for nothing."""
        return self.given.get(name, "")

    @property
    def is_group(self) -> bool:
        return self.kind in GROUPS

    @property
    def is_deed(self) -> bool:
        return self.kind in DEEDS

    def chosen(self, name: str, choices: Sequence[str]) -> str:
        return self.get(name) if self.get(name) in choices else choices[0]

    def condition(self, types: Types) -> Condition:
        """Return a row of a property as a filter, its value as the type it was seen with."""
        of = "person" if self.kind == "property" or self.get("of") == "person" else "event"
        name, op = self.get("property").strip(), self.get("op") or "="
        known = types.get(name, ()) if of == "event" else ()
        return Condition(name, op, value_of(name, op, self.get("value").strip(), known), of)


START = (RuleRow("all", 0), RuleRow("did", 1))


@dataclass(frozen=True)
class CohortForm:
    """The state of the cohort builder. `version` is that of the cohort which is changed."""

    name: str = ""
    description: str = ""
    rows: tuple[RuleRow, ...] = START
    version: str = ""
    is_cut: bool = False  # more rows were sent than are read: such a form must not be saved

    @classmethod
    def read(cls, query: QueryDict) -> CohortForm:
        return cls(
            name=text(query, "name"),
            description=text(query, "description"),
            rows=tuple(_rows(query)) or START,
            version=text(query, "version"),
            is_cut=f"r{MOST_ROWS}-kind" in query,
        )

    def inside(self, place: int) -> range:
        """Return the places of all rows below one."""
        depth = self.rows[place].depth
        end = place + 1
        while end < len(self.rows) and self.rows[end].depth > depth:
            end += 1
        return range(place + 1, end)

    def children(self, place: int) -> list[int]:
        depth = self.rows[place].depth + 1
        return [below for below in self.inside(place) if self.rows[below].depth == depth]

    def done(self, what: str) -> CohortForm:
        """Return the form after one of its buttons: "add:0", "group:0", "where:2:then", "remove:1"."""
        name, _, rest = what.partition(":")
        number, _, side = rest.partition(":")
        if not number.isdecimal() or len(number) > 4 or int(number) >= len(self.rows):
            return self
        place = int(number)
        if name == "remove" and place:
            kept = (*self.rows[:place], *self.rows[self.inside(place).stop :])
            return replace(self, rows=kept)
        added = tuple(_added(name, self.rows[place], side))
        end = self.inside(place).stop
        return replace(self, rows=(*self.rows[:end], *added, *self.rows[end:]))

    def missing(self) -> dict[int, tuple[str, str]]:
        """Return which rows still lack what: the field, and what to do."""
        return {place: lack for place, row in enumerate(self.rows) if (lack := _lack(row))}


def _rows(query: QueryDict) -> Iterator[RuleRow]:
    above: list[RuleRow] = []
    for place in range(MOST_ROWS):
        kind = text(query, f"r{place}-kind")
        if kind not in KINDS:
            return
        depth = text(query, f"r{place}-depth")
        row = RuleRow(
            kind,
            int(depth) if depth.isdecimal() and len(depth) < 3 else 1,
            bool(query.get(f"r{place}-not")),
            {name: text(query, f"r{place}-{name}") for name in FIELDS},
        )
        if place == 0:
            row = replace(row, kind=kind if kind in GROUPS else "all", depth=0)
        elif (fitting := _fitting(row, above)) is None:
            continue
        else:
            row = fitting
        above = [*above[: row.depth], row]
        yield row


def _fitting(row: RuleRow, above: Sequence[RuleRow]) -> RuleRow | None:
    """Return a row where it may stand: filters below events, rules below groups."""
    depth = min(max(row.depth, 1), len(above))
    while depth > 1 and not _may_hold(above[depth - 1], row):
        depth -= 1
    return replace(row, depth=depth) if _may_hold(above[depth - 1], row) else None


def _may_hold(parent: RuleRow, row: RuleRow) -> bool:
    if parent.is_group:
        return row.kind != "where"
    return parent.is_deed and row.kind in {"where", "cohort"}


def _added(name: str, parent: RuleRow, side: str) -> Iterator[RuleRow]:
    depth = parent.depth + 1
    if name == "add" and parent.is_group:
        yield RuleRow("did", depth)
    if name == "group" and parent.is_group:
        yield RuleRow("all" if parent.kind == "any" else "any", depth)
        yield RuleRow("did", depth + 1)
    if name == "where" and parent.is_deed:
        yield RuleRow("where", depth, given={"side": side})


def _lack(row: RuleRow) -> tuple[str, str] | None:
    if row.is_deed and not row.get("event"):
        return "event", "Choose an event."
    if row.kind == "then" and not row.get("then"):
        return "then", "Choose the event that follows."
    if row.kind in {"property", "where"} and not row.get("property").strip():
        return "property", "Choose a property."
    if (
        row.kind in {"property", "where"}
        and row.get("op") not in UNARY
        and not row.get("value").strip()
    ):
        return "value", "Say with what it is compared."
    if row.kind == "cohort" and not row.get("cohort").isdecimal():
        return "cohort", "Choose a cohort."
    return None
