"""Which measured rows somebody may read: part of every question and of every cache key. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied


@dataclass(frozen=True)
class RowRights:
    """Rows that may be read. `events` is the engine's condition on one event, complete in itself
    (without parameters), and empty where all may be read. `names` are the data sets it comes from.
    """

    events: str = ""
    names: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def is_all(self) -> bool:
        return not self.events

    @property
    def is_nothing(self) -> bool:
        return self == NOTHING


ALL = RowRights()
NOTHING = RowRights("0")


class MayNotRead(PermissionDenied):
    """Somebody asked for data of which they may read no row, or only some and all are needed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "No data set of events is shared with you, so this shows nothing. An admin can share"
            " one with you, your team or your role."
        )
