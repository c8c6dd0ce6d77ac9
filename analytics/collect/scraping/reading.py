"""Read pages of metrics: Prometheus text 0.0.4 and OpenMetrics 1.0. Pure.

A target's pages differ in their values only. So a `Book` remembers, for each target, what the text
before the value stands for, and reads a known line by one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from analytics.series.identity import Series

# An open brace, then anything but a quote or a closing one, or whole quoted texts.
LABELS = r'\{(?:[^"{}]++|"(?:[^"\\]|\\.)*+")*+\}'
SAMPLE = re.compile(
    rf"[ \t]*+(?P<series>(?:[a-zA-Z_:][\w:]*+[ \t]*+(?:{LABELS})?+)|{LABELS})"
    r"[ \t]*+(?P<value>[^\s{}#]++)(?:[ \t]++(?P<ts>[^\s{}#]++))?+"
    rf"(?P<exemplar>[ \t]++\#[ \t]*+{LABELS}[^\n]*+)?+[ \t]*+",
    re.ASCII,
)
NAME = re.compile(r"[a-zA-Z_:][\w:]*+", re.ASCII)
LABEL = re.compile(
    r'[ \t]*+(?:(?P<name>[a-zA-Z_]\w*+)|"(?P<quoted>(?:[^"\\]|\\.)*+)")[ \t]*+'
    r'(?P<is>=[ \t]*+"(?P<value>(?:[^"\\]|\\.)*+)")?+[ \t]*+(?:,|$)',
    re.ASCII,
)
COMMENT = re.compile(
    r'#[ \t]++(?P<kind>HELP|TYPE|UNIT)[ \t]++(?:(?P<name>[^\s"]++)|"(?P<quoted>(?:[^"\\]|\\.)*+)")'
    r"(?:[ \t](?P<text>.*))?"
)
BLANKS = re.compile(r"[ \t]*+")
ESCAPE = re.compile(r'\\(["\\n])')
MEANING = {"n": "\n", '"': '"', "\\": "\\"}
DROPPED = -1
SPARE = 5_000  # lines that a book may remember beyond twice a page's
LARGEST_TS_MS = 253_402_300_799_000  # the year 9999


class BadPage(Exception):
    """What came is no page of metrics; the text says where and why, but not what stands there."""


@dataclass(frozen=True)
class Described:
    """What a page says of a metric. `type` is lower case, as the page has it."""

    type: str = ""
    help: str = ""
    unit: str = ""


@dataclass
class Page:
    """A page's samples in its order, and whether it says something new of its metrics.

    `places[i]` is where the book has the series of sample i, DROPPED where no series is kept of
    it. `ts` has the milliseconds of samples that came with a time of their own, by their position.
    """

    places: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    ts: dict[int, int] = field(default_factory=dict)
    says_more: bool = False


Resolve = Callable[[str, Mapping[str, str]], Series | None]


class Book:
    """All that is known of one target's pages. `resolve` says what series a sample belongs to, or
    None where none is kept; it is asked once for each text.
    """

    def __init__(self, resolve: Resolve) -> None:
        self.series: list[Series] = []
        self.described: dict[str, Described] = {}
        self._resolve = resolve
        self._places: dict[Series, int] = {}
        self._known: dict[str, int] = {}
        self._comments: set[str] = set()

    def read(self, body: bytes, *, is_openmetrics: bool) -> Page:
        """Read a page whole. Raises BadPage; then nothing of it counts."""
        lines = lines_of(body, is_openmetrics=is_openmetrics)
        self._forget_some(len(lines))
        page, texts = Page(), []
        known, comments, places = self._known, self._comments, page.places
        for number, line in enumerate(lines, 1):
            series, _, value = line.rpartition(" ")
            place = known.get(series)
            if place is None:
                if line in comments:
                    continue
                try:
                    found = self._read_line(line, page, is_openmetrics=is_openmetrics)
                except BadPage as error:
                    raise BadPage(f"Line {number}: {error}") from None
                if found is None:
                    continue
                place, value = found
            places.append(place)
            texts.append(value)
        page.values = numbers(texts)
        return page

    def _read_line(self, line: str, page: Page, *, is_openmetrics: bool) -> tuple[int, str] | None:
        """Return place and value of a line that is not known as a whole; None for what is none."""
        if not line or line[0] == "#" or line.isspace():
            self._comment(line, page)
            return None
        series, value, ts = self._taken_apart(line, may_have_exemplar=is_openmetrics)
        place = self._known.get(series)
        if place is None:
            place = self._known[series] = self._place_of(series)
        if ts:
            page.ts[len(page.places)] = moment(ts, is_openmetrics=is_openmetrics)
        return place, value

    def _taken_apart(self, line: str, *, may_have_exemplar: bool) -> tuple[str, str, str]:
        """Return series, value and time; known series are found without a full look."""
        rest = line[: line.index(" # {")] if may_have_exemplar and " # {" in line else line
        series, _, last = rest.rpartition(" ")
        if series in self._known:
            return series, last, ""
        series, _, value = series.rpartition(" ")
        if series in self._known and value and last:
            return series, value, last
        match = SAMPLE.fullmatch(line)
        if match is None or (match["exemplar"] and not may_have_exemplar):
            raise BadPage("this is no sample: a metric, its labels, and a value.")
        return self._text_before(match), match["value"], match["ts"] or ""

    def _text_before(self, match: re.Match[str]) -> str:
        """Return what `read` will look up when the line comes again, if it has single blanks."""
        return match.string[: match.start("value")].removesuffix(" ")

    def _place_of(self, text: str) -> int:
        name, labels = series_in(text)
        series = self._resolve(name, labels)
        if series is None:
            return DROPPED
        place = self._places.setdefault(series, len(self.series))
        if place == len(self.series):
            self.series.append(series)
        return place

    def _comment(self, line: str, page: Page) -> None:
        self._comments.add(line)
        match = COMMENT.fullmatch(line)
        if match:
            name = unescaped(match["quoted"]) if match["quoted"] else match["name"]
            kind, text = match["kind"].lower(), (match["text"] or "").strip()
            said = unescaped(text) if kind == "help" else text
            before = self.described.get(name, Described())
            self.described[name] = Described(**{**vars(before), kind: said})
            page.says_more = page.says_more or self.described[name] != before

    def _forget_some(self, lines: int) -> None:
        """Begin anew when the target's texts changed so often that most of what is known is old."""
        most = 2 * lines + SPARE
        if max(len(self._known), len(self._comments), len(self.series)) > most:
            self.series, self.described = [], {}
            self._places.clear()
            self._known.clear()
            self._comments.clear()


