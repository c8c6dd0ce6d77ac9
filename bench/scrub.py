"""Scrubbing: reading a batch at the door with all built-in rules on, against without any."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable

import django
import orjson

EVENTS = 1_000
ROUNDS = 40


def main() -> dict[str, float]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from analytics.ingest.accept import Known, accept  # noqa: PLC0415  # settings first
    from analytics.ingest.erased import ErasedIds  # noqa: PLC0415
    from analytics.ingest.keys import KeyHolder  # noqa: PLC0415
    from analytics.ingest.known_series import Generation  # noqa: PLC0415
    from analytics.ingest.protocols import Request  # noqa: PLC0415
    from analytics.ingest.protocols.portal_v1 import PortalV1  # noqa: PLC0415
    from analytics.ingest.recent import RecentIds  # noqa: PLC0415
    from analytics.ingest.scrub import KINDS, NAMES, Rule, Scrubber  # noqa: PLC0415

    rules = [
        Rule(
            1,
            kind,
            "mask",
            NAMES if kind == "key" else "cust-[0-9]{6}" if kind == "pattern" else "",
        )
        for kind in KINDS
    ]
    holder = KeyHolder(1, "bench", "", "", None)
    scrubber = Scrubber(rules, bytes(32))
    request, series = Request("POST", "/api/v1/events", {}), Generation()

    def door(text: bytes, one: Scrubber | None) -> Callable[[], None]:
        def read() -> None:
            known = Known(RecentIds(), ErasedIds(), one)
            decoded = PortalV1().decode(text, request, series)
            accept(decoded, text, holder, known=known, now_us=1_800_000_000_000_000)

        return read

    clean, found = body(0.0), body(0.1)
    plain, scrubbing = in_turns(door(clean, None), door(clean, scrubber))
    found_plain, found_scrubbing = in_turns(door(found, None), door(found, scrubber))
    return {
        "a batch with nothing to scrub, against no rules (ratio)": scrubbing / plain,
        "a batch with an address in a tenth, against no rules (ratio)": found_scrubbing
        / found_plain,
        "events/s without rules": EVENTS / plain,
        "events/s with eight rules": EVENTS / scrubbing,
    }


def body(share: float) -> bytes:
    """Make a batch in which this share of events holds an address."""
    return orjson.dumps(
        {
            "events": [
                {
                    "id": str(uuid.uuid4()),
                    "name": "page_viewed",
                    "userId": f"u{number % 300}",
                    "timestamp": "2026-03-01T08:00:00.123Z",
                    "platform": "web",
                    "properties": {
                        "path": f"/pricing/{number}",
                        "ms": 12.5,
                        "country": "DE",
                        "note": "mail ada@example.org" if number < share * EVENTS else "nothing",
                    },
                }
                for number in range(EVENTS)
            ]
        }
    )


def in_turns(first: Callable[[], None], second: Callable[[], None]) -> tuple[float, float]:
    """Return the best time of each, taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for call, found in zip((first, second), times, strict=True):
            began = time.perf_counter()
            call()
            found.append(time.perf_counter() - began)
    return min(times[0]), min(times[1])
