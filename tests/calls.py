"""Who calls whom in our own code, read from the source: enough to ask what reaches the audit trail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("portal", "analytics", "dashboards")
RECORD = "portal.audit.trail.record"


@dataclass
class Function:
    """A function or method, and the full names of what it calls."""

    name: str  # module.function, module.Class.method
    node: ast.FunctionDef | ast.AsyncFunctionDef
    calls: set[str] = field(default_factory=set)

    @property
    def arguments(self) -> list[str]:
        return [one.arg for one in (*self.node.args.posonlyargs, *self.node.args.args)]

    @property
    def decorators(self) -> set[str]:
        return {ast.unparse(one).partition("(")[0] for one in self.node.decorator_list}


@cache
def functions() -> dict[str, Function]:
    found: dict[str, Function] = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in file.parts:
                found |= {one.name: one for one in _read(file)}
    return found


@cache
def names() -> dict[str, dict[str, str]]:
    """Return, for each module, what its top-level names stand for."""
    return {
        module_of(file): _imports(ast.parse(file.read_text()), module_of(file))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
    }


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.Module, module: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known[statement.name] = f"{module}.{statement.name}"
    return known


def _read(file: Path) -> Iterator[Function]:
    module = module_of(file)
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(f"{module}.{node.name}", node, set(_calls(node, module, "")))
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    name = f"{module}.{node.name}.{inner.name}"
                    yield Function(name, inner, set(_calls(inner, module, node.name)))


def _calls(node: ast.AST, module: str, owner: str) -> Iterator[str]:
    known = names()[module]
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id in known:
            yield known[one.id]  # called, or handed on to be called
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            if one.value.id == "self":
                yield f"{module}.{owner}.{one.attr}"
            elif one.value.id in known:
                yield f"{known[one.value.id]}.{one.attr}"


def resolved(name: str) -> str:
    """Follow names that packages hand on from their modules."""
    for _ in range(4):
        module, _, attribute = name.rpartition(".")
        further = names().get(module, {}).get(attribute, name)
        if further == name:
            return name
        name = further
    return name


def reaches_the_trail(name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Tell whether a function records, itself or by what it calls."""
    name = resolved(name)
    if name == RECORD:
        return True
    function = functions().get(name)
    if function is None or name in seen:
        return False
    return any(reaches_the_trail(call, seen | {name}) for call in sorted(function.calls))
