"""Samples in the text that Prometheus's client libraries write. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import parser as prometheus
from prometheus_client.openmetrics import parser as openmetrics

from analytics.ingest.measured import NAME, BadSeries, series_from, shown
from analytics.series.identity import Series
from analytics.series.metadata import Metadata

MAX_SAMPLES = 10_000
MAX_HELP = 4_000
MAX_LINE = 64 << 10  # characters: the library's time grows with the square of a line's labels
NO_TIMESTAMPS = "Pushed samples have no timestamps: they are of now until replaced."
# What the library raises for a text that is none: its own sentences, and Python's where it did
# not look.
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError)
Found = tuple[list[tuple[Series, float]], list[Metadata]]


class BadText(ValueError):
    """The text cannot be taken; the message says why."""


def samples_in(text: str, group: dict[str, str], *, is_openmetrics: bool) -> Found:
    """Read a text's samples and metadata; the group's labels replace its own. Raises BadText."""
    families = families_in(text, openmetrics if is_openmetrics else prometheus)
    return collected((about(family), samples_of(family, group)) for family in families)


def collected(families: Iterable[tuple[Metadata, Iterable[tuple[Series, float]]]]) -> Found:
    """Put all families together. Raises BadText."""
    samples: dict[Series, float] = {}
    metadata: list[Metadata] = []
    for said, found in families:
        metadata.append(said)
        for series, value in found:
            if series in samples:
                raise BadText(f"{shown(series.name)} comes twice with the same labels.")
            samples[series] = value
        if len(samples) > MAX_SAMPLES:
            raise BadText(f"A push has {MAX_SAMPLES} samples at most.")
    return list(samples.items()), metadata


def families_in(text: str, language: Any) -> list[Any]:
    if any(len(line) > MAX_LINE for line in text.split("\n")):
        raise BadText(f"A line has {MAX_LINE >> 10} Ki characters at most.")
    try:
        return list(language.text_string_to_metric_families(text))
    except UNREADABLE as error:
        raise BadText(f"The text cannot be read: {shown(error)}.") from error


def samples_of(family: Any, group: dict[str, str]) -> Iterator[tuple[Series, float]]:
    for sample in family.samples:
        if sample.timestamp is not None:
            raise BadText(NO_TIMESTAMPS)
        yield checked_series({**sample.labels, **group, NAME: sample.name}), float(sample.value)


def checked_series(labels: dict[str, str]) -> Series:
    """Make a series. Raises BadText."""
    try:
        return series_from(labels.items())
    except BadSeries as error:
        raise BadText(f"{shown(labels[NAME])} cannot be taken: {error}.") from error


def about(family: Any) -> Metadata:
    """Return a family's metadata; a counter is called by its samples' name, as when scraped."""
    name = family.name
    if family.type == "counter" and not name.endswith("_total"):
        name += "_total"
    return Metadata(name, family.type, family.documentation[:MAX_HELP], family.unit)
