"""The regular expressions of Python files, found by the syntax tree.

A pattern counts when it is passed to a function of `re`, under any name by which it was imported. If a pattern is put
together from constants of the same module, its text is computed. Any other pattern is built at run time, and has no
text here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# The position of the flags among the arguments of each function.
_FLAGS_AT: Final = {
    "compile": 1, "match": 2, "fullmatch": 2, "search": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4, "subn": 4,
}  # fmt: skip
_EVERY_WAY: Final = frozenset(("match", "fullmatch", "search", "finditer"))
_WAY_OF_METHOD: Final = {
    "match": "match", "fullmatch": "fullmatch", "search": "search", "findall": "finditer", "finditer": "finditer",
    "split": "finditer", "sub": "finditer", "subn": "finditer", "scanner": "finditer",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPattern:
    """One pattern. `text` is None if the pattern is built at run time; `written` is the source of its expression."""

    file: str
    line: int
    written: str
    text: str | bytes | None
    flags: int
    ways: frozenset[str]


def find_patterns(root: Path, files: list[str]) -> list[FoundPattern]:
    """All patterns of the files, in their order."""
    return [pattern for file in files for pattern in find_in_source((root / file).read_text(encoding="utf-8"), file)]


def find_in_source(source: str, file: str) -> list[FoundPattern]:
    """All patterns of one module."""
    module = _Module(ast.parse(source, file))
    return [
        FoundPattern(
            file=file,
            line=call.lineno,
            written=ast.unparse(pattern),
            text=module.fold(pattern),
            flags=module.flags(call, function),
            ways=module.ways(call, function),
        )
        for call, function, pattern in module.calls()
    ]


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}
        self._modules: set[str] = set()
        self._functions: dict[str, str] = {}
        self._values: dict[str, ast.expr | None] = {}
        for node in self._nodes:
            self._take_imports(node)
        for statement in tree.body:
            self._take_values(statement)

    def _take_imports(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            self._modules |= {name.asname or name.name for name in node.names if name.name == "re"}
        elif isinstance(node, ast.ImportFrom) and node.module == "re":
            self._functions |= {name.asname or name.name: name.name for name in node.names}

    def _take_values(self, statement: ast.stmt) -> None:
        # A name that is bound twice is no constant.
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                self._values[target.id] = None if target.id in self._values else value

    def calls(self) -> Iterator[tuple[ast.Call, str, ast.expr]]:
        for node in self._nodes:
            if not isinstance(node, ast.Call):
                continue
            function = self._function(node.func)
            patterns = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "pattern")]
            if function in _FLAGS_AT and patterns:
                yield node, function, patterns[0]

    def _function(self, called: ast.expr) -> str:
        if isinstance(called, ast.Name):
            return self._functions.get(called.id, "")
        if (
            isinstance(called, ast.Attribute)
            and isinstance(called.value, ast.Name)
            and called.value.id in self._modules
        ):
            return called.attr
        return ""

    def fold(self, node: ast.expr | None) -> str | bytes | None:
        """The text to which an expression of constants evaluates; None for any other expression."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | bytes) else None
        if isinstance(node, ast.Name):
            return self.fold(self._values.get(node.id))
        if isinstance(node, ast.JoinedStr):
            pieces = [self.fold(value) for value in node.values]
            texts = [piece for piece in pieces if isinstance(piece, str)]
            return "".join(texts) if len(texts) == len(pieces) else None
        if isinstance(node, ast.FormattedValue):
            return self.fold(node.value) if node.conversion == -1 and node.format_spec is None else None
        if isinstance(node, ast.Call):
            return self._join(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.fold(node.left), self.fold(node.right)
            if isinstance(left, str) and isinstance(right, str):
                return left + right
            return left + right if isinstance(left, bytes) and isinstance(right, bytes) else None
        return None

    def _join(self, call: ast.Call) -> str | None:
        # `"|".join((…))` of constants
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "join" or len(call.args) != 1:
            return None
        separator, items = self.fold(call.func.value), call.args[0]
        if not isinstance(separator, str) or not isinstance(items, ast.Tuple | ast.List):
            return None
        texts = [text for text in map(self.fold, items.elts) if isinstance(text, str)]
        return separator.join(texts) if len(texts) == len(items.elts) else None

    def flags(self, call: ast.Call, function: str) -> int:
        place = _FLAGS_AT[function]
        arguments = [*call.args[place : place + 1], *(word.value for word in call.keywords if word.arg == "flags")]
        value = 0
        for node in ast.walk(arguments[0]) if arguments else ():
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            value |= getattr(re, name, 0) if name.isupper() else 0
        return int(value)

    def ways(self, call: ast.Call, function: str) -> frozenset[str]:
        """The functions that apply the pattern. If they cannot be found, all functions."""
        if function != "compile":
            return frozenset((_WAY_OF_METHOD[function],))
        parent = self._parents.get(call)
        if isinstance(parent, ast.Attribute) and parent.attr in _WAY_OF_METHOD:
            return frozenset((_WAY_OF_METHOD[parent.attr],))
        targets = getattr(parent, "targets", None) or [getattr(parent, "target", None)]
        if len(targets) != 1 or not isinstance(targets[0], ast.Name) or not targets[0].id.startswith("_"):
            return _EVERY_WAY
        return self._ways_of_name(targets[0].id)

    def _ways_of_name(self, name: str) -> frozenset[str]:
        ways: set[str] = set()
        for node in self._nodes:
            if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
                continue
            use = self._parents[node]
            if isinstance(use, ast.Attribute) and use.attr in _WAY_OF_METHOD:
                ways.add(_WAY_OF_METHOD[use.attr])
            elif not isinstance(use, ast.Compare):
                return _EVERY_WAY
        return frozenset(ways) or _EVERY_WAY
