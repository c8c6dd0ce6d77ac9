"""What can be watched: a topic kind a part of the portal, registered in that part's `live.py`."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.base_user import AbstractBaseUser

from portal.lib.registry import Registry


class NotVisible(LookupError):
    """There is no such thing for this viewer."""


class BadRequest(ValueError):
    """The viewer asked for something that cannot be; the text says what and why."""


@dataclass(frozen=True)
class Part:
    """One thing that is evaluated by itself, and how often."""

    key: str
    every_s: float


class Topic(Protocol):
    """One thing looked at in one way. Viewers with equal keys share every evaluation."""

    @property
    def key(self) -> Hashable: ...

    @property
    def parts(self) -> Sequence[Part]: ...

    @property
    def version(self) -> int: ...

    def evaluate(self, part: str, now: datetime) -> Any:
        """Return the part's JSON value; runs in a thread, never raises what it expects."""

    def greeting(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Shape the first message: everything there is."""

    def update(self, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Shape a later message: only what changed."""


class TopicKind(Protocol):
    """Opens topics of one kind for a viewer, and says who may go on watching."""

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    def open(self, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]) -> Topic:
        """Open it the way it is wanted. Raises NotVisible, BadRequest."""

    def version(self, ident: str) -> int | None:
        """Return the present version; None when the thing is gone."""

    def allowed(self, ident: str, viewer_ids: Collection[int]) -> set[int]:
        """Return those of the viewers who may still watch."""


topic_kinds: Registry[TopicKind] = Registry("live topic")
