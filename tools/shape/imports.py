"""The imports of each module, in Python and JavaScript."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.project import ROOT
from tools.shape.sources import product, scripts, tree_of


def python_imports() -> dict[str, set[str]]:
    names = {module_name(path): path for path in product()}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for name, path in names.items():
        for node in ast.walk(tree_of(path)):
            for module in imported_modules(node, names.keys()):
                graph[name].add(module)
        graph[name].discard(name)
    return graph


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imported_modules(node: ast.AST, known: Iterable[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names if name.name in known)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            if inner in known:
                yield inner
            elif node.module in known:
                yield node.module


def script_imports() -> dict[str, set[str]]:
    known = {script["path"] for script in scripts()}
    return {
        script["path"]: {
            target for specifier in script["imports"] if (target := resolve(script["path"], specifier)) in known
        }
        for script in scripts()
    }


def resolve(importer: str, specifier: str) -> str:
    if not specifier.startswith("."):
        return specifier
    return str(((ROOT / importer).parent / specifier).resolve().relative_to(ROOT))


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected groups of at least two modules."""
    reach = {name: reachable(graph, name) for name in graph}
    groups: list[set[str]] = []
    for name in graph:
        group = {other for other in reach[name] if name in reach[other]}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    modules: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph[waiting.pop()] - modules:
            modules.add(other)
            waiting.append(other)
    return modules


def named_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
