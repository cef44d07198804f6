"""Replaces the original code by a mutant's in this process, without writing a file or importing a module again."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import NamedTuple

from tools.mutation.mutants import Mutant


class _Place(NamedTuple):
    name: str
    line: int


def operate(mutant: Mutant, filename: str) -> bool:
    """Give every function of the module the mutant's code. Returns whether the code of any function changed.

    The core's caches are cleared.
    """
    codes = dict(_code_objects(compile(mutant.tree, filename, "exec")))
    changed = False
    for candidate in gc.get_objects():
        if isinstance(candidate, FunctionType) and candidate.__code__.co_filename == filename:
            code = codes.get(_place(candidate.__code__))
            if code is not None and code != candidate.__code__:
                candidate.__code__ = code
                changed = True
        elif isinstance(candidate, functools._lru_cache_wrapper) and candidate.__module__.startswith("smime_core"):
            candidate.cache_clear()
    return changed


def _code_objects(code: CodeType) -> Iterator[tuple[_Place, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield _place(constant), constant
            yield from _code_objects(constant)


def _place(code: CodeType) -> _Place:
    return _Place(code.co_qualname, code.co_firstlineno)
