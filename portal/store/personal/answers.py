"""Answers in Valkey, and what its own file still holds of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache

from portal.audit.personal import Subject, Turn, holders, remains

ANSWERS = ("frame:*", "schema:*")
WAIT_S = 60.0
AT_ONCE = 200
POLL_S = 0.05


def link() -> Any:
    location = str(settings.CACHES["default"]["LOCATION"])
    return redis.Redis.from_url(location, socket_timeout=10)


def values(opened: Any) -> Iterator[tuple[bytes, bytes]]:
    """Give each cached answer with its key."""
    for pattern in ANSWERS:
        keys = list(opened.scan_iter(match=cache.make_key(pattern), count=1_000))
        for first in range(0, len(keys), AT_ONCE):
            some = keys[first : first + AT_ONCE]
            found = zip(some, opened.mget(some), strict=True)
            yield from ((key, value) for key, value in found if value)


@dataclass(frozen=True)
class Answers:
    """Cached answers. All go; counted are those in which the person's ids stand."""

    kind: str = "answers"
    label: str = "Cached answers"
    turn: Turn = Turn.WORKER
    covers: Sequence[str] = ("valkey/",)
    stays: str = ""

    def count(self, subject: Subject) -> int:
        try:
            return sum(1 for _ in self._of(subject))
        except redis.ConnectionError:
            return 0  # without a server there is no cache; what its file holds goes when it is up

    def _of(self, subject: Subject) -> Iterator[bytes]:
        for _, value in values(link()):
            if any(name in value for name in subject.as_written):
                yield value

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        return iter(())  # computed from the events, and gone in seconds

    def erase(self, subject: Subject) -> None:
        opened = link()
        for key, _ in values(opened):
            opened.unlink(key)


@dataclass(frozen=True)
class ValkeyFile:
    kind: str = "valkey"
    label: str = "Valkey's file"

    def clear(self) -> str:
        """Let Valkey write its file anew. Raises redis.RedisError while it is away."""
        opened = link()
        if opened.config_get("appendonly").get("appendonly") != "yes":
            return "It keeps no file of its own that is written at each change."
        while not begins_rewriting(opened):
            continue
        wait_while_rewriting(opened)
        return "Written anew from what is in memory."


def begins_rewriting(opened: Any) -> bool:
    """Ask for a rewriting of our own: what runs already may have begun before the answers went."""
    wait_while_rewriting(opened)
    try:
        opened.bgrewriteaof()
    except redis.ResponseError as refusal:
        if "already in progress" not in str(refusal):
            raise
        return False  # another one began in between
    return True


def wait_while_rewriting(opened: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while is_rewriting(opened):
        if time.monotonic() > deadline:
            raise redis.TimeoutError("Valkey did not write its file anew in time.")
        time.sleep(POLL_S)


def is_rewriting(opened: Any) -> bool:
    state = opened.info("persistence")
    return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])


holders.add(Answers())
remains.add(ValkeyFile())
