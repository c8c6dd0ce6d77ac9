"""Whether a PromQL expression with variables in it can be read. Pure.

What a variable will hold is not known; so each place gets a sample that can stand there, and where that
does not read, others are tried.
"""

from __future__ import annotations

import re

from analytics.promql.errors import BadQuery
from analytics.promql.parse import parse

REFERENCE = re.compile(
    r"\$(?:\{(?P<braced>\w+)(?:\.[\w.]+)?(?::[^{}]*)?\}|(?P<plain>[A-Za-z_]\w*))|\[\[(?P<bracketed>\w+)(?::\w+)?\]\]"
)
STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
COMMENT = re.compile(r"#[^\n]*")
BUILT_IN = {
    "__interval": "1m", "__rate_interval": "5m", "__range": "1h", "__auto": "1m", "__interval_ms": "60000",
    "__range_s": "3600", "__range_ms": "3600000", "__from": "1700000000000", "__to": "1700003600000",
    "timeFilter": "x", "__name": "x",
}  # fmt: skip
# What a variable outside quotes may stand for, the likeliest first.
SAMPLES = ("1", "5m", "x", "sum", "rate", "0.5", "==", "up")
MOST_SAMPLED = 200_000


def problem_in(expression: str) -> str:
    """Return why an expression cannot be read as PromQL; empty if it can."""
    if not expression.strip():
        return "There is no query."
    first = ""
    for sample in ("", *SAMPLES):
        try:
            parse(sampled(expression, sample))
        except BadQuery as problem:
            first = first or str(problem)
        except RecursionError:
            return "It is nested too deep."
        else:
            return ""
        if not REFERENCE.search(expression):
            break
    return first[:300]


def sampled(expression: str, everywhere: str = "") -> str:
    """Put samples in place of variables: by where they stand, or the given one outside quotes."""
    text = expression[:MOST_SAMPLED]
    quoted = [(found.start(), found.end()) for found in STRING.finditer(text)]

    def put(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"] or found["bracketed"]
        if name in BUILT_IN:
            return BUILT_IN[name]
        start, end = found.start(), found.end()
        if any(low < start < high for low, high in quoted):
            return "x"
        if is_in_brackets(text, start):
            return (
                "5m" if not text[start - 1].isdigit() and not text[end : end + 1].isalnum() else "1"
            )
        if is_a_matcher(text, start, end):
            return 'x="x"'
        return everywhere or by_place(text, start, end)

    return REFERENCE.sub(put, text)


def is_in_brackets(text: str, at: int) -> bool:
    """Tell whether a place stands in the brackets of a range."""
    before = text[:at]
    opened = before.rfind("[")
    if opened > before.rfind("]"):
        return True
    return re.search(r"\boffset\s+-?\s*$", before) is not None


def is_a_matcher(text: str, start: int, end: int) -> bool:
    """Tell whether a place stands for whole matchers, as in `up{job="a", $filters}`."""
    before, after = STRING.sub("", text[:start]).rstrip(), text[end:].lstrip()
    return before.rfind("{") > before.rfind("}") and before[-1] in "{," and after[:1] in ("}", ",")


def by_place(text: str, start: int, end: int) -> str:
    before, after = text[:start].rstrip(), text[end : end + 1]
    touches = (text[start - 1 : start] + after).replace(":", "a").replace("_", "a")
    if re.search(r"(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*$", before):
        return "x"
    if after == "{" or any(one.isalnum() for one in touches if one):
        return "x"
    return "sum" if after == "(" else "1"
