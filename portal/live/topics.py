"""What can be watched: a topic kind a part of the portal, registered in that part's `live.py`."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import QueryDict

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

    def evaluate(self, part: str, now: datetime, last: Any) -> Any:
        """Return the part's JSON value, an object, given the one before it (None: the first).

        Runs in a thread, never raises what it expects.
        """

    def essence(self, value: Any) -> bytes:
        """Return what of a value is shown; values that agree in it are not sent again."""

    def overdue(self, last: Any, now: datetime) -> Any:
        """Return the last value, marked: it could not be evaluated anew for a while."""

    def stands(self, value: Any) -> bool:
        """Tell whether whoever asks a moment later may be shown this value, too."""

    def stamp(self) -> Hashable:
        """Return what must be as it was for a value to be taken from memory; runs in a thread."""

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

    @property
    def is_for_anybody(self) -> bool:
        """Tell whether the name in the address is itself the right, so that no account is needed."""

    def open(self, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]) -> Topic:
        """Open it the way it is wanted. Raises NotVisible, BadRequest."""

    def wanted(self, query: QueryDict) -> Mapping[str, Any]:
        """Read a socket's address into the form that `open` takes."""

    def version(self, ident: str) -> int | None:
        """Return the present version; None when the thing is gone."""

    def rights_stamp(self, ident: str) -> Hashable:
        """Return what stays equal while nobody's rights change; None where `allowed` and `moved` are
        cheap enough to be asked each time.
        """

    def allowed(self, ident: str, viewer_ids: Collection[int]) -> set[int]:
        """Return those of the viewers who may still watch."""

    def moved(self, topic: Topic, viewer_ids: Collection[int]) -> set[int]:
        """Return those who would be shown another topic now: they may read other rows."""


topic_kinds: Registry[TopicKind] = Registry("live topic")
