"""A part's value, evaluated now or a moment ago by whoever asked before: a room, or a page.

A page that is opened shows what a room has evaluated, and a room that opens begins with what the
page did.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any

import orjson

from portal.live.memory import Encoded, Memory, Remembered
from portal.live.topics import Topic

MEMORY = Memory()


def room_key(kind: str, topic: Topic) -> Hashable:
    """Name what viewers share: the thing, how it is looked at, and its version."""
    return (kind, topic.key, topic.version)


def remembered(kind: str, topic: Topic) -> dict[str, Encoded]:
    """Return the values that are no older than their part's interval."""
    key, stamp = room_key(kind, topic), topic.stamp()
    found = {part.key: MEMORY.find(key, part.key, stamp, part.every_s) for part in topic.parts}
    return {part: one.encoded for part, one in found.items() if one is not None}


def evaluated(kind: str, topic: Topic, part: str, moment: datetime, last: Any = None) -> Encoded:
    """Evaluate a part, in a thread, and remember its value."""
    stamp = topic.stamp()
    new = encoded(topic, topic.evaluate(part, moment, last), moment)
    if topic.stands(new.value):
        MEMORY.keep(room_key(kind, topic), part, Remembered(new, stamp))
    return new


def encoded(topic: Topic, value: Any, at: datetime) -> Encoded:
    """Encode a value as far as its number; values with the same `digest` in it look the same."""
    essence = topic.essence(value)
    whole = {**value, "digest": essence.hex()}
    return Encoded(
        value, orjson.dumps(whole, default=str, option=orjson.OPT_UTC_Z)[:-1], essence, at
    )
