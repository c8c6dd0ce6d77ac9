"""Tell the web processes that something changed, so that viewers hear of it at once.

Only a wake-up: with Valkey away the hub finds out by itself within a few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from portal.live.hub import EVERYTHING, Hub

log = logging.getLogger(__name__)
GROUP = "live"
RETRY_S = 2.0
UNREACHABLE = (RedisError, OSError, TimeoutError)


def rights_changed() -> None:
    """Check everybody's rights to what they watch, once the running transaction is committed."""
    transaction.on_commit(partial(changed, EVERYTHING, ""))


def changed(kind: str, ident: str) -> None:
    """Wake everyone who watches this; call it on commit."""
    message = {"type": "changed", "kind": kind, "ident": ident}
    try:
        async_to_sync(get_channel_layer().group_send)(GROUP, message)
    except UNREACHABLE:
        log.warning("Valkey is away; viewers hear of the change a little later.")


async def listen(hub: Hub) -> None:
    """Hand wake-ups to the hub until cancelled, through every absence of Valkey."""
    while not is_cancelled():
        try:
            layer = get_channel_layer()
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
            while not is_cancelled():
                message = await layer.receive(channel)
                hub.nudge(message["kind"], message["ident"])
        except UNREACHABLE:
            await asyncio.sleep(RETRY_S)


def is_cancelled() -> bool:
    """Tell whether somebody asked the running task to end, although nothing was raised here.

    On Python 3.11 `asyncio.wait_for`, which the Valkey client uses, swallows a cancellation that
    comes in the instant its work is done; the loop's end then waits for ever.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
