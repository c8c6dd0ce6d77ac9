"""Sets of labels: sorted pairs, the metric's name among them as `__name__`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from analytics.promql.outcome import Labels
from analytics.series.identity import Series

NAME = "__name__"
# What a computed series loses: it is not that metric any more.
OF_THE_METRIC = frozenset({NAME, "__type__", "__unit__"})


def of_series(series: Series) -> Labels:
    return series.pairs


def get(labels: Labels, name: str) -> str:
    """Give a label's value, empty where there is none."""
    for key, value in labels:
        if key == name:
            return value
    return ""


def without(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)


def only(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def nameless(labels: Labels) -> Labels:
    return without(labels, OF_THE_METRIC)


def changed(labels: Labels, changes: Mapping[str, str]) -> Labels:
    """Set labels; an empty value takes the label away."""
    kept: Iterable[tuple[str, str]] = (pair for pair in labels if pair[0] not in changes)
    return tuple(sorted((*kept, *(pair for pair in changes.items() if pair[1]))))


def shown(labels: Labels) -> str:
    """Write labels as Prometheus does in messages: `{__name__="up", job="x"}`."""
    return "{" + ", ".join(f"{name}={quoted(value)}" for name, value in labels) + "}"


def quoted(text: str) -> str:
    """Quote as Go's %q does."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(map(_quoted_character, (escapes.get(c, c) for c in text))) + '"'


def _quoted_character(text: str) -> str:
    if len(text) > 1 or text.isprintable():
        return text
    code = ord(text)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def is_label_name(name: str) -> bool:
    """Tell whether a text may name a label: any UTF-8 but the empty one."""
    return bool(name) and not any(0xD800 <= ord(char) <= 0xDFFF for char in name)
