"""What happened meanwhile: kinds of marks on charts over time, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.lib.registry import Registry
from portal.lib.row_rights import RowRights
from portal.store.query import TimeRange

MOST = 100  # of a kind; more say nothing


@dataclass(frozen=True)
class Happening:
    """Something at a time, or until another. With an `event` it stands on charts of it only."""

    kind: str
    text: str
    at: datetime
    until: datetime | None = None
    event: str = ""


class AnnotationKind(Protocol):
    """One kind of what happens. `icon` and `label` say it in the bar above a dashboard."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def icon(self) -> str: ...

    def between(self, window: TimeRange, as_of: datetime, rights: RowRights) -> Sequence[Happening]:
        """Return what happened in a window, as far as these rights to rows let see it.

        May raise what sources raise.
        """
        ...


annotation_kinds: Registry[AnnotationKind] = Registry("kind of annotation")
