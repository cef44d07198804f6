"""The product's JavaScript and style sheets. esbuild bundles each entry with its imports into one file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from wasm_build.bundle.tree import Content, list_folder

# Third-party scripts, which are not bundled, with the addresses from which a Worker imports them.
PUBLISHED: Final = {
    "node_modules/pyodide/pyodide.mjs": "./pyodide.mjs",
    "node_modules/pyodide/pyodide.asm.mjs": "./pyodide.asm.mjs",
    "node_modules/hash-wasm/dist/argon2.umd.min.js": "./argon2.js",
    "node_modules/hash-wasm/dist/scrypt.umd.min.js": "./scrypt.js",
}
# Third-party files that are bundled: a worker without an origin can import nothing, and a late view must be one file.
INLINED: Final = (
    *(
        f"node_modules/pdfjs-dist/{name}"
        for name in (
            "build/pdf.mjs",
            "build/pdf.worker.mjs",
            "standard_fonts/FoxitDingbats.pfb",
            "standard_fonts/FoxitSymbol.pfb",
            "wasm/jbig2.wasm",
            "wasm/openjpeg.wasm",
        )
    ),
    "node_modules/uqr/dist/index.mjs",
)
_BUNDLED: Final = (".js", ".css")
_SOURCE_FOLDERS: Final = ("browser_ext", "wasm_build", "webbridge/pages")
_LANGUAGES: Final = "sealwax/words/languages.json"
_PINNED: Final = "wasm_build/vault/owner/pinned.js"
_SCRIPT: Final = re.compile(r'<script (type="module" )?src="([^"]+)">')
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">')

Format = Literal["esm", "iife"]


def bundle_scripts(
    root: Path, room: str, format: Format, entries: Mapping[str, str], *, pinned: str | None = None, small: bool = False
) -> dict[str, Content]:
    """The bundles by their names in `room`, a folder of `dist/`. `entries` maps these names to sources.

    With `small` the bundles are minified and have no source maps.
    """
    settings = {
        "root": str(root),
        "folder": room,
        "format": format,
        "entries": dict(entries),
        "published": PUBLISHED,
        "inlined": INLINED,
        "small": small,
        "pinned": pinned,
    }
    with tempfile.TemporaryDirectory() as folder:
        command = ["node", str(root / "wasm_build/bundle/scripts.mjs"), folder]
        subprocess.run(command, input=json.dumps(settings).encode(), check=True)
        return {name: Path(folder, name).read_bytes() for name in list_folder(Path(folder))}


def bundle_pages(
    root: Path,
    source: str,
    room: str,
    *,
    modules: tuple[str, ...] = (),
    classic: Mapping[str, str] = MappingProxyType({}),
    flat: tuple[str, ...] = (),
    pinned: str,
) -> dict[str, Content]:
    """All files of a folder of pages. The scripts and styles that a page names are bundled.

    `modules` and `classic` are further scripts to bundle, which no page names; `classic` maps names to sources. Files
    in the folders `flat` are published without the folder's name.
    """
    folder = root / source
    files = {_published(name, flat): name for name in list_folder(folder)}
    sources_by_format: dict[Format, dict[str, str]] = {"esm": {name: name for name in modules}, "iife": dict(classic)}
    for page in (name for name in files if name.endswith(".html")):
        for kind, addresses in _named_in((folder / files[page]).read_text()).items():
            sources_by_format[kind] |= _sources(files, Path(page).parent, addresses)
    bundles: dict[str, Content] = {name: folder / path for name, path in files.items() if not name.endswith(_BUNDLED)}
    for kind, sources in sources_by_format.items():
        entries = {name: f"{source}/{sources[name]}" for name in sorted(sources)}
        bundles |= bundle_scripts(root, room, kind, entries, pinned=pinned) if entries else {}
    return bundles


def list_source_modules(root: Path, pinned: str) -> dict[str, Content]:
    """The unbundled scripts by their paths, with `pinned.js`, so that a browser can follow their imports."""
    modules = {
        f"{folder}/{name}": path
        for folder in _SOURCE_FOLDERS
        for name, path in list_folder(root / folder).items()
        if name.endswith(".js")
    }
    return {**modules, _PINNED: pinned.encode(), **{name: root / name for name in (*PUBLISHED, _LANGUAGES)}}


def _named_in(page: str) -> dict[Format, list[str]]:
    """Two sets of addresses in a page: of its modules and styles, and of its other scripts."""
    modules = [name for is_module, name in _SCRIPT.findall(page) if is_module]
    return {
        "esm": [*modules, *_STYLE.findall(page)],
        "iife": [name for is_module, name in _SCRIPT.findall(page) if not is_module],
    }


def _published(name: str, flat: tuple[str, ...]) -> str:
    top, _, rest = name.partition("/")
    return rest if top in flat else name


def _sources(files: Mapping[str, str], base: Path, addresses: list[str]) -> dict[str, str]:
    # An address that names no file of the pages belongs to a third-party script, which is not bundled.
    names = [Path(os.path.normpath(base / address)).as_posix() for address in addresses]
    return {name: files[name] for name in names if name in files}
