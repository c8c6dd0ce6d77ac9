"""Bodies of remote write 2.0. Pure.

A series names its labels by their places in the body's table of texts. Nearly every one has one
sample and has come before; for these the references and samples of all are read at once, and the
series is known by its texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from analytics.ingest.known_series import Generation
from analytics.ingest.measured import (
    BETWEEN,
    MAX_LABEL_BYTES,
    MAX_LABELS,
    MAX_VALUE,
    BadSeries,
    Gathering,
    Measured,
    series_of_key,
    shown,
)
from analytics.ingest.remote_write.shared import (
    MAX_SERIES,
    MAX_SYMBOLS,
    SAMPLE,
    TAIL_BYTES,
    TAIL_HEAD,
    TYPES,
    ZERO_BYTES,
    ZERO_HEAD,
    count_others,
    is_sample,
    limited,
    note_metadata,
    take_tails,
)
from analytics.ingest.wire import define

messages = define(
    "portal.remote_write.two",
    {
        "Body": {"symbols": (4, "bytes*"), "timeseries": (5, "bytes*")},
        "Series": {
            "labels": (1, "uint32*"), "samples": (2, "Sample*"), "histograms": (3, "bytes*"),
            "exemplars": (4, "bytes*"), "metadata": (5, "Metadata"),
        },
        "Sample": SAMPLE,
        "Metadata": {"kind": (1, "int32"), "help": (3, "uint32"), "unit": (4, "uint32")},
    },
)  # fmt: skip
# A series begins with field 1, packed references; behind its sample may stand field 5, metadata.
REFS, METADATA = 0x0A, 0x2A
ONE_BYTE = 0x80  # a varint below is a byte of its own
WITH_PARTS = (TYPES.index("histogram"), TYPES.index("gaugehistogram"), TYPES.index("summary"))


def read(body: bytes, generation: Generation) -> Measured:
    """Read a body. Raises DecodeError, TooMuch, TooManyLabels."""
    message = messages["Body"].FromString(body)
    symbols = Symbols(limited(message.symbols, MAX_SYMBOLS, "symbols"))
    gathering = Gathering(generation)
    for raw in take_known(limited(message.timeseries, MAX_SERIES, "series"), symbols, gathering):
        read_series(raw, symbols, gathering)
    return gathering.measured()


@dataclass(frozen=True)
class Plain:
    """Series that are references, one sample and no more but metadata, all of one size."""

    raws: list[bytes]
    refs: list[bytes]
    tails: list[bytes]


def take_known(series: list[bytes], symbols: Symbols, gathering: Gathering) -> list[bytes]:
    """Gather the only sample of each series that is known by its texts; returns the others."""
    others: list[bytes] = []
    whole, zeros = Plain([], [], []), Plain([], [], [])
    for raw in series:
        is_plain = len(raw) > ZERO_BYTES and raw[0] == REFS and raw[1] < ONE_BYTE
        start = raw[1] + 2 if is_plain else len(raw)
        if is_last(raw, start + TAIL_BYTES):
            kind, end = whole, start + TAIL_BYTES
        elif is_last(raw, start + ZERO_BYTES):
            kind, end = zeros, start + ZERO_BYTES
        else:
            others.append(raw)
            continue
        kind.raws.append(raw)
        kind.refs.append(raw[2:start])
        kind.tails.append(raw[start:end])
    others += take_plain(whole, TAIL_HEAD, symbols, gathering)
    others += take_plain(zeros, ZERO_HEAD, symbols, gathering)
    return others


def is_last(raw: bytes, end: int) -> bool:
    """Tell whether nothing follows but metadata, whose length is one byte."""
    size = len(raw)
    if size <= end + 1:
        return size == end
    return raw[end] == METADATA and raw[end + 1] < ONE_BYTE and size == end + 2 + raw[end + 1]


def take_plain(plain: Plain, head: bytes, symbols: Symbols, gathering: Gathering) -> list[bytes]:
    """Gather those that are known and what they seem to be; returns the others."""
    if not plain.raws:
        return []
    size = len(plain.tails[0])
    tails = np.frombuffer(b"".join(plain.tails), np.uint8).reshape(-1, size)
    fits = is_sample(tails, head)
    found = slots_of(plain.refs, symbols, gathering)
    fits &= np.array([slot is not None for slot in found])
    places = np.flatnonzero(fits).tolist()
    take_tails([found[place] for place in places], tails[fits], gathering)
    return [plain.raws[place] for place in np.flatnonzero(~fits).tolist()]


def slots_of(parts: list[bytes], symbols: Symbols, gathering: Gathering) -> list[Any]:
    """Return the slot that each series' references lead to; None: it is to be read singly."""
    refs, ends = varints(parts)
    if not len(refs) or int(refs.max()) >= len(symbols):
        return [None] * len(parts)
    if int(symbols.sizes[refs].sum()) > MAX_LABEL_BYTES:
        return [None] * len(parts)
    texts, known = symbols.marked.__getitem__, gathering.generation.slots.get
    places, start, found = refs.tolist(), 0, []
    for end in ends.tolist():
        try:
            found.append(known(b"".join(map(texts, places[start:end]))))
        except TypeError:  # a text that is none
            found.append(None)
        start = end
    return found


