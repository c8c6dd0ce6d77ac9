"""What the engine's disk still holds of rows that were deleted: parts and commands of before."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from portal.audit.personal import remains
from portal.store import client, nodes
from portal.store.cluster import altered, system
from portal.store.query import Query

log = logging.getLogger(__name__)
TABLES = ("events", "event_ids", "person_properties", "person_overrides")
WAIT_S = 120.0
POLL_S = 0.25
# What a mutation changed stands in a file of its own until it is one of the oldest.
AT_ONCE = (
    "old_parts_lifetime = 0, finished_mutations_to_keep = 1,"
    " merge_tree_clear_old_parts_interval_seconds = 0"
)
SETTINGS = (
    "old_parts_lifetime, finished_mutations_to_keep, merge_tree_clear_old_parts_interval_seconds"
)
OLD_PARTS = """
SELECT count() FROM {parts}
WHERE database = currentDatabase() AND NOT active AND startsWith(table, {{table:String}})
"""
OLD_COMMANDS = """
SELECT count() FROM {mutations}
WHERE database = currentDatabase() AND is_done AND startsWith(table, {{table:String}})
"""


class NotCleared(Exception):
    """The engine has not let go of old parts in time; it is tried again."""


@dataclass(frozen=True)
class OldParts:
    kind: str = "engine"
    label: str = "The engine's old parts and commands"

    def clear(self) -> str:
        """Let the engine remove them now. Raises NotCleared, QueryFailed, EngineUnavailable."""
        parts = sum(clear(table) for table in TABLES)
        return f"{parts} old parts removed from the disk, and the deletions' own commands."


def clear(table: str) -> int:
    """Remove one table's old parts; returns how many there were."""
    stored = altered(table, nodes.cluster())
    found = left(OLD_PARTS, table)
    client.command(f"ALTER TABLE {stored} MODIFY SETTING {AT_ONCE}")
    try:
        # The last command is kept in any case, so the last one is about nobody.
        client.command(f"ALTER TABLE {stored} DELETE WHERE 0", settings_={"mutations_sync": 2})
        wait(table)
    finally:
        client.command(f"ALTER TABLE {stored} RESET SETTING {SETTINGS}")
    return found


def wait(table: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while left(OLD_PARTS, table) or left(OLD_COMMANDS, table) > 1:
        if time.monotonic() > deadline:
            raise NotCleared(f"The engine still holds old parts of {table}.")
        wake(table)
        time.sleep(POLL_S)


def wake(table: str) -> None:
    """Let the engine look for what to clean now; by itself it looks after minutes without work."""
    on = nodes.cluster()
    place = table if on is None else f"{on.on} {table}"
    try:
        client.command(f"SYSTEM START CLEANUP {place}")
    except client.QueryFailed:  # servers that do not know it wake by themselves
        log.info("The engine cannot be told to clean up now.")


def left(sql: str, table: str) -> int:
    on = nodes.cluster()
    text = sql.format(parts=system("parts", on), mutations=system("mutations", on))
    return int(client.run(Query(text, {"table": table})).value())


remains.add(OldParts())
