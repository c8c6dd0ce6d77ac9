"""Who holds personal data: the registry that an export and an erasure walk through.

Every store that can hold something of a person whose events we measure registers a holder here, in a
package `personal/` of its app. tests/privacy/test_every_store.py fails for a table, model or folder
that no holder covers and that is not listed there with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

import orjson

from portal.lib.registry import Registry

ERASED = "(erased)"
SHORTEST_NAME = (
    6  # characters; what is shorter names too many other things to be looked for in texts
)


@dataclass(frozen=True)
class Subject:
    """The person whose data are handed out or erased: every name by which stores know them."""

    user_ids: tuple[str, ...]
    anonymous_ids: tuple[str, ...]
    numbers: tuple[int, ...]  # under which measured rows may stand
    addresses: tuple[str, ...] = ()  # e-mail addresses known of them

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.user_ids, *self.anonymous_ids)

    def as_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> Subject:
        return cls(**{name: tuple(values) for name, values in orjson.loads(text).items()})

    @property
    def names(self) -> tuple[str, ...]:
        """Return what names the person in any text: long ids and addresses, longest first."""
        found = {one for one in (*self.ids, *self.addresses) if len(one) >= SHORTEST_NAME}
        return tuple(sorted(found, key=lambda one: (-len(one), one)))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Match a name where it stands alone, not as a part of a longer word."""
        listed = "|".join(map(re.escape, self.names)) or r"(?!)"
        return re.compile(rf"(?<![\w@.-])(?:{listed})(?![\w@]|[.-]\w)")

    @cached_property
    def as_written(self) -> tuple[bytes, ...]:
        """Return the names as files and caches may hold them: plain, and as JSON writes them."""
        plain = [one.encode() for one in self.names]
        escaped = [orjson.dumps(one)[1:-1] for one in self.names]
        return tuple(dict.fromkeys([*plain, *escaped]))


class Turn(Enum):
    """Who erases, and when."""

    WRITER = "writer"  # the writer of events, between two rounds
    WORKER = "worker"  # afterwards, a background job


class Holder(Protocol):
    """A store of personal data. Each call may be repeated; after a crash it is."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def turn(self) -> Turn: ...

    @property
    def covers(self) -> Sequence[str]:
        """Name the models (`app.Model`), engine tables and folders that this one answers for."""
        ...

    @property
    def stays(self) -> str:
        """Say why its rows stay after an erasure; the empty text: they do not."""
        ...

    def count(self, subject: Subject) -> int:
        """Return how many rows, files or texts are about the person."""
        ...

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        """Give all that is held, for the export."""
        ...

    def erase(self, subject: Subject) -> None: ...


class Remains(Protocol):
    """What a store's files may still hold of rows that are gone: old parts, free pages, logs."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    def clear(self) -> str:
        """Remove it, and say in a sentence what was done or what somebody else has to do."""
        ...


holders: Registry[Holder] = Registry("holder of personal data")
remains: Registry[Remains] = Registry("store whose files keep what is gone")


def is_named(value: Any, subject: Subject) -> bool:
    """Tell whether a text, or any text in a JSON value, names the person."""
    return bool(redacted(value, subject) != value)


def redacted(value: Any, subject: Subject) -> Any:
    """Return a text or JSON value in which the person's names are replaced by `(erased)`.

    Short ids are replaced only where the value says that they are user ids.
    """
    if isinstance(value, str):
        return subject.pattern.sub(ERASED, value)
    if isinstance(value, list):
        return [redacted(one, subject) for one in value]
    if isinstance(value, dict):
        return {
            name: redacted(
                _without_ids(one, subject) if name == "value" and _is_about_ids(value) else one,
                subject,
            )
            for name, one in value.items()
        }
    return value


def _is_about_ids(value: Mapping[str, Any]) -> bool:
    return value.get("property") in ("$user_id", "user_id", "anonymous_id")


def _without_ids(value: Any, subject: Subject) -> Any:
    if isinstance(value, list):
        return [_without_ids(one, subject) for one in value]
    return ERASED if isinstance(value, str) and value in subject.ids else value
