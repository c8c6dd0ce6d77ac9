"""Which rules are on for which source, in memory; known also while the database is away."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from analytics.ingest import erased
from analytics.ingest.models import ScrubRule
from analytics.ingest.scrub import Rule, Scrubber
from portal.lib.secrets import Secret, Undecryptable

log = logging.getLogger(__name__)
PURPOSE = "ingest.privacysettings.scrub_key"
Rules = dict[int | None, list[Rule]]  # by source; None: of all sources


class Unscrubbed(Exception):
    """The rules are on, but cannot be applied; nothing is taken meanwhile."""


class Scrubbers:
    """All rules that are on; `load` brings them up to date."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._rules: Rules = {}
        self._key = ""  # encrypted
        self._made: dict[int, Scrubber | None] = {}
        if file is not None and file.exists():
            stored = json.loads(file.read_text())
            self._key = stored["key"]
            for row in stored["rules"]:
                self._rules.setdefault(row.pop("source"), []).append(Rule(**row))

    def load(self) -> None:
        """Read what PostgreSQL knows. Raises DatabaseError."""
        found: Rules = {}
        for row in ScrubRule.objects.filter(is_on=True).order_by("pk"):
            found.setdefault(row.source_id, []).append(row.rule)
        key = erased.current().scrub_key.encrypted if found else ""
        if found == self._rules and key == self._key:
            return
        self._rules, self._key, self._made = found, key, {}
        if self._file is not None:
            remember(self._file, key, found)

    def of(self, source: int) -> Scrubber | None:
        """Return what scrubs a source's events; None when there is no rule for it.

        Raises Unscrubbed.
        """
        if source not in self._made:
            rules = [*self._rules.get(None, []), *self._rules.get(source, [])]
            self._made[source] = Scrubber(rules, self._hash_key()) if rules else None
        return self._made[source]

    def _hash_key(self) -> bytes:
        try:
            return bytes.fromhex(Secret(self._key, PURPOSE).reveal())
        except Undecryptable as error:
            raise Unscrubbed("The key of the scrubbing rules cannot be read.") from error


def remember(file: Path, key: str, rules: Rules) -> None:
    """Write the rules down for a start without database; the key stands there encrypted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    rows: list[dict[str, Any]] = [
        {"source": source, **asdict(rule)} for source, listed in rules.items() for rule in listed
    ]
    draft.write_text(json.dumps({"key": key, "rules": rows}))
    draft.replace(file)


def file() -> Path:
    found: Path = settings.DATA_DIR / "run" / "scrub-rules.json"
    return found


def for_source(source: int) -> Scrubber | None:
    """Return what scrubs a source's events now. Raises DatabaseError, Unscrubbed."""
    found = Scrubbers()
    found.load()
    return found.of(source)
