"""The Python files that go into the bundle: the modules that the Worker calls, and all their imports.

The imports are read from the source, including imports inside functions. Imports for the type checker are left out.
Imported modules that are not below the root are ignored: they belong to Python, or the build makes them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

VAULT_ENTRIES: Final = (
    "wasm_build.vault.python.verbs",
    "wasm_build.vault.python.streams",
    "wasm_build.vault.python.warm_up",
)
"""The modules that JavaScript imports by name."""


def follow_imports(root: Path, entries: Iterable[str] = VAULT_ENTRIES) -> dict[str, Path]:
    """The files of the entries, of their packages and of everything they import, by their paths below `root`."""
    files: dict[str, Path] = {}
    waiting = list(entries)
    while waiting:
        for path in _find_files(root, waiting.pop()):
            name = path.relative_to(root).as_posix()
            if name not in files:
                files[name] = path
                waiting += imported_names(ast.parse(path.read_bytes()))
    return dict(sorted(files.items()))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """The full names that a module imports when it runs. Each is a module, or a name inside a module."""
    match tree:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=others):
            for statement in others:
                yield from imported_names(statement)
        case _:
            for node in ast.iter_child_nodes(tree):
                yield from imported_names(node)


def _find_files(root: Path, name: str) -> Iterator[Path]:
    # An import of `a.b.c` runs the packages `a` and `a.b` first. The last part may be a name inside a module.
    folder = root
    for part in name.split("."):
        folder /= part
        for path in (folder.with_suffix(".py"), folder / "__init__.py"):
            if path.is_file():
                yield path
