"""Give a variable another name in everything that uses it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dashboards.variables.definitions import NAME, NAME_RULE
from dashboards.variables.insight import NAMES
from dashboards.variables.references import Reference, replaced
from portal.lib.field_error import FieldError

Json = dict[str, Any]
# Names of other things, not texts: what stands there is never a reference.
AS_THEY_ARE = ("id", "uid", "type", "kind", "library")


def renamed(document: Mapping[str, Any], old: str, new: str) -> Json:
    """Return a document in which the variable `old` is called `new`, with every use of it.

    Uses are references in any text, typed parameters of SQL, and repeated widgets. Raises FieldError
    for a name that cannot be, is taken, or is of no variable.
    """
    listed = document.get("variables")
    found = listed if isinstance(listed, list) else ()
    names = [one.get("name") for one in found if isinstance(one, Mapping)]
    if old not in names:
        raise FieldError("from", f"There is no variable “{old}” in this dashboard.")
    if not NAME.fullmatch(new):
        raise FieldError("to", NAME_RULE)
    if new in names and new != old:
        raise FieldError("to", f"Another variable is named “{new}”.")
    renaming = Renaming(old, new)
    return {name: renaming.part(name, value) for name, value in document.items()}


class Renaming:
    """One new name for one old one, in every place where a document may name a variable."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new
        self.typed = re.compile(rf"\{{(\s*){re.escape(old)}(\s*):")

    def part(self, name: str, value: Any) -> Any:
        if name == "variables" and isinstance(value, list):
            return [self.variable(one) if isinstance(one, Mapping) else one for one in value]
        if name == "widgets" and isinstance(value, list):
            return [self.widget(one) if isinstance(one, Mapping) else one for one in value]
        return value if name in AS_THEY_ARE else self.deep(value)

    def variable(self, given: Mapping[str, Any]) -> Json:
        found = self.queried(given)
        return found | ({"name": self.new} if given.get("name") == self.old else {})

    def widget(self, given: Mapping[str, Any]) -> Json:
        found = self.queried(given)
        config = found.get("config")
        repeat = config.get("repeat") if isinstance(config, dict) else None
        if isinstance(repeat, dict) and repeat.get("variable") == self.old:
            repeat["variable"] = self.new
        return found

    def queried(self, given: Mapping[str, Any]) -> Json:
        """Rename in something with a source and a query, each language in its own way."""
        found = {
            name: value if name in AS_THEY_ARE else self.deep(value)
            for name, value in given.items()
        }
        query, source = given.get("query"), given.get("source")
        if isinstance(query, str) and source == "sql":
            found["query"] = self.typed.sub(rf"{{\g<1>{self.new}\g<2>:", self.text(query))
        if isinstance(query, str) and source in ("insight", "property"):
            found["query"] = self.in_json(query)
        return found

    def in_json(self, query: str) -> str:
        """Rename in a definition, where $name as a property is the property of that name."""
        try:
            given = json.loads(query)
        except ValueError:
            return self.text(query)
        found = self.deep(given)
        return query if found == given else json.dumps(found, ensure_ascii=False)

    def deep(self, value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {name: self.deep(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self.deep(one, key) for one in value]
        return self.text(value, key) if isinstance(value, str) else value

    def text(self, text: str, key: str = "") -> str:
        def put(one: Reference) -> str | None:
            is_name = key in NAMES and one.is_plain
            if one.name != self.old or is_name:
                return None
            return one.written.replace(self.old, self.new, 1)

        return replaced(text, put)
