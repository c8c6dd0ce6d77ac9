"""What stands in a statement's text that its syntax tree does not tell. Pure.

The text is always one that the engine has written itself (formatQuerySingleLine): no comments, one
way to quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from portal.store.guard import Refused

WORD = re.compile(
    r"'(?:\\.|''|[^'\\])*'|`(?:\\.|``|[^`\\])*`|\"(?:\\.|\"\"|[^\"\\])*\""
    r"|\{\s*\w+\s*:[^{}]*\}|\w+|\S",
    re.DOTALL,
)
PLACEHOLDER = re.compile(r"\{\s*(?P<name>\w+)\s*:\s*(?P<type>[^{}]*?)\s*\}")
NAME = re.compile(r"\w+")
BEGINNINGS = ("SELECT", "WITH", "(")


def words_of(text: str) -> list[str]:
    """Cut a text into words, strings, quoted names, placeholders and signs.

    Raises Refused for what is no SELECT, and for names that need an escape.
    """
    words = WORD.findall(text)
    if not words or words[0] not in BEGINNINGS:
        raise Refused("Only one SELECT is run, nothing else: begin with SELECT or WITH.")
    if any(word[0] in '`"' and "\\" in word for word in words):
        raise Refused("Names with line breaks or escapes are not read; choose a plain alias.")
    return words


def named_queries(words: Sequence[str]) -> frozenset[str]:
    """Return the names of WITH … AS (SELECT …). Raises Refused for one that must be quoted."""
    found = set()
    for place, word in enumerate(words[:-3]):
        following = words[place + 1 : place + 4]
        if following[1] == "MATERIALIZED":
            following = [following[0], *words[place + 3 : place + 5]]
        if following[:2] == ["AS", "("] and following[2] in BEGINNINGS:
            if not NAME.fullmatch(unquoted(word)):
                raise Refused("Name a WITH by letters, digits and _ only.")
            found.add(unquoted(word))
    return frozenset(found)


def placeholders(words: Sequence[str]) -> dict[str, str]:
    """Return the parameters' names and types. Raises Refused when one is read as two types."""
    types: dict[str, str] = {}
    for word in words:
        found = PLACEHOLDER.fullmatch(word)
        if found is None:
            continue
        if types.setdefault(found["name"], found["type"]) != found["type"]:
            raise Refused(f"The parameter {found['name']} has two different types.")
    return types


def unquoted(word: str) -> str:
    return word[1:-1] if word[0] in '`"' else word
