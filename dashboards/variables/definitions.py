"""A dashboard's variables as they are written, checked field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from dashboards.variables.references import names_in
from dashboards.variables.selection import ALL
from portal.lib.field_error import FieldError
from portal.lib.reading import Reader, name_of

Json = dict[str, Any]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
KINDS = ("query", "custom", "interval", "constant", "text", "server")
SOURCES = ("promql", "property", "sql")
SORTS = ("none", "name", "name_desc", "number", "number_desc")
WITH_OPTIONS = ("query", "custom", "interval", "server")
MOST_VARIABLES, MOST_OPTIONS = 50, 1_000
LONGEST_QUERY, LONGEST_VALUE = 20_000, 1_000
NAME_RULE = "A name has letters, digits and _ only, begins with a letter, 50 characters at most."


@dataclass(frozen=True)
class Variable:
    """One variable; `value` is what is chosen where nobody chooses."""

    name: str
    label: str = ""
    kind: str = "custom"
    source: str = ""
    query: str = ""
    server: str = ""  # of a query in PromQL: the id of another server, or a variable that names it
    options: tuple[str, ...] = ()
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    regex: str = ""
    sort: str = "none"
    value: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def title(self) -> str:
        return self.label or self.name

    @property
    def has_options(self) -> bool:
        return self.kind in WITH_OPTIONS

    @property
    def needs(self) -> frozenset[str]:
        """Return the names of the variables that its options depend on."""
        if not self.has_options:
            return NONE
        texts = (self.regex, self.server, *self.options)
        # $platform as a property is the built-in property of that name.
        found = names_in(self.query, is_property=self.source == "property")
        return found.union(*(names_in(text) for text in texts))


NONE: frozenset[str] = frozenset()


def parse_variables(given: Any, path: str = "variables") -> tuple[Variable, ...]:
    """Read a document's variables. Raises FieldError that names the field: variables[2].query."""
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise FieldError(path, f"This must be a list, not {name_of(given)}.")
    if len(given) > MOST_VARIABLES:
        raise FieldError(path, f"A dashboard has {MOST_VARIABLES} variables at most.")
    found = tuple(parse_variable(one, f"{path}[{place}]") for place, one in enumerate(given))
    seen: set[str] = set()
    for place, one in enumerate(found):
        if one.name in seen:
            raise FieldError(f"{path}[{place}].name", f"Two variables are named “{one.name}”.")
        seen.add(one.name)
    return found


def stored(given: Any) -> tuple[Variable, ...]:
    """Read variables that were checked when they were saved; what cannot be read is left out."""
    found = []
    for one in given if isinstance(given, list) else ():
        try:
            found.append(parse_variable(one, "variable"))
        except FieldError:
            continue
    return tuple(found)


def parse_variable(given: Any, path: str) -> Variable:
    """Read one variable. Raises FieldError."""
    reader = Reader(given, path)
    kind = reader.choice("kind", KINDS, "custom")
    found = Variable(
        name=named(reader),
        label=short(reader, "label", 120),
        kind=kind,
        source=source_of(reader, kind),
        query=short(reader, "query", LONGEST_QUERY),
        server=server_of(reader),
        options=texts(reader, "options"),
        multi=reader.flag("multi"),
        include_all=reader.flag("include_all"),
        all_value=short(reader, "all_value", LONGEST_VALUE),
        regex=short(reader, "regex", LONGEST_VALUE),
        sort=reader.choice("sort", SORTS, "none"),
        value=value_of(reader),
        hidden=reader.flag("hidden"),
    )
    reader.finish()
    check(found, path)
    return found


def check(one: Variable, path: str) -> None:
    """Refuse what cannot be together. Raises FieldError."""
    if one.kind == "query" and not one.query.strip():
        raise FieldError(f"{path}.query", "Say what its options are asked with.")
    if one.kind in ("custom", "interval") and not one.options:
        raise FieldError(f"{path}.options", "Give at least one option.")
    if (one.multi or one.include_all) and one.kind not in ("query", "custom"):
        field = "multi" if one.multi else "include_all"
        raise FieldError(f"{path}.{field}", f"A variable of the kind {one.kind} has one value.")
    if len(one.value) > 1 and not one.multi:
        raise FieldError(f"{path}.value", "Several values need `multi`.")
    if ALL in one.value and not one.include_all:
        raise FieldError(f"{path}.value", "All needs `include_all`.")


def named(reader: Reader) -> str:
    name = reader.take("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise FieldError(reader.at("name"), NAME_RULE)
    return name


def source_of(reader: Reader, kind: str) -> str:
    given = reader.take("source")
    if kind != "query":
        return ""
    if given in (None, ""):
        return "promql"
    if given not in SOURCES:
        raise FieldError(reader.at("source"), f"This must be one of: {', '.join(SOURCES)}.")
    return str(given)


def server_of(reader: Reader) -> str:
    value = reader.take("server")
    return str(value) if isinstance(value, int) else checked(value, reader.at("server"), 100)


def short(reader: Reader, name: str, most: int) -> str:
    return checked(reader.take(name), reader.at(name), most)


def checked(value: Any, path: str, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(path, f"This must be a string, not {name_of(value)}.")
    if len(value) > most or "\0" in value:
        raise FieldError(path, f"A text of at most {most:,} characters, without null characters.")
    return value


def texts(reader: Reader, name: str) -> tuple[str, ...]:
    return reader.each(name, lambda one, at: checked(one, at, LONGEST_VALUE), most=MOST_OPTIONS)


def value_of(reader: Reader) -> tuple[str, ...]:
    """Read one value or a list of them; an empty text is none."""
    given = reader.values.get("value")
    if isinstance(given, list):
        return texts(reader, "value")
    found = short(reader, "value", LONGEST_VALUE)
    return (found,) if found else ()


def as_json(one: Variable) -> Json:
    """Return a variable as documents hold it: one value is a text, several are a list."""
    found: Json = {field.name: getattr(one, field.name) for field in fields(one)}
    found |= {"options": list(one.options)}
    found["value"] = list(one.value) if one.multi else (one.value[0] if one.value else "")
    return {name: value for name, value in found.items() if name != "server" or value}


def chosen_in(wanted: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return what an address or a message chooses for a variable: a text or a list of them."""
    given = wanted.get(name)
    if isinstance(given, str):
        return (given,)
    return tuple(given) if given else ()
