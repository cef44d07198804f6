"""Third-party files in the bundle. The build stops if a file differs from the locked file.

`package-lock.json` has the versions and the hashes of whole packages. `locked_files.json` has the hash of each file
that goes into the bundle, because a file may have been altered after npm unpacked it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from wasm_build.bundle.tree import sha384

_BUNDLER: Final = "esbuild"


class InputError(Exception):
    """An input differs from the locked file. The message names it and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A third-party package in the bundle. `hashes` are the hashes of its archive, in hexadecimal."""

    ecosystem: Literal["npm", "pypi"]
    name: str
    version: str
    licence: str
    algorithm: Literal["SHA-512", "SHA-256"]
    hashes: tuple[str, ...]
    copyright: str = ""


def check_inputs(root: Path) -> tuple[Package, ...]:
    """The packages of npm in the bundle, checked against the lock files. Raises InputError."""
    locked = json.loads((root / "wasm_build/bundle/locked_files.json").read_text())
    for name, expected in locked.items():
        if sha384((root / "node_modules" / name).read_bytes()) != expected:
            raise InputError(f"node_modules/{name} is not the locked file: run npm ci")
    # The bundle does not contain the bundler, but the bundler's version determines the bytes of every script.
    _npm_package(root, _BUNDLER)
    return tuple(_npm_package(root, name) for name in sorted({name.partition("/")[0] for name in locked}))


def _npm_package(root: Path, name: str) -> Package:
    locked = json.loads((root / "package-lock.json").read_text())["packages"][f"node_modules/{name}"]
    try:
        installed = json.loads((root / "node_modules" / name / "package.json").read_text())
    except FileNotFoundError as error:
        raise InputError(f"{name} is not installed: run npm ci") from error
    if installed["version"] != locked["version"]:
        raise InputError(f"{name} {installed['version']} is installed, {locked['version']} is locked: run npm ci")
    return Package(
        ecosystem="npm",
        name=name,
        version=locked["version"],
        licence=installed["license"],
        algorithm="SHA-512",
        hashes=(base64.b64decode(locked["integrity"].removeprefix("sha512-")).hex(),),
    )
