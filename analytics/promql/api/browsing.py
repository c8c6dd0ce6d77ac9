"""Looking around: which series, labels and values there are, and what metrics are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from analytics.promql.answers import TRUNCATED, Answer, listed, plain
from analytics.promql.api.answering import ApiError, FormView, PrometheusView
from analytics.promql.api.described import METADATA, SERIES, TEXTS
from analytics.promql.errors import BadQuery
from analytics.promql.parameters import BadParameter, Form, quoted
from analytics.promql.selectors import parse_selector
from analytics.promql.writing import labels_of, metric
from analytics.series import metadata
from analytics.series.matching import Matcher
from analytics.series.metadata import Metadata
from analytics.series.reading import EngineStorage

# What the engine's DateTime64 can hold; nothing was measured outside.
EARLIEST_MS, LATEST_MS = -2_208_988_800_000, 10_413_791_999_000
ESCAPED = re.compile(r"_([0-9a-fA-F]+)_|__|_")
NO_CHARACTER = 0x110000
T = TypeVar("T")
Sets = Sequence[Sequence[Matcher]]


class SeriesView(FormView):
    """List the series that pass any of the selectors."""

    operations = {"get": SERIES, "post": SERIES}

    def answer(self, form: Form, **path: str) -> Answer:
        if not form.all("match[]"):
            raise ApiError("bad_data", "no match[] parameter provided")
        limit, sets = form.limit(), sets_of(form)
        start, end = between(form)
        found = EngineStorage().find_series(sets, start, end, limit=one_more(limit))
        rows, warnings = cut(sorted(map(labels_of, found)), limit)
        return Answer(listed(map(metric, rows)), warnings)


class LabelsView(FormView):
    """List the names of labels."""

    operations = {"get": TEXTS, "post": TEXTS}

    def answer(self, form: Form, **path: str) -> Answer:
        limit, sets = form.limit(), sets_of(form)
        start, end = between(form)
        found = EngineStorage().label_names(sets, start, end, limit=one_more(limit))
        return texts(found, limit)


class LabelValuesView(PrometheusView):
    """List the values of one label."""

    operations = {"get": TEXTS}

    def answer(self, form: Form, **path: str) -> Answer:
        name = unescaped(path["name"])
        if not name:
            raise ApiError("bad_data", f"invalid label name: {quoted(path['name'])}")
        limit, sets = form.limit(), sets_of(form)
        start, end = between(form)
        found = EngineStorage().label_values(name, sets, start, end, limit=one_more(limit))
        return texts(found, limit)


class MetadataView(PrometheusView):
    """Say what metrics are: their types, help texts and units."""

    operations = {"get": METADATA}

    def answer(self, form: Form, **path: str) -> Answer:
        limit = number(form, "limit")
        found = metadata.read(
            form.text("metric"),
            limit=max(limit or 0, 0),
            limit_per_metric=max(number(form, "limit_per_metric") or 0, 0),
        )
        if limit == 0:
            return plain({})
        return plain({name: [said(one) for one in sayings] for name, sayings in found.items()})


def said(one: Metadata) -> dict[str, str]:
    return {"type": one.type, "help": one.help, "unit": one.unit}


def sets_of(form: Form) -> Sets:
    """Return the matchers of each selector. Raises BadParameter."""
    try:
        return [parse_selector(text) for text in form.all("match[]")]
    except BadQuery as error:
        raise BadParameter("match[]", str(error)) from error


def between(form: Form) -> tuple[int, int]:
    """Return the range that is asked about; all times where nothing is said."""
    start = form.moment("start", otherwise=EARLIEST_MS)
    end = form.moment("end", otherwise=LATEST_MS)
    if end < start:
        raise BadParameter("end", "end timestamp must not be before start timestamp")
    return max(start, EARLIEST_MS), min(end, LATEST_MS)


def number(form: Form, name: str) -> int | None:
    text = form.text(name)
    if text and not re.fullmatch(r"[+-]?\d{1,18}", text):
        raise ApiError("bad_data", f"{name} must be a number")
    return int(text) if text else None


def one_more(limit: int) -> int:
    """Return how many to ask for, so that it is seen whether there are more."""
    return limit + 1 if limit else 0


def texts(found: Sequence[str], limit: int) -> Answer:
    shown, warnings = cut(found, limit)
    return Answer(plain(list(shown)).data, warnings)


def cut(rows: Sequence[T], limit: int) -> tuple[Sequence[T], tuple[str, ...]]:
    if 0 < limit < len(rows):
        return rows[:limit], (TRUNCATED,)
    return rows, ()


def unescaped(name: str) -> str:
    """Return a label's name that was escaped for an address: U__http_2e_status is http.status."""
    if not name.startswith("U__"):
        return name

    def plain_text(found: re.Match[str]) -> str:
        number = int(found[1], 16) if found[1] else NO_CHARACTER
        is_half = 0xD800 <= number <= 0xDFFF  # of a character, as UTF-16 has them
        return "_" if is_half or number > 0x10FFFF else chr(number)

    return ESCAPED.sub(plain_text, name[3:])
