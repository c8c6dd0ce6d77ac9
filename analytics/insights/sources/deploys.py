"""The source `deploys`: versions and deployments that events first bore in a window.

Takes no parameters. Columns: `at`, `service`, `version`, `deployment` (of both, one is empty).
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.insights.asking import Asking
from analytics.insights.sql import deploys as sql
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.sources import Question, ask, sources

PROPERTY = "deploymentId"
COLUMNS = (
    Column("at", "time"),
    Column("service", "string"),
    Column("version", "string"),
    Column("deployment", "string"),
)


@dataclass(frozen=True)
class DeploySource:
    kind: str = "deploys"
    label: str = "Deploys seen in events"

    def run(self, question: Question) -> Frame:
        """Answer what began, by time. Raises FieldError."""
        if question.window is None:
            raise FieldError("from", "Deploys need a time range.")
        asking = Asking(question)
        found = asking.rows(sql.versions(question.window, asking.person))
        rows = [(first, service, value, "") for service, value, first in found]
        events = events_with_deployments(question)
        if events:
            query = sql.deployments(question.window, asking.person, PROPERTY, events)
            rows += [(first, service, "", value) for service, value, first in asking.rows(query)]
        rows.sort()
        values = tuple(list(cells) for cells in zip(*rows, strict=True)) or ([],) * len(COLUMNS)
        return Frame(COLUMNS, values, asking.meta())


def events_with_deployments(question: Question) -> list[str]:
    """Return the events that ever bore one: reading properties of all others would cost in vain."""
    known = ask("schema", Question({}, None, question.as_of, question.rights, question.epoch))
    pairs = zip(known.column("event"), known.column("property"), strict=True)
    return sorted({event for event, name in pairs if name == PROPERTY})


sources.add(DeploySource())
