"""What can stand where somebody writes a query just now. Pure.

A query that is being written is seldom one already, so this looks at the text before the cursor only,
and never refuses anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from analytics.promql.signatures import FUNCTIONS
from analytics.promql.tokens import AGGREGATORS, KEYWORDS, NUMBER_WORDS, WORD_OPERATORS
from analytics.series.matching import Matcher, Operator

Kind = Literal["expression", "label", "value", "grouping", "duration", "nothing"]

PIECE = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`)"
    r"|(?P<open>[\"'`].*)"
    r"|(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)"
    r"|(?P<number>[0-9.][0-9A-Za-z_.]*)"
    r"|(?P<match>=~|!~|!=|=)"
    r"|(?P<other>.)",
    re.DOTALL,
)
GROUPINGS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
OTHER_WORDS = AGGREGATORS | KEYWORDS | NUMBER_WORDS | WORD_OPERATORS
# A query longer than this is not completed.
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Completion:
    """What is expected at the cursor.

    `typed` is what stands there already, from `start` on. For labels and values `metric` is the
    selector's name and `matchers` what its braces say already; for a value `label` is whose.
    For a grouping `metrics` are all names of the query.
    """

    kind: Kind
    start: int
    typed: str
    metric: str = ""
    label: str = ""
    matchers: tuple[Matcher, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass
class _Bracket:
    """A bracket that is open at the cursor, and what stood before it."""

    mark: str
    before: str
    pieces: list[tuple[str, str]] = field(default_factory=list)


def completion(query: str, cursor: int) -> Completion:
    """Say what can stand at a cursor, counted in characters of the query."""
    cursor = max(0, min(cursor, len(query)))
    if cursor > MOST_CHARACTERS:
        return Completion("nothing", cursor, "")
    pieces = [
        (match.lastgroup or "other", match[0], match.start())
        for match in PIECE.finditer(query[:cursor])
    ]
    kind, text, start = pieces[-1] if pieces else ("space", "", cursor)
    if kind == "comment" and "\n" not in text:
        return Completion("nothing", cursor, "")
    is_typing = kind in ("word", "number", "open")
    inside = _innermost(pieces[:-1] if is_typing else pieces)
    typed, start = (text, start) if is_typing else ("", cursor)
    if kind == "open":
        return _in_text(inside, typed, start)
    return _at_word(query, inside, typed, start)


def _innermost(pieces: Sequence[tuple[str, str, int]]) -> _Bracket:
    """Find the bracket that is still open, with what stands inside it so far."""
    stack = [_Bracket("", "")]
    last = ""
    for kind, text, _ in pieces:
        if kind in ("space", "comment"):
            continue
        if kind == "other" and text in "({[":
            stack.append(_Bracket(text, last))
        elif kind == "other" and text in ")}]":
            if len(stack) > 1:
                stack.pop()
        else:
            stack[-1].pieces.append((kind, text))
        last = text
    return stack[-1]


def _in_text(inside: _Bracket, typed: str, start: int) -> Completion:
    kinds = [kind for kind, _ in inside.pieces[-2:]]
    if inside.mark != "{" or kinds != ["word", "match"]:
        return Completion("nothing", start, typed)
    label = inside.pieces[-2][1]
    matchers = _matchers(inside.pieces[:-2])
    metric = _name_of(inside)
    return Completion("value", start + 1, typed[1:], metric, label, matchers)


def _at_word(query: str, inside: _Bracket, typed: str, start: int) -> Completion:
    if inside.mark == "[":
        return Completion("duration", start, typed)
    if inside.mark == "{":
        if inside.pieces and inside.pieces[-1] != ("other", ","):
            return Completion("nothing", start, typed)
        metric, matchers = _name_of(inside), _matchers(inside.pieces)
        return Completion("label", start, typed, metric, matchers=matchers)
    if inside.mark == "(" and inside.before.lower() in GROUPINGS:
        return Completion("grouping", start, typed, metrics=metrics_of(query))
    if typed[:1].isdigit() or typed[:1] == ".":
        return Completion("nothing", start, typed)
    return Completion("expression", start, typed)


def _name_of(inside: _Bracket) -> str:
    return inside.before if re.fullmatch(r"[A-Za-z_:][A-Za-z0-9_:]*", inside.before) else ""


def _matchers(pieces: Sequence[tuple[str, str]]) -> tuple[Matcher, ...]:
    """Read the matchers that are whole."""
    found: list[Matcher] = []
    for place in range(len(pieces) - 2):
        (one, name), (two, op), (three, value) = pieces[place : place + 3]
        if (one, two, three) == ("word", "match", "string"):
            operators: dict[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
            found.append(Matcher(name, operators[op], value[1:-1]))
    return tuple(found)


def metrics_of(query: str) -> tuple[str, ...]:
    """Name the metrics that a query asks for, as far as it is written."""
    found: dict[str, None] = {}
    depth, before = 0, ""
    pieces = [
        match for match in PIECE.finditer(query) if match.lastgroup not in ("space", "comment")
    ]
    for place, match in enumerate(pieces):
        text = match[0]
        following = pieces[place + 1][0] if place + 1 < len(pieces) else ""
        depth += (text in "{[") - (text in "}]") if len(text) == 1 else 0
        if text == "(" and before.lower() in GROUPINGS:
            depth += 1000
        if text == ")" and depth >= 1000:
            depth -= 1000
        is_metric = text not in FUNCTIONS and text.lower() not in OTHER_WORDS
        if match.lastgroup == "word" and depth == 0 and is_metric and following != "(":
            found[text] = None
        before = text
    return tuple(found)
