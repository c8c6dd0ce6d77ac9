"""What a variable of a dashboard asks metrics for, as Grafana writes it. Pure.

label_values(label), label_values(selector, label), label_names(), label_names(selector),
metrics(regex) and query_result(query).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from analytics.promql.errors import BadQuery
from analytics.promql.regexes import BadRegex, pattern
from analytics.promql.selectors import parse_selector
from analytics.series.matching import Matcher

Asks = Literal["values", "names", "query"]
CALL = re.compile(r"\s*(?P<function>[a-z_]+)\s*\((?P<inside>.*)\)\s*", re.DOTALL)
LABEL = re.compile(r"\s*(?:\"(?P<quoted>[^\"\\]+)\"|(?P<plain>[A-Za-z_:][\w:.]*))\s*")
NAME = "__name__"
FORMS = (
    "label_values(metric, label), label_values(label), label_names(), metrics(regex) or"
    " query_result(query)"
)


@dataclass(frozen=True)
class Lookup:
    """`values` of a label among series that pass the matchers, `names` of labels, or a query."""

    asks: Asks
    label: str = ""
    matchers: tuple[Matcher, ...] = ()
    selector: str = ""  # the matchers as they were written
    query: str = ""


def parse_lookup(text: str) -> Lookup:
    """Read a variable's query. Raises BadQuery."""
    found = CALL.fullmatch(text)
    read = READERS.get(found["function"]) if found else None
    if found is None or read is None:
        raise BadQuery(f"This is none of {FORMS}.")
    return read(found["inside"])


def label_values(inside: str) -> Lookup:
    """Read what stands in the brackets: the label is last, before it the selector, if any."""
    selector, comma, last = inside.rpartition(",")
    if comma and LABEL.fullmatch(last) and "}" not in last:
        return Lookup("values", label_of(last), matchers_of(selector), selector.strip())
    return Lookup("values", label_of(inside))


def label_names(inside: str) -> Lookup:
    if not inside.strip():
        return Lookup("names")
    return Lookup("names", "", matchers_of(inside), inside.strip())


def metrics(inside: str) -> Lookup:
    """Look for metrics; a part of the name is enough, as in a search."""
    wanted = inside.strip().strip("\"'")
    expression = f"(?:.*(?:{wanted}).*)" if wanted else ".+"
    try:
        pattern(expression)
    except BadRegex as problem:
        raise BadQuery(f"“{wanted}” is no regular expression: {problem}.") from problem
    written = expression.replace("\\", "\\\\").replace('"', '\\"')
    selector = f'{{__name__=~"{written}"}}'
    return Lookup("values", NAME, (Matcher(NAME, "=~", expression),), selector)


def query_result(inside: str) -> Lookup:
    if not inside.strip():
        raise BadQuery("query_result() needs a query, such as query_result(topk(5, up)).")
    return Lookup("query", query=inside.strip())


def label_of(text: str) -> str:
    found = LABEL.fullmatch(text)
    if found is None:
        raise BadQuery(f"“{text.strip()}” is no label's name; write {FORMS}.")
    return found["quoted"] or found["plain"]


def matchers_of(selector: str) -> tuple[Matcher, ...]:
    return tuple(parse_selector(selector.strip()))


READERS = {
    "label_values": label_values,
    "label_names": label_names,
    "metrics": metrics,
    "query_result": query_result,
}
