"""Where `limit_ratio` places a series: Prometheus's hash of labels, so that it picks the same. Pure.

The hash is xxHash (64 bits, seed 0) over the labels as Prometheus keeps them in memory. A few
thousand series are hashed in a question that hardly anybody asks, so plain Python will do.
"""

from __future__ import annotations

from analytics.promql.outcome import Labels

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
STRIPE = 32


def sampling_offset(labels: Labels) -> float:
    """Place a series between 0 and 1."""
    return label_hash(labels) / float(MASK)


def label_hash(labels: Labels) -> int:
    return xxhash64(b"".join(_sized(part) for pair in labels for part in pair))


def _sized(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    if len(encoded) < 255:
        return bytes([len(encoded)]) + encoded
    return b"\xff" + len(encoded).to_bytes(3, "little") + encoded


def xxhash64(data: bytes) -> int:
    length, at = len(data), 0
    if length >= STRIPE:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + STRIPE <= length:
            for lane in range(4):
                word = int.from_bytes(data[at + lane * 8 : at + lane * 8 + 8], "little")
                lanes[lane] = _round(lanes[lane], word)
            at += STRIPE
        turns = zip(lanes, (1, 7, 12, 18), strict=True)
        result = sum(_turned(lane, by) for lane, by in turns) & MASK
        for lane in lanes:
            result = ((result ^ _round(0, lane)) * P1 + P4) & MASK
    else:
        result = P5
    return _finished((result + length) & MASK, data[at:])


def _finished(result: int, rest: bytes) -> int:
    at = 0
    while at + 8 <= len(rest):
        result ^= _round(0, int.from_bytes(rest[at : at + 8], "little"))
        result = (_turned(result, 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(rest):
        result ^= (int.from_bytes(rest[at : at + 4], "little") * P1) & MASK
        result = (_turned(result, 23) * P2 + P3) & MASK
        at += 4
    for byte in rest[at:]:
        result = (_turned(result ^ (byte * P5 & MASK), 11) * P1) & MASK
    result = ((result ^ (result >> 33)) * P2) & MASK
    result = ((result ^ (result >> 29)) * P3) & MASK
    return result ^ (result >> 32)


def _round(lane: int, word: int) -> int:
    return (_turned((lane + word * P2) & MASK, 31) * P1) & MASK


def _turned(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & MASK
