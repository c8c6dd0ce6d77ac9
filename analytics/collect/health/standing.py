"""How the checks went last, in a file: readable while everything that is checked is away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from analytics.collect.health.checks import Result

CURRENT_FOR = timedelta(seconds=90)  # three rounds; then nobody checks any more


@dataclass(frozen=True)
class Standing:
    """One check's last result. `since` is when it began to be as it is."""

    name: str
    about: str
    is_up: bool
    took_s: float | None
    problem: str
    at: datetime
    since: datetime

    def is_current(self, now: datetime) -> bool:
        return now - self.at <= CURRENT_FOR


def file() -> Path:
    found: Path = settings.DATA_DIR / "run" / "health.json"
    return found


def read() -> list[Standing]:
    """Return the last results; none where nobody has checked yet."""
    try:
        listed: Any = orjson.loads(file().read_bytes())
        return [read_one(one) for one in listed]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def read_one(one: dict[str, Any]) -> Standing:
    times = {name: datetime.fromisoformat(one[name]) for name in ("at", "since")}
    return Standing(**{**one, **times})


def note(results: Iterable[Result], at: datetime) -> list[Standing]:
    """Write how the checks went; returns those that are not as they were before."""
    before = {one.name: one for one in read()}
    found = [stood(result, at, before.get(result.name)) for result in results]
    file().parent.mkdir(parents=True, exist_ok=True)
    draft = file().with_suffix(f".{os.getpid()}")
    draft.write_bytes(orjson.dumps([asdict(one) for one in found]))
    draft.replace(file())
    return [one for one in found if one.since == at and (one.name in before or not one.is_up)]


def stood(result: Result, at: datetime, before: Standing | None) -> Standing:
    same = before is not None and before.is_up == result.is_up
    since = before.since if before is not None and same else at
    return Standing(
        result.name, result.about, result.is_up, result.took_s, result.problem, at, since
    )
