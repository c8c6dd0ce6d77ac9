"""Read a dashboard from whatever form it comes in: the portal's own, YAML or JSON, or Grafana's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.as_code.shaping import unpacked
from dashboards.as_code.text import data_of
from dashboards.document import checked
from dashboards.grafana import reading as grafana
from dashboards.grafana.box import Fits
from dashboards.grafana.ledger import Line
from dashboards.options import Option, checking
from dashboards.transformations import transformations
from dashboards.widgets import widgets
from portal.lib.field_error import FieldError

Json = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """A checked document, the uid that it had, the form it came in, and what of it is not kept."""

    document: Json
    uid: str = ""
    form: str = "portal"
    lines: list[Line] = field(default_factory=list)

    def report(self) -> Json:
        """Return what became of what was given, for programs."""
        counts = {fate: self.count(fate) for fate in ("lost", "changed")}
        return {"format": self.form, **counts, "lines": [one.as_json() for one in self.lines]}

    def count(self, fate: str) -> int:
        return sum(one.fate == fate for one in self.lines)


def read_text(text: str | bytes) -> Read:
    """Read a dashboard's text. Raises FieldError."""
    return read_data(data_of(text))


def read_data(value: Any) -> Read:
    """Read a dashboard as data. Raises FieldError that names what cannot be read."""
    if isinstance(value, Mapping) and "widgets" not in value and grafana.is_grafana(value):
        found = grafana.read(value, fits())
        return Read(checked(found.document), found.uid, "grafana", found.lines)
    document, uid = unpacked(value)
    return Read(document, uid)


def fits() -> Fits:
    """Return what the kinds of widget here can be told."""
    by_kind = {
        one.kind: {each.name: each for each in checking.options_of(one.kind)} for one in widgets
    }
    every, overrides = checking.every_option(), checking.of_overrides()

    def takes(kind: str, name: str, value: Any) -> bool:
        option = by_kind.get(kind, every).get(name)
        return option is not None and is_taken(option, value)

    def usual(kind: str, name: str) -> Any:
        option = by_kind.get(kind, every).get(name)
        return option.default if option is not None else None

    return Fits(
        option=takes,
        override=lambda name, value: name in overrides and is_taken(overrides[name], value),
        usual=usual,
        kind=lambda kind: kind in by_kind,
        transformation=lambda name: name in transformations,
    )


def is_taken(option: Option, value: Any) -> bool:
    try:
        checking.checked(option, value, option.name)
    except FieldError:
        return False
    return True
