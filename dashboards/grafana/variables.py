"""Grafana's templating as the portal's variables. Pure."""

from __future__ import annotations

import re
from typing import Any

from dashboards.grafana.box import Json
from dashboards.grafana.datasources import Datasources
from dashboards.grafana.expressions import problem_in
from dashboards.grafana.ledger import Given

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
SORTS = {
    0: "none", 1: "name", 2: "name_desc", 3: "number", 4: "number_desc", 5: "name", 6: "name_desc", 7: "name",
    8: "name_desc",
}  # fmt: skip
ALL = "$__all"
MOST, MOST_OPTIONS, LONGEST_VALUE, LONGEST_QUERY = 50, 1_000, 1_000, 20_000
WITH_EXPRESSION = (
    re.compile(r"^\s*label_values\(\s*(?P<expr>.+),\s*[^,()]+\)\s*$", re.DOTALL),
    re.compile(r"^\s*query_result\((?P<expr>.+)\)\s*$", re.DOTALL),
)


def read_variables(document: Given, sources: Datasources) -> list[Json]:
    """Read the variables that the portal can have; the others are in the report."""
    found: dict[str, Json] = {}
    values = constants_of(document)
    for one in document.child("templating").children("list"):
        name = one.peek("name")
        if (
            not isinstance(name, str)
            or not NAME.fullmatch(name)
            or name in found
            or len(found) >= MOST
        ):
            one.lose(
                "name",
                "A variable's name is of letters, digits and _, begins with a letter and comes once.",
            )
            continue
        made = variable_of(one, sources, values)
        if made is not None:
            found[name] = made
    return list(found.values())


def constants_of(document: Given) -> dict[str, str]:
    """Return the constants that a shared dashboard asks for when it is imported."""
    inputs = document.children("__inputs")
    return {
        str(one.peek("name")): one.text("value") for one in inputs if one.peek("type") == "constant"
    }


