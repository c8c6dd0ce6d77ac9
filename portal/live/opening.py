"""Open a topic once for all sockets of a person that come back at the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib.auth.base_user import AbstractBaseUser

from portal.live.threads import DOOR, in_thread
from portal.live.topics import Topic, TopicKind

# What was true so long ago may let one in; rights are checked again within 3 s (hub.RECHECK_S).
GOOD_FOR_S = 1.5
MOST = 1_000


class Openings:
    """Topics that were opened a moment ago, by person and what was wanted."""

    def __init__(self) -> None:
        self._opened: dict[bytes, tuple[float, asyncio.Future[Topic]]] = {}

    async def open(
        self, kind: TopicKind, viewer: AbstractBaseUser, ident: str, wanted: Mapping[str, Any]
    ) -> Topic:
        """Open a topic, or take the one just opened. Raises NotVisible, BadRequest."""
        asked = [kind.kind, viewer.pk, ident, wanted]
        key = orjson.dumps(asked, default=str, option=orjson.OPT_SORT_KEYS)
        now = time.monotonic()
        since, opening = self._opened.get(key, (0.0, None))
        if opening is None or now - since > GOOD_FOR_S or opening.get_loop().is_closed():
            opening = asyncio.ensure_future(in_thread(DOOR, kind.open, viewer, ident, wanted))
            self._keep(key, now, opening)
        try:
            return await asyncio.shield(opening)
        except BaseException:
            self._opened.pop(key, None)  # whoever is refused is refused, and recorded, each time
            raise

    def forget(self) -> None:
        """Rights changed: nobody comes in as they were before."""
        self._opened.clear()

    def _keep(self, key: bytes, now: float, opening: asyncio.Future[Topic]) -> None:
        if len(self._opened) >= MOST:
            self._opened.clear()
        self._opened[key] = (now, opening)


openings = Openings()
