"""Write a dashboard down: as the portal's own text, or for Grafana."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from dashboards.as_code.text import written
from dashboards.grafana.ledger import Line
from dashboards.grafana.writing import write
from dashboards.models import Dashboard
from dashboards.shapes import document_of
from portal.lib.field_error import FieldError

TYPES = {"yaml": "application/yaml", "json": "application/json"}


@dataclass(frozen=True)
class File:
    """A file of a dashboard; `lines` is what the format cannot say."""

    name: str
    text: str
    form: str
    lines: list[Line] = field(default_factory=list)

    @property
    def type(self) -> str:
        return f"{TYPES[self.form]}; charset=utf-8"


def file_of(dashboard: Dashboard, format: str = "portal", form: str = "json") -> File:
    """Return a dashboard's file. Raises FieldError for a format that there is not."""
    if format not in ("portal", "grafana"):
        raise FieldError("format", "This must be portal or grafana.")
    if form not in TYPES:
        raise FieldError("as", "This must be yaml or json.")
    document, uid = document_of(dashboard), dashboard.uid
    if format == "portal":
        return File(f"{uid}.{form}", written(document, uid, form), form)
    exported = write(document, uid)
    text = json.dumps(exported.dashboard, ensure_ascii=False, indent=2) + "\n"
    return File(f"{uid}.grafana.json", text, "json", exported.lines)
