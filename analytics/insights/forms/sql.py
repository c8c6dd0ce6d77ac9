"""The state of the SQL page: the statement, and values for its {name:Type}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import QueryDict

from analytics.insights.forms.shared import SAVED, number, text
from portal.store.guard.words import PLACEHOLDER

PREFIX = "p_"
FROM_THE_RANGE = ("from", "to", "time_zone")
NUMERIC = re.compile(r"U?Int\d+|Float\d+")
TRUE_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
MOST_IN_ADDRESS = 3_000


@dataclass(frozen=True)
class SqlForm:
    """What was typed. Values are texts, as fields are."""

    query: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    saved: str = ""  # which saved insight was opened

    @classmethod
    def read(cls, given: QueryDict) -> SqlForm:
        values = {
            name.removeprefix(PREFIX): text(given, name)
            for name in given
            if name.startswith(PREFIX)
        }
        query = text(given, "q").replace("\r\n", "\n")
        return cls(query, values, number(text(given, SAVED)))

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any], saved: str) -> SqlForm:
        """Read a kept definition."""
        given = definition.get("parameters") or {}
        values = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode()
            for name, value in given.items()
        }
        return cls(definition["query"], values, saved)

    def address(self) -> str:
        """Return the query string that brings the statement back; nothing for very long ones."""
        pairs = [("q", self.query), *((f"{PREFIX}{n}", v) for n, v in self.values.items() if v)]
        pairs += [(SAVED, self.saved)] if self.saved else []
        address = urlencode(pairs)
        return f"?{address}" if self.query and len(address) <= MOST_IN_ADDRESS else ""

    def types(self) -> dict[str, str]:
        """Return the placeholders that stand in the statement, with their types."""
        return {found["name"]: found["type"] for found in PLACEHOLDER.finditer(self.query)}

    def body(self) -> dict[str, Any]:
        """Return what the API would be sent."""
        types = self.types()
        parameters = {
            name: typed(value, types[name])
            for name, value in self.values.items()
            if name in types and (value or name not in FROM_THE_RANGE)
        }
        return {"query": self.query, "parameters": parameters}


def typed(value: str, kind: str) -> Any:
    """Read a field's text as a type's JSON; what cannot be read stays a text, and is refused."""
    if kind == "Bool":
        return TRUE_WORDS.get(value.strip().lower(), value)
    if not (NUMERIC.fullmatch(kind) or kind.startswith("Array(")):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