def lines_of(body: bytes, *, is_openmetrics: bool) -> list[str]:
    """Return the lines; of OpenMetrics up to its mark of the end. Raises BadPage."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadPage(f"Byte {error.start} is not UTF-8.") from error
    if "\0" in text:
        raise BadPage("There is a null character in it.")
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if not is_openmetrics:
        return lines
    if not lines or lines[-1] != "# EOF":
        raise BadPage("The page ends before its # EOF.")
    if lines.index("# EOF") != len(lines) - 1:
        raise BadPage("Something stands after # EOF.")
    return lines[:-1]


def numbers(texts: list[str]) -> list[float]:
    """Read values. Raises BadPage, for what Python takes for a number and Go does not, too."""
    try:
        found = list(map(float, texts))
    except ValueError:
        found = []
    if len(found) != len(texts) or not is_plain("".join(texts)):
        wrong = next(number for number, text in enumerate(texts, 1) if not is_number(text))
        raise BadPage(f"The value of sample {wrong} is not a number.")
    return found


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return is_plain(text)


def is_plain(text: str) -> bool:
    """Tell whether Python and Go read numbers alike: the one also takes 1_000 and other digits."""
    return "_" not in text and text.isascii()


def moment(text: str, *, is_openmetrics: bool) -> int:
    """Read a time as milliseconds: text has them whole, OpenMetrics has seconds. Raises BadPage."""
    try:
        given = float(text) * 1000 if is_openmetrics else int(text)
    except ValueError:
        raise BadPage("the time of a sample is not a number.") from None
    if not is_plain(text) or not isfinite(given) or abs(given) > LARGEST_TS_MS:
        raise BadPage("the time of a sample cannot be used.")
    return round(given)


def series_in(text: str) -> tuple[str, dict[str, str]]:
    """Take `name{label="value"}` or `{"name",label="value"}` apart. Raises BadPage."""
    text = text.strip(" \t")
    opened = text.find("{")
    if opened < 0:
        return text, {}
    name = text[:opened].rstrip(" \t")
    labels: dict[str, str] = {}
    inner, at = text[opened + 1 : -1], 0
    while at < len(inner) and not BLANKS.fullmatch(inner, at):
        match = LABEL.match(inner, at)
        if match is None:
            raise BadPage('a label is not written name="value".')
        key = unescaped(match["quoted"]) if match["quoted"] is not None else match["name"]
        if match["is"]:
            add_label(labels, key, unescaped(match["value"]))
        elif match["quoted"] and not name:
            name = key
        else:
            raise BadPage("a label has no value.")
        at = match.end()
    if not name:
        raise BadPage("a sample has no metric's name.")
    return name, labels


def add_label(labels: dict[str, str], name: str, value: str) -> None:
    if not name or name == "__name__":
        raise BadPage("a label has a name that it cannot have.")
    if name in labels:
        raise BadPage("a label stands there twice.")
    labels[name] = value


def unescaped(text: str) -> str:
    return ESCAPE.sub(lambda found: MEANING[found[1]], text) if "\\" in text else text
