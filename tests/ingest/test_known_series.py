"""A series that is known is read in another way than a new one; both must say the same."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import cramjam
import numpy as np
import pytest

from analytics.ingest.known_series import Generation
from analytics.ingest.measured import Measured
from analytics.ingest.remote_write import one as first
from analytics.ingest.remote_write import two as second
from tests.ingest.bodies import NOW, body_one, body_two

VERSIONS = {"1.0": (first.read, body_one), "2.0": (second.read, body_two)}
ODD_BITS = (0x7FF0000000000002, 0x7FF8000000000001, 0x8000000000000000, 0x7FF0000000000000, 1)
Read = Callable[[bytes, Generation], Measured]


def labels(chance: random.Random) -> dict[str, str]:
    """Return the labels of one of a few hundred series, of one to seventy labels."""
    number = chance.randrange(300)
    size = 70 if number % 29 == 0 else number % 9
    texts = random.Random(number)
    return {
        "__name__": f"m{number}",
        **{f"l{n}": texts.choice(("a", "ü" * 40, "x" * 200, str(number))) for n in range(size)},
    }


def samples(chance: random.Random) -> list[tuple[int, float]]:
    found = []
    for _ in range(chance.choice((1, 1, 1, 1, 1, 0, 2, 5))):
        ts = chance.choice((NOW, NOW + chance.randrange(10**9), 1, 0, -1, 1 << 41, 1 << 45))
        bits = chance.choice(ODD_BITS)
        odd = struct.unpack("<d", struct.pack("<Q", bits))[0]
        found.append((ts, chance.choice((0.0, chance.random(), float(chance.randrange(9)), odd))))
    return found


def body(version: str, chance: random.Random) -> bytes:
    series = [(labels(chance), samples(chance)) for _ in range(chance.randrange(1, 60))]
    if version == "1.0":
        packed = body_one(*series)
    else:
        about = chance.choice(("", "help", "x" * 300))
        packed = body_two(*series, kind=chance.randrange(3), about=about)
    return bytes(cramjam.snappy.decompress_raw(packed))


def rows(found: Measured) -> list[tuple[Any, ...]]:
    """Return what was read, in an order of its own."""
    ids = found.generation.ids(found.slots)
    bits = found.values.view(np.uint64)
    return sorted(zip(ids.tolist(), found.ts.tolist(), bits.tolist(), strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_known_series_are_read_as_new_ones_are(version: str) -> None:
    read, _ = VERSIONS[version]
    chance = random.Random(version)
    known = Generation()
    quick = 0
    for _ in range(200):
        sent = body(version, chance)
        fresh, again = read(sent, Generation()), read(sent, known)

        assert rows(again) == rows(fresh)
        assert again.untaken == fresh.untaken
        labels_of = {int(known.ids(np.array([s]))[0]): again.series_of(s) for s in again.slots}
        assert all(series.id == key for key, series in labels_of.items())
        quick += len(again.slots)
    assert quick > 4000
