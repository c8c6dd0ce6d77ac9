"""The rules themselves: a syntax tree and a resolved tree against what may be. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.store.guard import Refused
from portal.store.guard.functions import TABLE_FUNCTIONS, Catalogue
from portal.store.guard.shape import Node

KINDS = {
    "ArrayJoin", "Asterisk", "ColumnsExceptTransformer", "ColumnsListMatcher",
    "ColumnsRegexpMatcher", "ColumnsReplaceTransformer", "ColumnsReplaceTransformer::Replacement",
    "ColumnsTransformerList", "ExpressionList", "Function", "Identifier", "InterpolateElement",
    "Literal", "OrderByElement", "QualifiedAsterisk", "QualifiedColumnsListMatcher",
    "QualifiedColumnsRegexpMatcher", "SelectIntersectExceptQuery", "SelectQuery",
    "SelectWithUnionQuery", "Subquery", "TableExpression", "TableIdentifier", "TableJoin",
    "TablesInSelectQuery", "TablesInSelectQueryElement", "WindowDefinition", "WindowListElement",
    "WithElement",
}  # fmt: skip
INSTEAD = {
    "Set": "SETTINGS are not allowed: limits are the portal's.",
    "ColumnsApplyTransformer": "APPLY is not allowed: write the function for each column.",
    "SampleRatio": "SAMPLE is not allowed: use WHERE cityHash64(person) % 10 = 0.",
}
NAME = re.compile(r"\w+")
IN = re.compile(r"(global)?(not)?(null)?in(ignoreset)?", re.IGNORECASE)
# Where the type argument stands: a state made up by hand can bring the engine down.
TYPE_AT = {
    "cast": 1, "_cast": 1, "accuratecast": 1, "accuratecastornull": 1, "accuratecastordefault": 1,
    "reinterpret": 1, "jsonextract": -1, "jsonextractcaseinsensitive": -1, "values": 0,
    "dynamicelement": 1, "variantelement": 1,
}  # fmt: skip
TREE_LINE = re.compile(r"( *)(QUERY|UNION|TABLE|TABLE_FUNCTION) id: \d+(.*)")
CTE_NAME = re.compile(r", cte_name: (\w+)")  # the first: what follows it may be a name's own text
FUNCTION_NAME = re.compile(r", table_function_name: (\w+)")
TABLE_NAME = re.compile(r", table_name: (.*)")
NO_TABLE = "system.one"  # what a SELECT without FROM reads
OF_RECURSION = re.compile(
    r"_temporary_and_external_tables\._tmp_[-\w]+, temporary_table_name: (\w+)"
)


@dataclass(frozen=True)
class Allowed:
    """What a statement may name; `hidden` are the tables that stand behind, `databases` theirs."""

    catalogue: Catalogue
    data_sets: frozenset[str]
    hidden: frozenset[str]
    databases: frozenset[str]  # in lower case


def check(root: Node, ctes: frozenset[str], allowed: Allowed) -> frozenset[str]:
    """Return the data sets that a statement reads. Raises Refused."""
    if root.kind != "SelectWithUnionQuery":
        raise Refused("Only one SELECT is run, nothing else.")
    for name in sorted(ctes & allowed.data_sets):
        raise Refused(f"{name} is a data set; give your WITH another name.")
    used = set()
    for node, parent in root.walk():
        if node.kind not in KINDS:
            raise Refused(INSTEAD.get(node.kind, f"{node.kind} is not allowed here."))
        if node.kind == "SelectWithUnionQuery" and node.count != 1:
            raise Refused("FORMAT, INTO OUTFILE and SETTINGS are not allowed.")
        used |= tables_of(node, ctes, allowed)
        if node.kind == "Identifier":
            check_name(node.name, allowed)
        elif node.kind == "Function":
            check_function(node, parent, allowed)
        elif node.kind == "Literal" and "aggregatefunction" in node.name.lower():
            raise Refused("Types of aggregation states are not allowed.")
    return frozenset(used & allowed.data_sets)


def tables_of(node: Node, ctes: frozenset[str], allowed: Allowed) -> set[str]:
    """Return the tables that a node names by itself. Raises Refused."""
    if node.kind == "TableIdentifier":
        return {table(node.name, ctes, allowed)}
    return listed(node, allowed) if node.kind == "Function" else set()


def table(name: str, ctes: frozenset[str], allowed: Allowed) -> str:
    """Return the name of a table that may be read. Raises Refused."""
    if name in allowed.data_sets:
        return name
    if name not in ctes or not NAME.fullmatch(name):
        known = ", ".join(sorted(allowed.data_sets))
        raise Refused(f"There is no data set {name}; you may read: {known}.")
    if name in allowed.hidden:
        raise Refused(f"{name} is a reserved name; give your WITH another.")
    return name


def check_name(name: str, allowed: Allowed) -> None:
    first, dot, _ = name.partition(".")
    if dot and first.lower() in allowed.databases:
        raise Refused(f"{name} is not a column of a data set.")


def listed(node: Node, allowed: Allowed) -> set[str]:
    """Return the data set at the right of IN. Raises Refused for any other table there."""
    arguments = node.arguments()
    if not IN.fullmatch(node.name) or len(arguments) != 2 or arguments[1].kind != "Identifier":
        return set()
    name = arguments[1].name
    if not NAME.fullmatch(name) or (name in allowed.hidden and name not in allowed.data_sets):
        raise Refused(f"IN {name}: write a list or a SELECT in brackets.")
    return {name} & allowed.data_sets


def check_function(node: Node, parent: Node | None, allowed: Allowed) -> None:
    if parent is not None and parent.kind == "TableExpression":
        if node.name not in TABLE_FUNCTIONS:
            known = ", ".join(TABLE_FUNCTIONS)
            raise Refused(f"The table function {node.name} is not allowed; allowed are: {known}.")
    elif not allowed.catalogue.allows(node.name):
        raise Refused(f"The function {node.name} is not allowed, or does not exist.")
    place = TYPE_AT.get(node.name.lower())
    arguments = node.arguments()
    if place is not None and arguments and not has_literal(arguments, place):
        raise Refused(f"{node.name} needs its type written out as a text.")


def has_literal(arguments: Sequence[Node], place: int) -> bool:
    return len(arguments) > max(place, 0) and arguments[place].kind == "Literal"


def check_resolved(lines: Sequence[str], ctes: frozenset[str], data_sets: frozenset[str]) -> None:
    """Check that every table that was found stands inside a data set. Raises Refused.

    `lines` are those of EXPLAIN QUERY TREE over the statement with its data sets before it.
    """
    for kind, rest, around in tables(lines):
        if not (around & data_sets or is_harmless(kind, rest, ctes)):
            raise Refused("This statement reads a table that is no data set.")


def is_harmless(kind: str, rest: str, ctes: frozenset[str]) -> bool:
    """Tell what is no table of the store: numbers(…), no FROM at all, a recursive WITH."""
    if kind == "TABLE_FUNCTION":
        function = FUNCTION_NAME.search(rest)
        return function is not None and function[1] in TABLE_FUNCTIONS
    name = TABLE_NAME.search(rest)
    recursive = OF_RECURSION.fullmatch(name[1]) if name else None
    return bool(name and name[1] == NO_TABLE) or bool(recursive and recursive[1] in ctes)


def tables(lines: Sequence[str]) -> Iterator[tuple[str, str, set[str]]]:
    """Give every table's and table function's line, with the names of the WITHs around it."""
    around: list[tuple[int, str]] = []
    for line in lines:
        found = TREE_LINE.fullmatch(line)
        if found is None:
            continue
        depth, kind, rest = len(found[1]), found[2], found[3]
        around = [(indent, name) for indent, name in around if indent < depth]
        if kind in {"QUERY", "UNION"}:
            cte = CTE_NAME.search(rest)
            around.append((depth, cte[1] if cte else ""))
        else:
            yield kind, rest, {name for _, name in around}
