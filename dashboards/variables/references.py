"""Where a text names a variable: $name, ${name:format}, [[name]]. Pure.

$1, ${1} and a $ that no name follows are none: regular expressions and replacements keep them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
REFERENCE = re.compile(
    rf"\$(?P<plain>{NAME})"
    rf"|\$\{{(?P<braced>{NAME})(?:\.[^:{{}}]*)?(?::(?P<format>[^{{}}]*))?\}}"
    rf"|\[\[(?P<bracketed>{NAME})(?::(?P<other_format>\w+))?\]\]"
)


@dataclass(frozen=True)
class Reference:
    """One place in a text that names a variable, as `written`."""

    name: str
    format: str
    written: str
    start: int
    end: int

    @property
    def is_plain(self) -> bool:
        """Tell whether it is $name: what other languages write, too."""
        return self.written == f"${self.name}"

    @property
    def is_built_in(self) -> bool:
        return self.name.startswith("__")


def references(text: str) -> Iterator[Reference]:
    """Give the references of a text, in order."""
    for found in REFERENCE.finditer(text):
        name = found["plain"] or found["braced"] or found["bracketed"]
        written_format = found["format"] or found["other_format"] or ""
        yield Reference(name, written_format, found[0], found.start(), found.end())


def replaced(text: str, put: Callable[[Reference], str | None]) -> str:
    """Replace references; where `put` answers None they stay as they are."""
    parts, done = [], 0
    for one in references(text):
        found = put(one)
        if found is None:
            continue
        parts += [text[done : one.start], found]
        done = one.end
    return "".join([*parts, text[done:]])


def names_in(text: str, *, is_property: bool = False) -> frozenset[str]:
    """Return the names that a text refers to, built-in ones left out.

    Where a property is named, $name is no reference.
    """
    return frozenset(
        one.name
        for one in references(text)
        if not one.is_built_in and not (is_property and one.is_plain)
    )
