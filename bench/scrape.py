"""Scraping: reading a page of metrics of a known target, against prometheus_client's parser."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from prometheus_client.parser import text_string_to_metric_families

from analytics.collect.scraping.reading import Book
from analytics.series.identity import Series

ROUNDS = 40
FAMILIES, SERIES = 200, 25


def main() -> dict[str, float]:
    pages = [page(number).encode() for number in range(ROUNDS)]
    samples = FAMILIES * (SERIES + 1)
    book = Book(named)
    fresh = best_of(3, lambda: Book(named).read(pages[0], is_openmetrics=False))
    book.read(pages[0], is_openmetrics=False)
    each = iter(pages)
    known = best_of(ROUNDS, lambda: book.read(next(each), is_openmetrics=False))
    text = pages[0].decode()
    theirs = best_of(3, lambda: list(text_string_to_metric_families(text)))
    return {
        "samples/s of a known target": samples / known,
        "samples/s of a target's first page": samples / fresh,
        "samples/s of prometheus_client's parser": samples / theirs,
        "a known page, against prometheus_client's parser (ratio)": known / theirs,
    }


def named(name: str, labels: Mapping[str, str]) -> Series:
    return Series.of(name, labels, {"job": "bench"})


def page(number: int) -> str:
    """Write a page as services have it: counters by route and status, and some gauges."""
    return "".join(family(index, number) for index in range(FAMILIES))


def family(index: int, number: int) -> str:
    lines = [
        f"# HELP http_{index}_requests_total Requests answered, by route and status.",
        f"# TYPE http_{index}_requests_total counter",
        *(
            f'http_{index}_requests_total{{route="/api/v{series}/orders/:id",status="200"}}'
            f" {series * 1000 + number}"
            for series in range(SERIES)
        ),
        f"http_{index}_in_flight {number / 7}",
    ]
    return "\n".join(lines) + "\n"


def best_of(rounds: int, work: Callable[[], object]) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)
