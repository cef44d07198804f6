"""The files of the vault's runtime: scripts and data that Workers load, and scripts for pages that start Workers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NotRequired, TypedDict

from wasm_build.bundle.archives import build_python_zip
from wasm_build.bundle.imports import follow_imports
from wasm_build.bundle.mozilla_roots import MODULE_NAME, build_roots_module
from wasm_build.bundle.scripts import PUBLISHED, bundle_scripts
from wasm_build.bundle.standard_library import choose_modules
from wasm_build.bundle.tree import Content, find_or_make, read_content, sha384
from wasm_build.bundle.zxcvbn_package import ARCHIVE, PIN_MODULE, build_pin_module, collect_sources

_PYODIDE_FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
SANITISER: Final = "node_modules/dompurify/dist/purify.min.js"
_LOCKED: Final = Path(__file__).with_name("locked_files.json")
_DATA_FILES: Final = ("pyodide.asm.wasm", "python_stdlib.zip", "sealwax_python.zip", "sealwax.snapshot")
_WORKER: Final = {"vault_worker.js": "wasm_build/vault/worker/vault_worker.js"}
_SCRIPTS: Final = (*_WORKER, *(address.removeprefix("./") for address in PUBLISHED.values()))
_OWNERS: Final = {name: f"wasm_build/vault/owner/{name}" for name in ("sealwax.js", "vault.js")}
_STYLES: Final = {f"ui/{name}.css": f"wasm_build/ui/{name}.css" for name in ("components", "tokens")}
# A browser copies such a piece in about a millisecond, and then hashes it outside the page's thread.
_PIECE_BYTES: Final = 2 << 20
_BUILD_SCRIPTS: Final = (
    "frozen_inputs.mjs",
    "../vault/worker/python_settings.js",
    "../vault/worker/zero_pages.js",
)


class _Pin(TypedDict):
    integrity: str
    bytes: int
    pieces: NotRequired[list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyodide:
    """The Pyodide that npm installed, with this folder's scripts for it, and a cache of their results."""

    folder: Path
    scripts: Path
    cache: Path

    @classmethod
    def below(cls, root: Path) -> Pyodide:
        """The Pyodide of the checkout at `root`."""
        return cls(
            folder=root / "node_modules/pyodide", scripts=root / "wasm_build/bundle", cache=root / "build/wasm_build"
        )

    @property
    def python_version(self) -> str:
        """The version of CPython inside Pyodide."""
        settings = (self.scripts / "../vault/worker/python_settings.js").read_text()
        return str(re.findall(r'python: "([0-9.]+)"', settings)[0])

    def compile(self, sources: Mapping[str, bytes]) -> Path:
        """An archive with the bytecode of these sources."""
        archive, compiler = build_python_zip(sources), self.scripts / "bytecode.py"

        def make(out: Path) -> None:
            archive_file = out.with_suffix(".sources")
            archive_file.write_bytes(archive)
            self._run("compile.mjs", compiler, archive_file, out)
            archive_file.unlink()

        return find_or_make(self.cache, "pyc.zip", [archive, compiler, *self._inputs("compile.mjs")], make)

    def make_snapshot(self, standard_library: Path, python_zip: Path) -> Path:
        """Pyodide's memory with the core imported and warmed up."""
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
    """The files that every Worker loads. Makes archives and snapshot if inputs changed."""
    whole_library = (pyodide.folder / "python_stdlib.zip").read_bytes()
    standard_library = pyodide.compile(choose_modules(whole_library))
    zxcvbn = pyodide.compile(collect_sources(root, whole_library))
    sources = {name: path.read_bytes() for name, path in follow_imports(root).items()}
    made = {MODULE_NAME: build_roots_module(root), PIN_MODULE: build_pin_module(zxcvbn.read_bytes())}
    python_zip = pyodide.compile({**sources, **made})
    files: dict[str, Content] = {
        **bundle_scripts(root, "runtime", "esm", _WORKER),
        **{address.removeprefix("./"): root / name for name, address in PUBLISHED.items()},
        "pyodide.asm.wasm": pyodide.folder / "pyodide.asm.wasm",
        "python_stdlib.zip": standard_library,
        "sealwax_python.zip": python_zip,
        "sealwax.snapshot": pyodide.make_snapshot(standard_library, python_zip),
        ARCHIVE: zxcvbn,
    }
    return dict(sorted(files.items()))


def collect_owners(root: Path, pinned: str) -> dict[str, Content]:
    """The files for applications that host the runtime: the owner's modules, their types, and the styles of fields."""
    return {
        **bundle_scripts(root, "runtime", "esm", _OWNERS | _STYLES, pinned=pinned),
        "sealwax.d.ts": root / "wasm_build/vault/types/sealwax.d.ts",
    }


def pinned_module(runtime: Mapping[str, Content]) -> str:
    """The text of `pinned.js`: the hashes of the runtime's files, bundled with the code that checks them."""
    return (
        "/** Made by the build: the files of the vault, each with its hash. */\n\n"
        "/** The size of a piece. A larger file has also a hash for each of its pieces. */\n"
        f"export const PIECE_BYTES = {_PIECE_BYTES};\n\n"
        f"export const FILES = {_in_json(_pins_with_pieces(runtime, sorted(_DATA_FILES)))};\n\n"
        f"export const SCRIPTS = {_in_json(_pins_with_pieces(runtime, sorted(_SCRIPTS)))};\n\n"
        f"export const ZXCVBN = {json.dumps(_pins(runtime, [ARCHIVE])[ARCHIVE])};\n\n"
        "/** The sanitiser of markup, which the pages load with the first formatted message. */\n"
        f"export const SANITISER_INTEGRITY = {json.dumps(_locked_sanitiser())};\n"
    )


def kept_files(pages: Mapping[str, Content], workers: Collection[str]) -> str:
    """The text of `pinned.js` of the pages' service worker: the hash of each file that the pages load.

    Source maps are left out, because only developer tools load them. The service worker itself is left out too.
    """
    names = sorted(name for name in pages if name not in workers and not name.endswith(".map"))
    head = "/** Made by the build: the files of the pages, each with its hash. */"
    return f"{head}\n\nexport const FILES = {_in_json(_pins(pages, names))};\n"


def _locked_sanitiser() -> str:
    # The build has compared the installed file with this hash.
    return str(json.loads(_LOCKED.read_text())[SANITISER.removeprefix("node_modules/")])


def _pins_with_pieces(files: Mapping[str, Content], names: Sequence[str]) -> dict[str, _Pin]:
    pins = _pins(files, names)
    for name, pin in pins.items():
        data = read_content(files[name])
        if len(data) > _PIECE_BYTES:
            pin["pieces"] = [sha384(data[at : at + _PIECE_BYTES]) for at in range(0, len(data), _PIECE_BYTES)]
    return pins


def _pins(files: Mapping[str, Content], names: Sequence[str]) -> dict[str, _Pin]:
    contents = {name: read_content(files[name]) for name in names}
    return {name: {"integrity": sha384(data), "bytes": len(data)} for name, data in contents.items()}


def _in_json(pins: Mapping[str, _Pin]) -> str:
    return json.dumps(pins, indent=2)
