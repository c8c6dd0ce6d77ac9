"""Between the cohort builder's rows and the definition of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from analytics.insights.cohorts import PATH
from analytics.insights.forms.cohort import ANY, GROUPS, OFTEN, SPANS, CohortForm, RuleRow
from analytics.insights.forms.shared import Condition, Types, as_typed
from portal.lib.field_error import FieldError

Json = dict[str, Any]


@dataclass
class Rules:
    """A definition, and where in it each row stands."""

    form: CohortForm
    types: Types
    paths: dict[int, str] = field(default_factory=dict)
    definition: Json = field(default_factory=dict)

    def row_at(self, problem: FieldError) -> int:
        """Return the row that a complaint is about: the deepest whose path leads to the field."""
        fitting = [
            (len(path), place)
            for place, path in self.paths.items()
            if problem.field == path or problem.field.startswith((f"{path}.", f"{path}["))
        ]
        return max(fitting, default=(0, 0))[1]

    def rule(self, place: int, path: str) -> Json:
        row = self.form.rows[place]
        self.paths[place] = path
        own = f"{path}.not" if row.is_not else path
        rule = self._group(place, own) if row.is_group else self._leaf(place, own)
        return {"not": rule} if row.is_not else rule

    def _group(self, place: int, path: str) -> Json:
        name, rows = GROUPS[self.form.rows[place].kind], self.form.children(place)
        if len(rows) == 1:
            return self.rule(rows[0], path)
        return {name: [self.rule(row, f"{path}.{name}[{n}]") for n, row in enumerate(rows)]}

    def _leaf(self, place: int, path: str) -> Json:
        row = self.form.rows[place]
        if row.kind == "property":
            return row.condition(self.types).as_json()
        return _cohort(row) if row.kind == "cohort" else _deed(row) | self._filters(place, path)

    def _filters(self, place: int, path: str) -> Json:
        found: dict[str, list[Json]] = {}
        for below in self.form.children(place):
            row = self.form.rows[below]
            is_second = self.form.rows[place].kind == "then" and row.get("side") == "then"
            name = "then_where" if is_second else "where"
            listed = found.setdefault(name, [])
            self.paths[below] = f"{path}.{name}[{len(listed)}]"
            is_cohort = row.kind == "cohort"
            listed.append(_cohort(row) if is_cohort else row.condition(self.types).as_json())
        return dict(found)


def rules_of(form: CohortForm, types: Types) -> Rules:
    """Return what the form says as a definition; a group of one rule is that rule."""
    found = Rules(form, types)
    found.definition = found.rule(0, PATH)
    return found


def _cohort(row: RuleRow) -> Json:
    found: Json = {"cohort": _number(row.get("cohort"))}
    return found | ({"op": "not_in"} if row.get("op") == "not_in" else {})


def _deed(row: RuleRow) -> Json:
    event = _event(row.get("event"))
    if row.kind == "then":
        unit = row.get("unit") or "day"
        within = {"value": _number(row.get("within") or "7"), "unit": unit}
        return {"did": event, "then": _event(row.get("then")), "within": within} | _span(row)
    if row.kind == "first":
        return {"first_did": event} | _span(row)
    if row.kind == "stopped":
        return {"stopped": event, "for_days": _number(row.get("quiet") or "30")} | _span(row)
    return {"did": event} | _often(row) | _span(row)


def _often(row: RuleRow) -> Json:
    often, n = row.chosen("often", OFTEN), _number(row.get("n") or "1")
    if often == "never":
        return {"exactly": 0}
    if often == "between":
        return {"at_least": n, "at_most": _number(row.get("m") or row.get("n") or "1")}
    return {} if (often, n) == ("at_least", 1) else {often: n}


def _span(row: RuleRow) -> Json:
    span = row.chosen("span", SPANS)
    if span == "ever" and row.kind == "first":
        span = "last"
    if span == "last":
        return {"last_days": _number(row.get("days") or "30")}
    if span == "range":
        return {name: row.get(name) for name in ("from", "to") if row.get(name)}
    return {}


def _event(given: str) -> str | None:
    return None if given == ANY else given


def _number(given: str) -> Any:
    """Return a whole number, or what was typed: the definition says what is wrong with it."""
    return int(given) if given.isdecimal() and len(given) < 19 else given


def rows_of(definition: Json) -> tuple[RuleRow, ...]:
    """Return the rows that show a definition, which was checked before."""
    rows = tuple(_shown(definition, 0))
    if rows[0].is_group:
        return rows
    return (RuleRow("all", 0), *(replace(row, depth=row.depth + 1) for row in rows))


def _shown(rule: Json, depth: int, *, is_not: bool = False) -> Iterator[RuleRow]:
    if "not" in rule:
        yield from _shown(rule["not"], depth, is_not=not is_not)
        return
    for kind, name in GROUPS.items():
        if name in rule:
            yield RuleRow(kind, depth, is_not)
            for inner in rule[name]:
                yield from _shown(inner, depth + 1)
            return
    yield replace(_shown_leaf(rule, depth), is_not=is_not)
    for side, name in (("", "where"), ("then", "then_where")):
        for one in rule.get(name) or ():
            yield _shown_filter(one, depth + 1, side)


def _shown_leaf(rule: Json, depth: int) -> RuleRow:
    if "property" in rule:
        return _shown_property("property", rule | {"of": "person"}, depth)
    if "did" in rule and "then" in rule:
        within = rule["within"]
        given = {"event": _typed_event(rule["did"]), "then": _typed_event(rule["then"])}
        given |= {"within": str(within["value"]), "unit": within.get("unit") or "day"}
        return RuleRow("then", depth, given=given | _shown_span(rule))
    if "did" in rule:
        given = {"event": _typed_event(rule["did"])} | _shown_often(rule)
        return RuleRow("did", depth, given=given | _shown_span(rule))
    if "first_did" in rule:
        given = {"event": _typed_event(rule["first_did"])}
        return RuleRow("first", depth, given=given | _shown_span(rule))
    if "stopped" in rule:
        given = {"event": _typed_event(rule["stopped"]), "quiet": str(rule["for_days"])}
        return RuleRow("stopped", depth, given=given | _shown_span(rule))
    return _shown_cohort(rule, depth)


def _shown_cohort(rule: Json, depth: int, side: str = "") -> RuleRow:
    given = {"cohort": str(rule["cohort"]), "op": rule.get("op") or "in", "side": side}
    return RuleRow("cohort", depth, given=given)


def _shown_filter(one: Json, depth: int, side: str) -> RuleRow:
    if "cohort" in one:
        return _shown_cohort(one, depth, side)
    row = _shown_property("where", one, depth)
    return replace(row, given={**row.given, "side": side})


def _shown_property(kind: str, one: Json, depth: int) -> RuleRow:
    of = one.get("of") or "event"
    condition = Condition(one["property"], one["op"], one.get("value"), of)
    given = {"property": one["property"], "op": one["op"], "value": as_typed(condition), "of": of}
    return RuleRow(kind, depth, given=given)


def _typed_event(event: str | None) -> str:
    return ANY if event is None else event


def _shown_often(rule: Json) -> dict[str, str]:
    least, most, exactly = (rule.get(name) for name in ("at_least", "at_most", "exactly"))
    if exactly == 0 or (most == 0 and least is None):
        return {"often": "never"}
    if least is not None and most is not None:
        return {"often": "between", "n": str(least), "m": str(most)}
    for name, value in (("exactly", exactly), ("at_most", most), ("at_least", least)):
        if value is not None:
            return {"often": name, "n": str(value)}
    return {"often": "at_least", "n": "1"}


def _shown_span(rule: Json) -> dict[str, str]:
    if rule.get("last_days") is not None:
        return {"span": "last", "days": str(rule["last_days"])}
    if rule.get("from") or rule.get("to"):
        return {"span": "range", "from": rule.get("from") or "", "to": rule.get("to") or ""}
    return {"span": "ever"}
