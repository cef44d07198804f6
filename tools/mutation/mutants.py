"""Mutants of a module: each has one check less than the source.

A mutant keeps all line numbers, and all names to which the code refers, so that its code objects can replace the
originals in a running process (`tools.mutation.surgery`).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHECKS: Final = ("check", "verify", "expect", "validate", "spend", "refuse")
_OPPOSITES: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A module with one change: `change` describes the change to the source text `source`.

    A test that runs one of `lines` runs the changed code. `body` is the first line that runs if a changed condition is
    true. For other statements, `body` is the statement's line.
    """

    path: Path
    lines: tuple[int, ...]
    body: int
    change: str
    source: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.change}: {self.source}"

    @property
    def line(self) -> int:
        """The line of the changed source text."""
        return self.lines[0]


def find_mutants(path: Path, text: str) -> Iterator[Mutant]:
    """Every mutant of the module `text`, in the order of its lines."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    statements = _enclosing_statements(tree)
    mutants = []
    for number, node in enumerate(nodes):
        if id(node) not in statements:
            continue
        statement = statements[id(node)]
        body = statement.body[0].lineno if isinstance(statement, ast.If | ast.While) else statement.lineno
        lines = tuple(dict.fromkeys((getattr(node, "lineno", statement.lineno), statement.lineno)))
        source = " ".join(ast.unparse(node).split())[:110] if any(_changes(node)) else ""
        for change in _changes(node):
            altered = copy.deepcopy(tree)
            other = list(ast.walk(altered))[number]
            _replace(altered, other, _apply(other, change))
            mutants.append(Mutant(path=path, lines=lines, body=body, change=change, source=source, tree=altered))
    yield from sorted(mutants, key=lambda mutant: (mutant.line, mutant.change))


def _enclosing_statements(tree: ast.Module) -> dict[int, ast.stmt]:
    # The innermost statement around each node inside a function, by the id() of the node. For a statement, it is the
    # statement itself.
    statements: dict[int, ast.stmt] = {}

    def descend(node: ast.AST, statement: ast.stmt | None, *, inside: bool) -> None:
        if isinstance(node, ast.stmt):
            statement = node
        if inside and statement is not None:
            statements[id(node)] = statement
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            descend(child, statement, inside=inside)

    descend(tree, None, inside=False)
    return statements


def _changes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If):
        if any(isinstance(statement, ast.Raise) for statement in node.body):
            yield "never taken"
            if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or):
                for number in range(len(node.test.values)):
                    yield f"operand {number + 1} never true"
    elif isinstance(node, ast.Raise):
        yield "not raised"
    elif isinstance(node, ast.Expr) and _is_check(node.value):
        yield "not called"
    elif isinstance(node, ast.Call) and _is_check(node) and _name(node) == "expect" and node.args:
        yield "expects anything"
    elif _is_comparison(node):
        yield "negated"


def _is_comparison(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_check(value: ast.expr) -> bool:
    if isinstance(value, ast.Await):
        value = value.value
    return isinstance(value, ast.Call) and _name(value).lstrip("_").startswith(_CHECKS)


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _apply(node: ast.AST, change: str) -> ast.AST:
    # No node is removed from the tree: `__code__` accepts only code that captures the same names.
    if isinstance(node, ast.If):
        if change == "never taken":
            node.test = _never(node.test)
        elif isinstance(node.test, ast.BoolOp):
            number = int(change.split()[1]) - 1
            node.test.values[number] = _never(node.test.values[number])
        return node
    if isinstance(node, ast.Raise | ast.Expr):
        return ast.copy_location(ast.If(test=ast.Constant(None), body=[node], orelse=[]), node)
    if isinstance(node, ast.Call):
        return node.args[0]
    if isinstance(node, ast.Compare):
        node.ops[0] = _OPPOSITES[type(node.ops[0])]()
        return node
    assert isinstance(node, ast.UnaryOp)
    return node.operand


def _never(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.BoolOp(op=ast.And(), values=[test, ast.Constant(None)]), test)


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    if new is not old:
        for parent in ast.walk(tree):
            if parent is new or parent is old:
                continue
            for field, value in ast.iter_fields(parent):
                if value is old:
                    setattr(parent, field, new)
                elif isinstance(value, list) and any(element is old for element in value):
                    value[:] = [new if element is old else element for element in value]
    ast.fix_missing_locations(tree)
