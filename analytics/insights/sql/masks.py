"""A person's buckets as bits: bit i of the words is set when they were active in bucket i. Pure."""

from __future__ import annotations

from analytics.insights.buckets import Grid

WORD = 64
MAX_BUCKETS = 1_024
NOWHERE = 65_535  # a bucket whose bit lies in no word


def words_of(grid: Grid) -> range:
    return range(-(-len(grid) // WORD))


def columns(name: str, words: range, bucket: str, shape: str) -> str:
    """Return the SQL of one column a word: name0, name1, …; `shape` holds a place for {bit}."""
    return ", ".join(f"{shape.format(bit=_bit(bucket, word))} AS {name}{word}" for word in words)


def names(name: str, words: range) -> list[str]:
    return [f"{name}{word}" for word in words]


def is_any(name: str, words: range) -> str:
    return " OR ".join(f"{name}{word} != 0" for word in words)


def _bit(bucket: str, word: int) -> str:
    """Return a word with the bit of a bucket, if that lies in this word."""
    bit = f"bitShiftLeft(toUInt64(1), {bucket} % {WORD})"
    return f"if(intDiv({bucket}, {WORD}) = {word}, {bit}, toUInt64(0))"
