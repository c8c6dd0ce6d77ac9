"""Bodies of remote write 1.0. Pure.

Nearly every series of a body has one sample, and has come before: it is known by the bytes of its
labels, and its sample is read from its last bytes, all series at once.
"""

from __future__ import annotations

import numpy as np
from google.protobuf.message import DecodeError

from analytics.ingest.known_series import Generation
from analytics.ingest.measured import (
    BETWEEN,
    BadSeries,
    Gathering,
    Measured,
    series_from,
    series_of_key,
    shown,
)
from analytics.ingest.remote_write.shared import (
    MAX_METADATA,
    MAX_SERIES,
    SAMPLE,
    TAIL_BYTES,
    TAIL_HEAD,
    ZERO_BYTES,
    ZERO_HEAD,
    count_others,
    is_sample,
    limited,
    note_metadata,
    take_tails,
)
from analytics.ingest.wire import define
from analytics.series.identity import Series

messages = define(
    "portal.remote_write.one",
    {
        "Body": {"timeseries": (1, "bytes*"), "metadata": (3, "bytes*")},
        "Series": {
            "labels": (1, "Label*"), "samples": (2, "Sample*"), "exemplars": (3, "bytes*"),
            "histograms": (4, "bytes*"),
        },
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": SAMPLE,
        "Metadata": {
            "kind": (1, "int32"), "name": (2, "string"), "help": (4, "string"),
            "unit": (5, "string"),
        },
    },
)  # fmt: skip
LABELS = 0x0A  # how a series' label begins: field 1, with its length


def read(body: bytes, generation: Generation) -> Measured:
    """Read a body. Raises DecodeError, TooMuch, TooManyLabels."""
    message = messages["Body"].FromString(body)
    gathering = Gathering(generation, series_of_labels)
    for raw in take_known(limited(message.timeseries, MAX_SERIES, "series"), gathering):
        read_series(raw, gathering)
    for raw in limited(message.metadata, MAX_METADATA, "metadata"):
        read_metadata(raw, gathering)
    return gathering.measured()


def take_known(series: list[bytes], gathering: Gathering) -> list[bytes]:
    """Gather the only sample of each series that is known by its labels; returns the others.

    Known labels are whole fields, so what follows them is read as it would be on its own.
    """
    known = gathering.generation.slots.get
    whole: list[tuple[int, bytes]] = []
    zeros: list[tuple[int, bytes]] = []
    others: list[bytes] = []
    for raw in series:
        if (slot := known(raw[:-TAIL_BYTES])) is not None:
            whole.append((slot, raw))
        elif (slot := known(raw[:-ZERO_BYTES])) is not None:
            zeros.append((slot, raw))
        else:
            others.append(raw)
    others += take_ends(whole, gathering, head=TAIL_HEAD, size=TAIL_BYTES)
    others += take_ends(zeros, gathering, head=ZERO_HEAD, size=ZERO_BYTES)
    return others


def take_ends(
    rows: list[tuple[int, bytes]], gathering: Gathering, *, head: bytes, size: int
) -> list[bytes]:
    """Gather the samples at the ends of series; returns those whose end is no such sample."""
    if not rows:
        return []
    tails = np.frombuffer(b"".join([raw[-size:] for _, raw in rows]), np.uint8).reshape(-1, size)
    fits = is_sample(tails, head)
    take_tails([rows[place][0] for place in np.flatnonzero(fits).tolist()], tails[fits], gathering)
    return [rows[place][1] for place in np.flatnonzero(~fits).tolist()]


def read_series(raw: bytes, gathering: Gathering) -> None:
    """Read any series of 1.0, and know it by its labels the next time."""
    try:
        series = messages["Series"].FromString(raw)
    except DecodeError:
        gathering.untaken.add("a series is not readable, or its labels are not UTF-8", 1, "")
        return
    count_others(series, gathering)
    if not series.samples:
        return
    try:
        key = labels_at_the_start(raw, len(series.labels))
        slot = gathering.generation.slots.get(key) if key else None
        if slot is None:
            found = series_from((label.name, label.value) for label in series.labels)
            slot = gathering.slot(found, key)
    except BadSeries as error:
        example = ", ".join(f"{label.name}={label.value!r}" for label in series.labels[:3])
        gathering.untaken.add(str(error), len(series.samples), shown(example))
        return
    for sample in series.samples:
        gathering.add(slot, sample.timestamp, sample.value)


def labels_at_the_start(raw: bytes, count: int) -> bytes:
    """Return the bytes of a series' labels; empty unless they are its first fields, all of them."""
    at = 0
    while at < len(raw) and raw[at] == LABELS:
        length, at = length_at(raw, at + 1)
        at += length
        count -= 1
    return raw[:at] if count == 0 else b""


def length_at(raw: bytes, at: int) -> tuple[int, int]:
    """Read a varint of a message that is known to be readable; returns where it ends, too."""
    length = shift = 0
    while True:
        byte = raw[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return length, at


def series_of_labels(key: bytes) -> Series:
    """Read labels from a key: that of a series of 1.0, or any other."""
    if key.startswith(BETWEEN):
        return series_of_key(key)
    labels = messages["Series"].FromString(key).labels
    return series_from((label.name, label.value) for label in labels)


def read_metadata(raw: bytes, gathering: Gathering) -> None:
    try:
        found = messages["Metadata"].FromString(raw)
    except DecodeError:
        return  # metadata are a courtesy; no sample depends on them
    note_metadata(gathering, found.name, found.kind, found.help, found.unit)
