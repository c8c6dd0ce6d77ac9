"""How ${name:format} writes a variable's values. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import quote

from dashboards.variables.selection import ALL, CannotFill, Selected

SPECIAL_IN_REGEX = re.compile(r"[\\^$*+?.()|\[\]{}]")
SPECIAL_IN_LUCENE = re.compile(r'[+\-=&|><!(){}\[\]^"~*?:\\/ ]')
Written = Callable[[Selected, Sequence[str]], str]


def escaped_for_regex(value: str) -> str:
    """Return an expression of RE2 that takes this text only."""
    return SPECIAL_IN_REGEX.sub(r"\\\g<0>", value)


def formatted(selected: Selected, name: str) -> str:
    """Write the chosen values in a format. Raises CannotFill for a format that there is not."""
    write = FORMATS.get(name)
    if write is None:
        known = ", ".join(FORMATS)
        raise CannotFill(f"“{selected.name}” has no format “{name}”; known: {known}.")
    if selected.is_wildcard and name not in WITHOUT_WILDCARD:
        return selected.all_value
    return write(selected, selected.values)


def joined(sign: str) -> Written:
    return lambda _, values: sign.join(values)


def grouped(values: Sequence[str], start: str, sign: str, end: str) -> str:
    """Write several between brackets, one as it is."""
    return values[0] if len(values) == 1 else f"{start}{sign.join(values)}{end}"


def in_regex(_: Selected, values: Sequence[str]) -> str:
    return grouped([escaped_for_regex(value) for value in values], "(", "|", ")") if values else ""


def in_glob(_: Selected, values: Sequence[str]) -> str:
    return grouped(list(values), "{", ",", "}") if values else ""


def in_json(_: Selected, values: Sequence[str]) -> str:
    held: str | list[str] = values[0] if len(values) == 1 else list(values)
    return json.dumps(held, ensure_ascii=False)


def in_lucene(_: Selected, values: Sequence[str]) -> str:
    escaped = [SPECIAL_IN_LUCENE.sub(r"\\\g<0>", value) for value in values]
    if len(escaped) == 1:
        return escaped[0]
    return "({})".format(" OR ".join(f'"{value}"' for value in escaped)) if escaped else "__empty__"


def in_quotes(mark: str, escape: str) -> Written:
    def write(_: Selected, values: Sequence[str]) -> str:
        return ",".join(f"{mark}{value.replace(mark, escape)}{mark}" for value in values)

    return write


def distributed(selected: Selected, values: Sequence[str]) -> str:
    return f",{selected.name}=".join(values)


def in_address(selected: Selected, values: Sequence[str]) -> str:
    held = [ALL] if selected.is_all else values
    return "&".join(f"var-{encoded(selected.name)}={encoded(value)}" for value in held)


def encoded(value: str) -> str:
    return quote(value, safe="")


FORMATS: dict[str, Written] = {
    "csv": joined(","),
    "distributed": distributed,
    "doublequote": in_quotes('"', '\\"'),
    "glob": in_glob,
    "json": in_json,
    "lucene": in_lucene,
    "percentencode": lambda _, values: encoded(",".join(values)),
    "pipe": joined("|"),
    "queryparam": in_address,
    "raw": joined(","),
    "regex": in_regex,
    "singlequote": in_quotes("'", "\\'"),
    "sqlstring": in_quotes("'", "''"),
    "text": lambda selected, _: " + ".join(selected.words),
}
WITHOUT_WILDCARD = frozenset({"queryparam", "text"})
