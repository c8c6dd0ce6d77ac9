"""Send the shop's events and metrics through the portal's own door, as any client would.

Needs no Django: the trickle runs for as long as the portal does and should stay small.
"""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from analytics.collect.demo.company import Event

TRIES = 8
TIMEOUT_S = 30


class NotTaken(Exception):
    """The portal refused the events, or did not answer for too long."""


@dataclass(frozen=True)
class Outcome:
    accepted: int
    duplicates: int
    rejected: int


class Sender:
    """One connection to POST /api/v1/events; for one thread at a time."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }

    def send(self, events: Sequence[Event]) -> Outcome:
        """Send until it is acknowledged: ids make repeating harmless. Raises NotTaken."""
        return _outcome(self._sent("/api/v1/events", {"events": events}))

    def measure(self, metrics: dict[str, Any]) -> None:
        """Send metrics as OpenTelemetry does: repeating is harmless, too. Raises NotTaken."""
        untaken = json.loads(self._sent("/v1/metrics", metrics)).get("partialSuccess")
        if untaken:
            raise NotTaken(f"The portal did not take all metrics: {untaken['errorMessage']}")

    def _sent(self, path: str, told: dict[str, Any]) -> bytes:
        body = gzip.compress(orjson.dumps(told), compresslevel=1)
        trouble = ""
        for attempt in range(TRIES):
            time.sleep(min(5.0, 0.25 * 2**attempt) if attempt else 0)
            try:
                status, answer = self._post(path, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                trouble = f"no answer ({error})"
                continue
            if status == 200:
                return answer
            trouble = f"{status} {answer[:300].decode(errors='replace')}"
            if status < 500 and status != 429:
                break
        raise NotTaken(f"The portal did not take it: {trouble}")

    def close(self) -> None:
        self._connection.close()

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _outcome(answer: bytes) -> Outcome:
    found = json.loads(answer)
    return Outcome(
        int(found["accepted"]), int(found.get("duplicates") or 0), len(found.get("rejected", ()))
    )
