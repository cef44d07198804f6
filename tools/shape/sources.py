"""The files of the project as text and as trees. The files are those of `git ls-files`, without build results."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.project import ROOT

ROOMS = ("smime_core", "sealwax", "wasm_build", "webbridge", "roaming_keys", "browser_ext")
DATA_LINES = 10


@cache
def files(suffix: str, *folders: str) -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)
    return tuple(Path(line) for line in listed.stdout.splitlines() if line.endswith(suffix))


@cache
def text_of(path: Path) -> str:
    return (ROOT / path).read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def product() -> tuple[Path, ...]:
    return files(".py", *ROOMS)


def nodes(paths: Iterable[Path]) -> Iterator[tuple[Path, ast.AST]]:
    for path in paths:
        for node in ast.walk(tree_of(path)):
            yield path, node


@cache
def scripts(folders: tuple[str, ...] = ROOMS) -> list[dict[str, Any]]:
    """The facts about each JavaScript file in these folders, from tools/shape/scripts.mjs."""
    paths = [*map(str, files(".js", *folders)), *map(str, files(".mjs", *folders))]
    written = subprocess.run(
        ["node", "tools/shape/scripts.mjs", *paths], cwd=ROOT, check=True, capture_output=True, text=True
    )
    described: list[dict[str, Any]] = json.loads(written.stdout)
    return described


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield text.strip()


def comments(path: Path) -> Iterator[str]:
    """The comments of a file, without `#`. Of comments on consecutive lines, only the first line."""
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(text_of(path)).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 or token.line.split("#")[0].strip():
                yield token.string.lstrip("# ")
            # A comment after code does not continue in the next line.
            last = -1 if token.line.split("#")[0].strip() else token.start[0]


def script_comments(script: dict[str, Any]) -> Iterator[str]:
    last = -1
    for comment in script["comments"]:
        if comment["isBlock"] or comment["line"] != last + 1:
            yield comment["text"].lstrip("*\n ")
        last = -1 if comment["isBlock"] else comment["last"]


def code_lines(path: Path, *, with_imports: bool) -> Iterator[tuple[int, str]]:
    """The numbers and texts of code lines: without blank lines, comments, docstrings and tables of literals."""
    left_out = set(lines_left_out(tree_of(path), with_imports=with_imports))
    for number, line in enumerate(text_of(path).splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#") and number not in left_out:
            yield number, text


def lines_left_out(tree: ast.Module, *, with_imports: bool) -> Iterator[int]:
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_import = not with_imports and isinstance(node, ast.Import | ast.ImportFrom)
        if is_text or is_import or is_table(node):
            assert isinstance(node, ast.stmt)
            yield from range(node.lineno, (node.end_lineno or 0) + 1)


def is_table(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    if (node.end_lineno or 0) - node.lineno + 1 <= DATA_LINES:
        return False
    return all(
        isinstance(
            inner, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.Load | ast.Name | ast.Attribute
        )
        for inner in ast.walk(node.value)
    )
