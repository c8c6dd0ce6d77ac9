"""What a variable offers: from answers, narrowed by its expression, in its order. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analytics.promql.regexes import BadRegex, pattern
from dashboards.variables.selection import CannotFill

MOST = 5_000  # more nobody chooses from
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")
SLASHES = re.compile(r"/(?P<body>.*)/(?P<flags>[a-z]*)", re.DOTALL)


@dataclass(frozen=True)
class Option:
    """One thing to choose: what is put into queries, and what people read."""

    value: str
    text: str

    def as_json(self) -> dict[str, str]:
        return {"value": self.value, "text": self.text}


def written(options: Iterable[str]) -> list[Option]:
    """Read options as they are typed: “value”, or “label : value”."""
    found = []
    for one in options:
        text, mark, value = one.partition(" : ")
        found.append(
            Option(value.strip(), text.strip()) if mark else Option(one.strip(), one.strip())
        )
    return distinct(found)


def plain(values: Iterable[str]) -> list[Option]:
    return [Option(value, value) for value in values]


def narrowed(options: Sequence[Option], regex: str) -> list[Option]:
    """Keep what an expression finds; a group in it takes a part, groups `text` and `value` both.

    Raises CannotFill for what is no expression.
    """
    if not regex.strip():
        return distinct(options)
    found = SLASHES.fullmatch(regex.strip())
    body = found["body"] if found else regex
    flags = "(?i)" if found and "i" in found["flags"] else ""
    try:
        compiled = pattern(flags + NAMED_GROUP.sub("(?P<", body))
    except BadRegex as problem:
        raise CannotFill(f"“{regex}” is no regular expression of RE2: {problem}.") from problem
    return distinct(taken(options, compiled))


def taken(options: Sequence[Option], compiled: object) -> Iterator[Option]:
    for one in options:
        found = compiled.search(one.value)  # type: ignore[attr-defined]  # re2 has no types
        if found is None:
            continue
        named, groups = found.groupdict(), found.groups()
        if "value" in named or "text" in named:
            value, text = named.get("value") or "", named.get("text") or ""
            yield Option(value or text, text or value)
        elif groups:
            value = next((group for group in groups if group), "")
            yield Option(value, value)
        else:
            yield one


def distinct(options: Iterable[Option]) -> list[Option]:
    """Leave out empty values and what came before."""
    kept: dict[str, Option] = {}
    for one in options:
        if one.value:
            kept.setdefault(one.value, one)
    return list(kept.values())[:MOST]


def in_order(options: Sequence[Option], sort: str) -> list[Option]:
    """Sort by text, or by the first number in it; those without a number come last."""
    if sort in ("name", "name_desc"):
        ordered = sorted(options, key=lambda one: (one.text.casefold(), one.text))
        return ordered[::-1] if sort == "name_desc" else ordered
    if sort not in ("number", "number_desc"):
        return list(options)
    sign = -1 if sort == "number_desc" else 1
    return sorted(options, key=lambda one: number_key(one, sign))


def number_key(one: Option, sign: int) -> tuple[bool, float, str]:
    found = NUMBER.search(one.text)
    return (found is None, sign * float(found[0]) if found else 0.0, one.text)
