"""What both versions of remote write have: limits, samples, metadata. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analytics.ingest.measured import MAX_NAME, Gathering
from analytics.series.metadata import Metadata

MAX_SERIES = 200_000
MAX_METADATA = 20_000
MAX_SYMBOLS = 500_000
MAX_HELP = 4_000
SAMPLE = {"value": (1, "double"), "timestamp": (2, "int64")}
TYPES = (
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset",
)  # fmt: skip
# How Go writes a series' only sample: field 2, then value (left out if it is 0) and timestamp,
# whose varint has six bytes until the year 2109.
TAIL_HEAD, TAIL_BYTES = b"\x12\x10\x09", 18
ZERO_HEAD, ZERO_BYTES = b"\x12\x07\x10", 9
TIMESTAMP = 0x10
PLACES = 1 << np.arange(0, 42, 7, dtype=np.int64)
Row = tuple[int, bytes, int]  # slot, a series as it came, where its sample begins


class TooMuch(Exception):
    """A body has more parts than are taken at once."""


def limited(parts: Sequence[bytes], most: int, what: str) -> list[bytes]:
    """Count before anything is made of it."""
    if len(parts) > most:
        raise TooMuch(f"A body has {most} {what} at most.")
    return list(parts)


def is_sample(tails: Any, head: bytes) -> Any:
    """Tell which of these ends of series, a row each, are one sample as Go writes it."""
    varint = tails[:, -6:]
    found = (tails[:, :3] == np.frombuffer(head, np.uint8)).all(axis=1)
    found &= tails[:, -7] == TIMESTAMP
    return found & (varint[:, :5] >= 0x80).all(axis=1) & (varint[:, 5] < 0x80)


def take_tails(slots: Sequence[int], tails: Any, gathering: Gathering) -> None:
    """Gather the samples that these ends are, a row each; all of one kind."""
    ts = (tails[:, -6:] & 0x7F).astype(np.int64) @ PLACES
    is_zero = tails.shape[1] == ZERO_BYTES
    values = np.zeros(len(tails)) if is_zero else tails[:, 3:11].copy().view("<f8")[:, 0]
    gathering.extend(slots, ts, values)


def count_others(series: Any, gathering: Gathering) -> None:
    gathering.untaken.histograms += len(series.histograms)
    gathering.untaken.exemplars += len(series.exemplars)


def note_metadata(gathering: Gathering, name: str, kind: int, text: str, unit: str) -> None:
    if name and len(name) <= MAX_NAME and 0 <= kind < len(TYPES):
        made = Metadata(name, TYPES[kind], text[:MAX_HELP], unit[:MAX_NAME])
        gathering.metadata[name] = made
