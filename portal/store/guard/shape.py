"""A statement's syntax tree, read from what EXPLAIN AST prints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from portal.store.guard import Refused

# A line is `Kind name (alias x) (children n)`, indented by one space a level.
LINE = re.compile(
    r"(?P<indent> *)(?P<kind>[\w:]+)(?: (?P<name>.*?))??"
    r"(?: \(alias (?P<alias>.*?)\))?(?: \(children (?P<count>\d+)\))?"
)


@dataclass
class Node:
    """One node: `name` is a function's, an identifier's or a literal as the engine prints it."""

    kind: str
    name: str
    count: int
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[Node, Node | None]]:
        """Give every node with its parent, from the top."""
        waiting: list[tuple[Node, Node | None]] = [(self, None)]
        while waiting:
            node, parent = waiting.pop()
            yield node, parent
            waiting.extend((child, node) for child in reversed(node.children))

    def arguments(self) -> Sequence[Node]:
        """Return a function's arguments."""
        lists = [child for child in self.children if child.kind == "ExpressionList"]
        return lists[0].children if lists else ()


def parse_tree(lines: Sequence[str]) -> Node:
    """Read a tree. Raises Refused when the lines do not add up: a name may hold a line break."""
    path: list[Node] = []
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None or (depth := len(found["indent"])) > len(path) or (path and not depth):
            raise Refused("This statement's syntax tree cannot be read.")
        node = Node(found["kind"], found["name"] or "", int(found["count"] or 0))
        del path[depth:]
        if path:
            path[-1].children.append(node)
        path.append(node)
    if not path or any(node.count != len(node.children) for node, _ in path[0].walk()):
        raise Refused("This statement's syntax tree cannot be read.")
    return path[0]
