"""What a rule would have caught in the last hour, before it is switched on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from analytics.ingest.scrub import Rule, Scrubber
from portal.store import client
from portal.store.query import Query

SPAN = timedelta(hours=1)
MOST = 20_000  # events, the newest
EXAMPLES = 20
SHOWN_TEXT = 60
RECENT = """
SELECT name, properties FROM events
WHERE received_at >= {since:DateTime64(6, 'UTC')} AND ({source:UInt32} = 0 OR source = {source:UInt32})
ORDER BY received_at DESC LIMIT {most:UInt32}
"""


@dataclass(frozen=True)
class Example:
    """One property that would have been changed."""

    event: str
    property: str
    before: str  # hidden but for its first characters: the trial itself must not show it around
    after: str


@dataclass
class Trial:
    """Events that were looked at, those that would have been changed, where, and how."""

    events: int = 0
    caught: int = 0
    places: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)

    def take(self, event: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.caught += 1
        for name in changed(before, after):
            self.places[event, name] += 1
            if len(self.examples) < EXAMPLES:
                text = shown(after[name]) if name in after else "(left out)"
                self.examples.append(Example(event, name, hidden(shown(before[name])), text))


def tried(rule: Rule, source: int | None, now: datetime) -> Trial:
    """Apply a rule to what arrived within the last hour, without changing anything.

    Raises QueryFailed, EngineUnavailable, BadPattern.
    """
    rule.check()
    scrubber, trial = Scrubber([rule], bytes(32)), Trial()
    given = {"since": now - SPAN, "source": source or 0, "most": MOST}
    for event, packed in client.run(Query(RECENT, given)).rows():
        trial.events += 1
        if not scrubber.may_catch(packed.encode()):
            continue
        before = orjson.loads(packed)
        after = scrubber.properties(before, event)
        if after != before:
            trial.take(event, before, after)
    return trial


def changed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    return (name for name, value in before.items() if name not in after or after[name] != value)


def shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…"


def hidden(text: str) -> str:
    return f"{text[:3]}{'•' * min(len(text) - 3, 12)}" if len(text) > 3 else "•" * len(text)
