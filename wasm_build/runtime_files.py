"""The browser side of the bundle, file by file: what every Worker runs and loads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wasm_build.python_zip import build_python_zip, list_sources
from wasm_build.tree import Content, list_folder, read_content, sha384

_PYODIDE_FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
_PINNED_FILES: Final = ("pyodide.asm.wasm", "python_stdlib.zip", "sealwax_python.zip", "sealwax.snapshot")
_HASH_WASM_FILES: Final = ("argon2", "scrypt")
_KEPT_SNAPSHOTS: Final = 3


def collect_runtime(root: Path, *, cache: Path) -> dict[str, Content]:
    """Name to content of everything in `runtime/`; makes the snapshot if its inputs changed."""
    node_modules = root / "node_modules"
    files: dict[str, Content] = {
        **list_folder(root / "wasm_build/runtime"),
        **{name: node_modules / "pyodide" / name for name in _PYODIDE_FILES},
        **{f"{name}.js": node_modules / f"hash-wasm/dist/{name}.umd.min.js" for name in _HASH_WASM_FILES},
        "sealwax_python.zip": build_python_zip(list_sources(root)),
    }
    files["sealwax.snapshot"] = find_or_make_snapshot(root, files, cache=cache)
    files["pinned.js"] = _pinned_module({name: files[name] for name in _PINNED_FILES})
    return dict(sorted(files.items()))


def find_or_make_snapshot(root: Path, files: Mapping[str, Content], *, cache: Path) -> Path:
    """The snapshot for these files, from the cache where it was made before."""
    maker = root / "wasm_build/snapshot.mjs"
    inputs = (maker, *(files[name] for name in (*_PYODIDE_FILES, "python_settings.js", "sealwax_python.zip")))
    fingerprint = hashlib.sha256(b"".join(hashlib.sha256(read_content(item)).digest() for item in inputs)).hexdigest()
    snapshot = cache / f"{fingerprint}.snapshot"
    if not snapshot.exists():
        cache.mkdir(parents=True, exist_ok=True)
        make_snapshot(root, read_content(files["sealwax_python.zip"]), snapshot)
        _forget_old_snapshots(cache)
    return snapshot


def make_snapshot(root: Path, python_zip: bytes, out: Path) -> None:
    """Run Node to make one; the file appears only when it is whole."""
    # Two builds may run at the same time.
    zip_file, unfinished = out.with_suffix(f".{os.getpid()}.zip"), out.with_suffix(f".{os.getpid()}")
    zip_file.write_bytes(python_zip)
    maker, pyodide = root / "wasm_build/snapshot.mjs", root / "node_modules/pyodide"
    subprocess.run(["node", maker, pyodide, zip_file, unfinished], check=True)
    zip_file.unlink()
    unfinished.replace(out)


def _forget_old_snapshots(cache: Path) -> None:
    newest_first = sorted(cache.glob("*.snapshot"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[_KEPT_SNAPSHOTS:]:
        old.unlink(missing_ok=True)


def _pinned_module(files: Mapping[str, Content]) -> bytes:
    # Generated, so that the hashes come with the code that checks them.
    pinned = {name: {"integrity": sha384(data), "bytes": len(data)} for name, data in _contents(files)}
    return (
        "/** Made by the build: the files that the vault loads, each with its hash. */\n\n"
        "/** @type {Readonly<Record<string, {integrity: string, bytes: number}>>} */\n"
        f"export const FILES = {json.dumps(pinned, indent=2, sort_keys=True)};\n"
    ).encode()


def _contents(files: Mapping[str, Content]) -> list[tuple[str, bytes]]:
    return [(name, read_content(content)) for name, content in files.items()]
