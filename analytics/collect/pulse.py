"""Feel the event loop's pulse: how late do its timers fire? And let it breathe out."""

from __future__ import annotations

import asyncio
import weakref
from itertools import count

from portal.lib import instruments, memory

EVERY_S = 0.5
BEATS_TO_A_BREATH = 40
_watched: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]]
_watched = weakref.WeakKeyDictionary()


def watch() -> None:
    """Start measuring the running loop, once; it goes on as long as the loop does."""
    loop = asyncio.get_running_loop()
    if loop not in _watched or _watched[loop].done():
        _watched[loop] = loop.create_task(_measure(loop), name="event loop pulse")


async def _measure(loop: asyncio.AbstractEventLoop) -> None:
    for beat in count(1):
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        instruments.event_loop_lag.observe(max(0.0, loop.time() - due))
        if beat % BEATS_TO_A_BREATH == 0:
            await asyncio.to_thread(memory.give_back)
