"""Where in a statement a mistake lies, from what was said about it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

POSITION = re.compile(r"failed at position (\d+)")
QUOTED = re.compile(r"[`'](?P<name>[\w./]+)[`']")
NAMED = re.compile(r"(?:[Ff]unction|data set|parameter|IN) (?P<name>[\w./]+)")


@dataclass(frozen=True)
class Place:
    """A piece of a text: from and to in characters from 0, line and column from 1."""

    start: int
    end: int
    line: int
    column: int


def place_of(message: str, statement: str) -> Place | None:
    """Return what a message complains of: a position of the parser, or a name in the text."""
    found = POSITION.search(message)
    if found is not None:
        before = statement.encode()[: int(found[1]) - 1].decode(errors="ignore")
        start = min(len(before), len(statement))
        return placed(start, word_end(statement, start), statement)
    for named in (*QUOTED.finditer(message), *NAMED.finditer(message)):
        word = re.search(rf"(?<!\w){re.escape(named['name'])}(?!\w)", statement, re.IGNORECASE)
        if word:
            return placed(word.start(), word.end(), statement)
    return None


def word_end(statement: str, start: int) -> int:
    word = re.compile(r"\w+|\S?").match(statement, start)
    return word.end() if word else start


def placed(start: int, end: int, statement: str) -> Place:
    before = statement[:start]
    return Place(start, end, before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1)
