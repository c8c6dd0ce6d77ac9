from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from analytics.insights.models import Annotation
from dashboards.annotations import MOST, Happening, annotation_kinds
from portal.lib.row_rights import RowRights
from portal.store.query import TimeRange


class Notes:
    """What people noted, on any page. Whoever may see a dashboard may read them."""

    kind = "notes"
    label = "Notes"
    icon = "pencil"

    def between(self, window: TimeRange, as_of: datetime, rights: RowRights) -> Sequence[Happening]:
        rows = Annotation.objects.touching(window)[:MOST]
        return [Happening(self.kind, row.text, row.at, row.until, row.event) for row in rows]


annotation_kinds.add(Notes())
