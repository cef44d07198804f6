"""A package that arrives with a request, as an archive of bytecode in memory.

The next rewind removes the package. No file is written, because a rewind does not restore files.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import sys
import zipfile
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

# A `.pyc` begins with a magic number, flags, and the hash of the source (PEP 552).
_PYC_HEADER_BYTES: Final = 16


class ArchiveFinder(MetaPathFinder, Loader):
    """Imports the modules of an archive that the bundle's build made."""

    def __init__(self, archive: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(archive))
        self._names = frozenset(self._archive.namelist())

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The specification of a module of the archive; None for other modules."""
        file = self._find_file(fullname)
        if not file:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=file.endswith("/__init__.pyc"))

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's bytecode in the module."""
        bytecode = self._archive.read(self._find_file(module.__name__))[_PYC_HEADER_BYTES:]
        exec(marshal.loads(bytecode), module.__dict__)  # noqa: S102, S302  the archive has a pinned hash

    def _find_file(self, fullname: str) -> str:
        stem = fullname.replace(".", "/")
        return next((name for name in (f"{stem}/__init__.pyc", f"{stem}.pyc") if name in self._names), "")


def bring_package(archive: bytes) -> None:
    """Make the modules of the archive importable."""
    sys.meta_path.append(ArchiveFinder(archive))
