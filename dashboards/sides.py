"""How a dashboard here stands to what ships or lies in a file: who changed what since both agreed. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from dashboards.merging import Conflict, merge

Json = dict[str, Any]


class Standing(StrEnum):
    IN_SYNC = "in sync"
    NEW = "new"  # there, and never was here
    CHANGED_HERE = "changed here"
    CHANGED_THERE = "changed there"
    BOTH = "changed on both sides"
    GONE_HERE = "gone here"
    GONE_THERE = "gone there"


def standing(here: Json | None, there: Json | None, base: Json | None) -> Standing:
    """Compare both sides with what they last agreed on; without that, what differs differs on both."""
    if here is None:
        return Standing.NEW if base is None else Standing.GONE_HERE
    if there is None:
        return Standing.GONE_THERE
    if here == there:
        return Standing.IN_SYNC
    if here == base:
        return Standing.CHANGED_THERE
    return Standing.CHANGED_HERE if there == base else Standing.BOTH


def together(here: Json, there: Json, base: Json | None) -> tuple[Json | None, list[Conflict]]:
    """Return both sides' changes in one document, or why a person has to choose."""
    if base is None:
        return None, []
    merged, conflicts = merge(base, here, there)
    return (None, conflicts) if conflicts else (merged, [])
