"""Reading pages of metrics, against prometheus_client's parsers as oracles."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest as as_text
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from analytics.collect.scraping.reading import DROPPED, BadPage, Book, Described
from analytics.series.identity import Series

RECORDED = (
    Path(__file__).resolve().parents[3] / "shared/data/metrics/node_exporter_1.5.0_metrics.txt"
)
MUTATIONS = int(os.environ.get("SCRAPE_MUTATIONS", "300"))
EXEMPLAR = {"trace_id": "a # b"}
Read = tuple[Series, str, int | None]
LABELS = st.dictionaries(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(
        lambda name: not name.startswith("__") and name not in {"le", "quantile"}
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12),
    max_size=3,
)
NUMBERS = st.floats() | st.integers(-(10**9), 10**9).map(float)


def book() -> Book:
    return Book(lambda name, labels: Series.of(name, labels))


def read(
    text: str | bytes, *, is_openmetrics: bool = False, known: Book | None = None
) -> list[Read]:
    """Read a page twice, from scratch and then as a known one; both must be the same."""
    body = text.encode() if isinstance(text, str) else text
    one = known or book()
    first, again = (samples_of(one, body, is_openmetrics=is_openmetrics) for _ in range(2))
    assert first == again
    return first


def samples_of(one: Book, body: bytes, *, is_openmetrics: bool) -> list[Read]:
    page = one.read(body, is_openmetrics=is_openmetrics)
    return [
        (one.series[place], repr(value), page.ts.get(row))
        for row, (place, value) in enumerate(zip(page.places, page.values, strict=True))
    ]


def by_oracle(families: Iterable[Metric]) -> Iterator[Read]:
    for family in families:
        for sample in family.samples:
            ts = None if sample.timestamp is None else round(float(sample.timestamp) * 1000)
            yield Series.of(sample.name, sample.labels), repr(float(sample.value)), ts


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded page is not on this machine")
def test_a_recorded_page_of_node_exporter_is_read_as_the_oracle_does() -> None:
    text = RECORDED.read_text()

    found = read(text)

    assert len(found) == 533
    assert sorted(found, key=repr) == sorted(by_oracle(plain_text(text)), key=repr)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(LABELS, NUMBERS, st.none() | st.integers(0, 2**40)), max_size=5))
def test_whatever_stands_in_plain_text_is_read_as_the_oracle_does(
    samples: list[tuple[dict[str, str], float, int | None]],
) -> None:
    registry = registry_of([labels for labels, _, _ in samples], [v for _, v, _ in samples])
    timed = "".join(timed_line(*sample) for sample in samples)
    text = as_text(registry).decode() + timed

    assert sorted(read(text), key=repr) == sorted(by_oracle(plain_text(text)), key=repr)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(LABELS, NUMBERS), max_size=5))
def test_whatever_stands_in_openmetrics_is_read_as_the_oracle_does(
    samples: list[tuple[dict[str, str], float]],
) -> None:
    registry = registry_of([labels for labels, _ in samples], [value for _, value in samples])
    text = as_openmetrics(registry).decode()  # type: ignore[no-untyped-call]  # untyped upstream

    found = read(text, is_openmetrics=True)

    oracle = by_oracle(openmetrics(text))  # type: ignore[no-untyped-call]  # untyped upstream
    assert sorted(found, key=repr) == sorted(oracle, key=repr)


def registry_of(labels: list[dict[str, str]], values: list[float]) -> CollectorRegistry:
    """Make one metric of each type for each set of labels."""
    registry = CollectorRegistry()
    for number, (names, value) in enumerate(zip(labels, values, strict=True)):
        size = abs(value) if value == value else 1.0
        of: Any = {
            "labelnames": list(names),
            "registry": registry,
            "documentation": "So \\ it\nis.",
        }
        labelled(Gauge(f"gauge_{number}", **of), names).set(value)
        labelled(Counter(f"counter_{number}", **of), names).inc(size)
        labelled(Histogram(f"histogram_{number}", **of), names).observe(size, EXEMPLAR)
        labelled(Summary(f"summary_{number}", **of), names).observe(size)
    return registry


def labelled(metric: Any, labels: dict[str, str]) -> Any:
    return metric.labels(**labels) if labels else metric


def timed_line(labels: dict[str, str], value: float, ts: int | None) -> str:
    written = ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items())
    return f"timed{{{written}}} {value!r}" + ("\n" if ts is None else f" {ts}\n")


def escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def test_values_change_and_series_stay() -> None:
    known = book()
    read('a{b="c"} 1\nd 2\n', known=known)

    found = read('d 3e2\na{b="c"} +Inf 1700000000000\n', known=known)

    assert found == [
        (Series.of("d"), "300.0", None),
        (Series.of("a", {"b": "c"}), "inf", 1_700_000_000_000),
    ]
    assert len(known.series) == 2


@pytest.mark.parametrize(
    ("line", "name", "labels", "value", "ts"),
    [
        ('a{b="x} y # {"} 5', "a", {"b": "x} y # {"}, 5, None),
        (r'a{b="\"\\\n\q"} 1', "a", {"b": '"\\\n\\q'}, 1, None),
        ('  a\t{ b = "c" , d="e", }\t3   4  ', "a", {"b": "c", "d": "e"}, 3, 4),
        ("a:b_C9 -0.5 -7", "a:b_C9", {}, -0.5, -7),
        ('{"my.name",l="1"} 2', "my.name", {"l": "1"}, 2, None),
        ('{"my \\"name"} 2', 'my "name', {}, 2, None),
        ('a{"b.c"="d", e="ü"} 1 1000', "a", {"b.c": "d", "e": "ü"}, 1, 1000),
        ("a{} 1", "a", {}, 1, None),
        ('a{b=""} 1', "a", {}, 1, None),
    ],
)
def test_a_line_may_be_written_in_many_ways(
    line: str, name: str, labels: dict[str, str], value: float, ts: int | None
) -> None:
    assert read(f"{line}\n") == [(Series.of(name, labels), repr(float(value)), ts)]


def test_exemplars_are_skipped_and_times_are_seconds_in_openmetrics() -> None:
    text = 'a_bucket{le="1"} 5 # {trace_id="x"} 0.5 1.2\na_bucket{le="2"} 7 1.5 # {} 1\n# EOF\n'

    assert read(text, is_openmetrics=True) == [
        (Series.of("a_bucket", {"le": "1"}), "5.0", None),
        (Series.of("a_bucket", {"le": "2"}), "7.0", 1500),
    ]


def test_a_page_says_what_its_metrics_are() -> None:
    known = book()
    text = "# HELP a_seconds How\\nlong.\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# so\n"

    assert known.read(text.encode(), is_openmetrics=False).says_more
    assert known.described == {"a_seconds": Described("gauge", "How\nlong.", "seconds")}
    assert not known.read(text.encode(), is_openmetrics=False).says_more
    assert known.read(b"# TYPE a_seconds counter\n", is_openmetrics=False).says_more


@pytest.mark.parametrize(
    "page",
    [
        "a\n", 'a{b="c} 1\n', "a 1 2 3\n", "a 1_000\n", "a ٣\n", "a one\n", "a 1 soon\n",
        'a{b="1",b="2"} 1\n', "{} 1\n", '{"a","b"} 1\n', 'a{"b"} 1\n', 'a{b} 1\n', "a{b=c} 1\n",
        'a{b="c"}} 1\n', 'a{__name__="c"} 1\n', "<html>\n", 'a 1 # {x="y"} 1\n', "a 1 1e400\n",
        "a 1\0\n", "1a 1\n", "a-b 1\n", "a 1 9999999999999999\n",
    ],
)  # fmt: skip
def test_what_is_no_page_is_refused_whole(page: str) -> None:
    known = book()
    with pytest.raises(BadPage):
        known.read(f"good 1\n{page}".encode(), is_openmetrics=False)


@pytest.mark.parametrize("page", ["a 1\n", "", "a 1\n# EOF\na 2\n# EOF\n", "a 1\n# EOF\n\n", "# E"])
def test_openmetrics_ends_with_its_mark(page: str) -> None:
    with pytest.raises(BadPage):
        book().read(page.encode(), is_openmetrics=True)


def test_the_line_that_is_wrong_is_named_and_not_quoted() -> None:
    with pytest.raises(BadPage, match=r"^Line 3: ") as failure:
        book().read(b"a 1\nb 2\nthe password is secret\nc 1\n", is_openmetrics=False)

    assert "password" not in str(failure.value)


def test_a_value_that_is_no_number_is_named_by_its_place() -> None:
    with pytest.raises(BadPage, match="value of sample 2 "):
        book().read(b"# so\na 1\nb secret\n", is_openmetrics=False)


def test_a_series_that_is_dropped_has_no_place() -> None:
    known = Book(lambda name, labels: None if name == "b" else Series.of(name, labels))

    page = known.read(b"a 1\nb 2\n", is_openmetrics=False)

    assert page.places == [0, DROPPED]


def test_a_target_whose_labels_change_each_time_does_not_fill_the_memory() -> None:
    known = book()
    for number in range(40):
        page = "".join(f'a{{id="{number}-{one}"}} 1\n' for one in range(1000))
        known.read(page.encode(), is_openmetrics=False)

    assert len(known.series) <= 9_000


def test_random_bytes_and_mutated_pages_never_do_more_than_be_refused() -> None:
    chance = random.Random(5)
    page = RECORDED.read_bytes()[:6000] if RECORDED.exists() else b'a{b="c"} 1 2\n# TYPE a gauge\n'
    known = book()
    outcomes = set()
    for number in range(MUTATIONS):
        body = mutated(page, chance) if number % 3 else chance.randbytes(chance.randrange(300))
        try:
            known.read(body, is_openmetrics=bool(number % 2))
            outcomes.add("read")
        except BadPage:
            outcomes.add("refused")

    assert outcomes == {"read", "refused"}


def mutated(page: bytes, chance: random.Random) -> bytes:
    """Change, cut or repeat a few pieces."""
    cuts = sorted(chance.randrange(len(page)) for _ in range(chance.randrange(2, 8)))
    pieces = [page[a:b] for a, b in pairwise([0, *cuts, len(page)])]
    place = chance.randrange(len(pieces))
    what = chance.randrange(4)
    if what == 0:
        pieces[place] = b""
    elif what == 1:
        pieces[place] *= 2
    elif what == 2:
        chance.shuffle(pieces)
    else:
        odd = [*string.punctuation.encode(), 0, 9, 10, 13, 128, 255]
        pieces[place] = bytes(chance.choice(odd) for _ in range(chance.randrange(1, 5)))
    return b"".join(pieces)


def test_a_hostile_line_takes_no_more_time_than_its_length() -> None:
    line = 'a{b="' + '\\"' * 200_000 + "\n" + "a{" + 'b="c",' * 100_000 + "\n" + "{" * 300_000

    with pytest.raises(BadPage):
        book().read(line.encode(), is_openmetrics=False)


def test_a_line_of_very_many_labels_is_read_in_time() -> None:
    labels = ",".join(f'l{number}="{number}"' for number in range(200_000))

    found = book().read(f"a{{{labels}}} 1\n".encode(), is_openmetrics=False)

    assert found.values == [1.0]