def varints(parts: list[bytes]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Read packed numbers; returns all of them, and where those of each part end.

    Empty unless each part ends with a whole number, and none is longer than four bytes.
    """
    packed = np.frombuffer(b"".join(parts), np.uint8)
    last = np.flatnonzero(packed < 0x80)
    edges = np.cumsum([len(part) for part in parts])
    lengths = np.diff(last, prepend=-1)
    ends = np.searchsorted(last, edges)
    is_whole = len(last) and lengths.max() <= 4 and (packed[edges - 1] < 0x80).all()
    if not is_whole or not all(parts):
        return np.empty(0, np.int64), ends
    numbers = np.zeros(len(last), np.int64)
    for place in range(int(lengths.max())):
        has = lengths > place
        byte = packed[last[has] - lengths[has] + 1 + place].astype(np.int64)
        numbers[has] |= (byte & 0x7F) << (7 * place)
    return numbers, ends


def read_series(raw: bytes, symbols: Symbols, gathering: Gathering) -> None:
    """Read any series, and know it by its texts the next time."""
    try:
        series = messages["Series"].FromString(raw)
    except DecodeError:
        gathering.untaken.add("a series is not readable", 1, "")
        return
    count_others(series, gathering)
    read_samples(series, symbols, gathering)


def read_samples(series: Any, symbols: Symbols, gathering: Gathering) -> None:
    samples = series.samples
    if not samples:
        return
    try:
        key = symbols.key(series.labels)
        slot = gathering.generation.slots.get(key)
        if slot is None:
            found = series_of_key(key)
            slot = gathering.slot(found, key)
            note_own_metadata(found.name, series.metadata, symbols, gathering)
        else:
            gathering.count_labels(len(key))
    except BadSeries as error:
        gathering.untaken.add(str(error), len(samples), symbols.example(series.labels))
        return
    for sample in samples:
        gathering.add(slot, sample.timestamp, sample.value)


class Symbols:
    """The texts of a body, to which its series refer by number."""

    def __init__(self, texts: list[bytes]) -> None:
        self._texts = texts
        self.sizes = np.array([len(text) for text in texts], np.int64)
        # Each behind the byte that no text holds, as keys have them; None is no text.
        self.marked: list[Any] = [BETWEEN + text for text in texts]
        if self.sizes.max(initial=0) > MAX_VALUE or not is_utf8(b"\n".join(texts)):
            self.marked = [
                one if len(one) <= MAX_VALUE + 1 and is_utf8(one[1:]) else None
                for one in self.marked
            ]

    def __len__(self) -> int:
        return len(self._texts)

    def key(self, refs: Sequence[int]) -> bytes:
        """Return the key of a series by its labels. Raises BadSeries."""
        if len(refs) % 2 or not refs or len(refs) > 2 * MAX_LABELS:
            raise BadSeries(f"labels_refs are pairs, {MAX_LABELS} at most")
        try:
            return b"".join([self.marked[ref] for ref in refs])
        except IndexError:
            raise BadSeries("labels_refs point to no symbol") from None
        except TypeError:
            raise BadSeries(f"a text is not UTF-8, or longer than {MAX_VALUE} bytes") from None

    def text(self, ref: int) -> str:
        found = self.marked[ref] if ref < len(self) else None
        return found[1:].decode() if found else ""

    def example(self, refs: Sequence[int]) -> str:
        return shown(", ".join(self.text(ref) for ref in refs[:6]))


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def note_own_metadata(name: str, found: Any, symbols: Symbols, gathering: Gathering) -> None:
    """Note what a series of 2.0 says of its metric, whose name is without a part's ending."""
    if found.kind in WITH_PARTS:
        for ending in ("_bucket", "_sum", "_count"):
            name = name.removesuffix(ending)
    if found.kind or found.help:
        text, unit = symbols.text(found.help), symbols.text(found.unit)
        note_metadata(gathering, name, found.kind, text, unit)