def variable_of(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    read = KINDS.get(str(given.peek("type")))
    if read is None:
        given.lose("type", f"The portal has no variables of the type {given.peek('type')}.")
        return None
    found = read(given, sources, values)
    if found is None:
        return None
    given.keep("type")
    found = {"name": given.text("name"), "label": given.text("label")[:120], **found}
    given.keep("description") if not given.peek("description") else None
    found["hidden"] = given.take("hide") in (2, "2", "hideVariable", True)
    return found


def of_query(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    asked = sources.read(given.peek("datasource"))
    query = query_text(given)
    if not query or "\0" in query or len(query) > LONGEST_QUERY:
        given.lose("query", "There is no query whose answers could be its options.")
        return None
    if asked.is_known and not asked.is_prometheus:
        given.lose(
            "datasource",
            f"The portal cannot ask {asked.type}: it has the options that were listed.",
        )
        return of_listed(given)
    if (expression := expression_in(query)) and (problem := problem_in(expression)):
        given.change("query", f"This cannot be read as PromQL: {problem}")
    given.keep("datasource", "definition", "refresh")
    found: Json = {"kind": "query", "source": "promql", "query": query}
    if asked.variable:
        found["server"] = f"${{{asked.variable}}}"
    sort = given.peek("sort")
    found["sort"] = SORTS.get(int(sort), "none") if isinstance(sort, int | float) else "none"
    given.keep("sort")
    if given.peek("sort") in (5, 6, 7, 8):
        given.change("sort", "Sorted by name, with letters before and after as they are written.")
    regex = given.text("regex")
    if regex:
        found["regex"] = regex[:LONGEST_VALUE]
    return found | several(given)


def expression_in(query: str) -> str:
    matches = (pattern.match(query) for pattern in WITH_EXPRESSION)
    return next((found["expr"] for found in matches if found is not None), "")


def query_text(given: Given) -> str:
    query = given.peek("query")
    if isinstance(query, str):
        return given.text("query").strip() or given.text("definition").strip()
    inner = given.child("query")
    inner.keep("refId", "qryType", "queryType")
    for name in ("query", "expr"):
        if isinstance(inner.peek(name), str) and inner.peek(name):
            return inner.text(name).strip()
    return given.text("definition").strip()


def several(given: Given) -> Json:
    """Read whether several values or all may be chosen, and what is."""
    found: Json = {"multi": given.flag("multi"), "include_all": given.flag("includeAll")}
    all_value = given.peek("allValue")
    if isinstance(all_value, str) and all_value and found["include_all"]:
        found["all_value"] = all_value[:LONGEST_VALUE]
    given.keep("allValue")
    found["value"] = chosen_value(given, found)
    return found


def chosen_value(given: Given, several: Json) -> Any:
    """Return what is chosen: Grafana keeps it as one value or a list, All as $__all or as its word."""
    current = given.child("current").peek("value")
    given.keep("current")
    listed = current if isinstance(current, list) else [current]
    texts = [
        str(one)[:LONGEST_VALUE]
        for one in listed
        if isinstance(one, str | int | float) and one != ""
    ]
    if several["include_all"] and (ALL in texts or texts == ["All"]):
        texts = [ALL]
    texts = [one for one in texts if (one != ALL or several["include_all"]) and "\0" not in one]
    if several["multi"]:
        return texts[:MOST_OPTIONS]
    return texts[0] if texts else ""


def of_custom(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    query = given.peek("query")
    if isinstance(query, str) and query.strip():
        given.keep("query", "options", "valuesFormat")
        options = [one for one in split(query) if one]
        return (
            {"kind": "custom", "options": options[:MOST_OPTIONS], **several(given)}
            if options
            else None
        )
    return of_listed(given)


def split(text: str) -> list[str]:
    """Split a list at commas that no backslash stands before."""
    parts = re.split(r"(?<!\\),", text)
    return [part.strip().replace("\\,", ",")[:LONGEST_VALUE] for part in parts]


def of_listed(given: Given) -> Json | None:
    """Make a variable of the options that are written down, or of the value that is chosen."""
    listed = [one.peek("value") for one in given.children("options")]
    current = given.child("current").peek("value")
    listed = listed or (current if isinstance(current, list) else [current])
    options = [
        str(one)[:LONGEST_VALUE]
        for one in listed
        if isinstance(one, str | int | float) and one not in ("", ALL)
    ]
    given.keep("options", "query", "definition", "refresh", "regex", "sort")
    if not options:
        return {"kind": "text", "value": ""}
    return {
        "kind": "custom",
        "options": list(dict.fromkeys(options))[:MOST_OPTIONS],
        **several(given),
    }


def of_interval(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    given.keep("query", "options", "refresh", "auto")
    options = [one for one in split(str(given.peek("query") or "")) if one and one != "auto"]
    if given.peek("auto") is True:
        options = ["auto", *options]
    if not options:
        return None
    value = chosen_value(given, {"include_all": False, "multi": False})
    value = "auto" if str(value).startswith("$__auto") and "auto" in options else value
    return {
        "kind": "interval",
        "options": options[:MOST_OPTIONS],
        "value": value if value in options else options[0],
    }


def of_constant(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    return {"kind": "constant", "value": typed(given, values)}


def of_text(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    return {"kind": "text", "value": typed(given, values)}


def typed(given: Given, values: dict[str, str]) -> str:
    """Return what was typed; an input's constant where the query only names it."""
    query = given.peek("query")
    text = query if isinstance(query, str) else ""
    text = text or str(chosen_value(given, {"include_all": False, "multi": False}))
    given.keep("query", "options", "current")
    named = re.fullmatch(r"\$\{(\w+)\}", text)
    text = values.get(named[1], "") if named else text
    return text.replace("\0", "")[:LONGEST_VALUE]


def of_datasource(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    kind = str(given.peek("query") or "")
    if kind and not sources.read({"type": kind}).is_prometheus:
        given.lose("query", f"The portal cannot ask {kind}.")
        return None
    given.keep("query", "options", "refresh", "current", "multi", "includeAll")
    given.lose("regex", "All servers that are set up can be chosen.")
    return {"kind": "server", "value": ""}


def of_switch(given: Given, sources: Datasources, values: dict[str, str]) -> Json | None:
    options = [given.text("disabledValue") or "false", given.text("enabledValue") or "true"]
    chosen = chosen_value(given, {"include_all": False, "multi": False})
    return {
        "kind": "custom",
        "options": options,
        "value": chosen if chosen in options else options[0],
    }


KINDS = {
    "query": of_query, "custom": of_custom, "interval": of_interval, "constant": of_constant, "textbox": of_text,
    "datasource": of_datasource, "switch": of_switch,
}  # fmt: skip
