"""The browser side of the bundle, file by file: what every Worker runs and loads."""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wasm_build.made_files import find_or_make
from wasm_build.python_zip import build_python_zip, list_sources
from wasm_build.standard_library import choose_modules
from wasm_build.tree import Content, list_folder, read_content, sha384

_PYODIDE_FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
_DATA_FILES: Final = ("pyodide.asm.wasm", "python_stdlib.zip", "sealwax_python.zip", "sealwax.snapshot")
_HASH_WASM_FILES: Final = ("argon2", "scrypt")
_MODULE_PATH: Final = re.compile(rb"""["'](\.{1,2}/[\w./]+\.m?js)["']""")
_BUILD_SCRIPTS: Final = ("frozen_inputs.mjs", "runtime/python_settings.js", "runtime/zero_pages.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyodide:
    """The Python of the bundle, as npm installed it, with the scripts of this folder that run in it."""

    folder: Path
    scripts: Path
    cache: Path

    @classmethod
    def below(cls, root: Path) -> Pyodide:
        """The one that a checkout builds with."""
        return cls(folder=root / "node_modules/pyodide", scripts=root / "wasm_build", cache=root / "build/wasm_build")

    @property
    def python_version(self) -> str:
        """Of the CPython inside."""
        settings = (self.scripts / "runtime/python_settings.js").read_text()
        return str(re.findall(r'python: "([0-9.]+)"', settings)[0])

    def compile(self, sources: Mapping[str, bytes]) -> Path:
        """An archive of bytecode."""
        archive, compiler = build_python_zip(sources), self.scripts / "bytecode.py"

        def make(out: Path) -> None:
            given = out.with_suffix(".sources")
            given.write_bytes(archive)
            self._run("compile.mjs", compiler, given, out)
            given.unlink()

        return find_or_make(self.cache, "pyc.zip", [archive, compiler, *self._inputs("compile.mjs")], make)

    def make_snapshot(self, standard_library: Path, python_zip: Path) -> Path:
        """Its memory with the core imported and warmed up."""
        inputs = [standard_library, python_zip, *self._inputs("snapshot.mjs")]
        return find_or_make(
            self.cache, "snapshot", inputs, lambda out: self._run("snapshot.mjs", standard_library, python_zip, out)
        )

    def _inputs(self, script: str) -> list[Content]:
        own = [self.folder / name for name in (*_PYODIDE_FILES, "python_stdlib.zip")]
        return [*own, *(self.scripts / name for name in (script, *_BUILD_SCRIPTS))]

    def _run(self, script: str, *arguments: Path) -> None:
        subprocess.run(["node", self.scripts / script, self.folder, *arguments], check=True)


def collect_runtime(root: Path, pyodide: Pyodide) -> dict[str, Content]:
    """Name to content of everything in `runtime/`; makes the archives and the snapshot if their inputs changed."""
    standard_library = pyodide.compile(choose_modules((pyodide.folder / "python_stdlib.zip").read_bytes()))
    python_zip = pyodide.compile({name: path.read_bytes() for name, path in list_sources(root).items()})
    files: dict[str, Content] = {
        **list_folder(root / "wasm_build/runtime"),
        "sealwax.d.ts": root / "wasm_build/types/sealwax.d.ts",
        **{name: pyodide.folder / name for name in _PYODIDE_FILES},
        **{f"{name}.js": root / f"node_modules/hash-wasm/dist/{name}.umd.min.js" for name in _HASH_WASM_FILES},
        "python_stdlib.zip": standard_library,
        "sealwax_python.zip": python_zip,
        "sealwax.snapshot": pyodide.make_snapshot(standard_library, python_zip),
    }
    files["pinned.js"] = _pinned_module(files)
    return dict(sorted(files.items()))


def _pinned_module(files: Mapping[str, Content]) -> bytes:
    # Generated, so that the hashes come with the code that checks them.
    scripts = _imported_scripts(files, "vault_worker.js")
    return (
        "/** Made by the build: the files of the vault, each with its hash. */\n\n"
        "/** @typedef {Readonly<Record<string, {integrity: string, bytes: number}>>} Pinned */\n\n"
        "/** What a Worker is given. @type {Pinned} */\n"
        f"export const FILES = {_pins(files, sorted(_DATA_FILES))};\n\n"
        "/** What a Worker runs. @type {Pinned} */\n"
        f"export const SCRIPTS = {_pins(files, sorted(scripts))};\n"
    ).encode()


def _imported_scripts(files: Mapping[str, Content], name: str) -> set[str]:
    """A script with all that it and these name as a file beside them."""
    found = {name}
    waiting = [name]
    while waiting:
        importer = waiting.pop()
        for path in _MODULE_PATH.findall(read_content(files[importer])):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(importer), path.decode()))
            if imported in files and imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


def _pins(files: Mapping[str, Content], names: list[str]) -> str:
    contents = {name: read_content(files[name]) for name in names}
    pins = {name: {"integrity": sha384(data), "bytes": len(data)} for name, data in contents.items()}
    return json.dumps(pins, indent=2)
