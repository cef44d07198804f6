"""The compiler of sources to bytecode, which the build runs inside Pyodide.

Compiled modules start in less than half the time. Docstrings, line numbers and the annotations of functions and module
names are left out, so that a first visit loads a megabyte less. The bundle never reads these parts, and Python's
tracebacks never leave the Worker. The annotations of classes stay, because dataclasses and the code for requests read
them.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import zipfile
from types import CodeType
from typing import Final

_EARLIEST_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
# PEP 552: the .pyc has the hash of its source. Python does not check this hash, because the bundle has no sources.
_UNCHECKED_HASH: Final = (1).to_bytes(4, "little")
# If a class has no docstring, `dataclass` makes one from the signature, which slows the start.
_NO_DOCSTRING: Final = "."


def compile_archive(sources: str, compiled: str) -> None:
    """Write an archive with a `.pyc` for each `.py`, uncompressed, with fixed times."""
    with zipfile.ZipFile(sources) as source, zipfile.ZipFile(compiled, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            target.writestr(zipfile.ZipInfo(f"{name}c", _EARLIEST_ZIP_TIME), compile_module(name, source.read(name)))


def compile_module(name: str, source: bytes) -> bytes:
    """The content of a `.pyc` file."""
    code: CodeType = compile(_without_words(ast.parse(source)), name, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    return header + marshal.dumps(_without_lines(code))


def _without_words(tree: ast.Module) -> ast.Module:
    tree.body = [_without_annotation(statement) for statement in tree.body]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value.value = _NO_DOCSTRING if isinstance(first.value.value, str) else first.value.value
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _without_annotation(statement: ast.stmt) -> ast.stmt:
    """`NAME: Final = …` as `NAME = …`."""
    if not isinstance(statement, ast.AnnAssign) or statement.value is None:
        return statement
    return ast.copy_location(ast.Assign([statement.target], statement.value), statement)


def _without_lines(code: CodeType) -> CodeType:
    constants = (_without_lines(item) if isinstance(item, CodeType) else item for item in code.co_consts)
    return code.replace(co_linetable=b"", co_consts=tuple(constants))
