"""What others made and the bundle takes along: each as it was locked, or the build stops.

`package-lock.json` names versions and the hashes of whole packages; `locked_files.json` names the hash of each file
that goes into the bundle, for what was unpacked may have been altered since.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wasm_build.tree import sha384


class InputError(Exception):
    """Something is not what was locked: which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of others in the bundle; `hashes` are those of its archive, in hexadecimal."""

    ecosystem: Literal["npm"]
    name: str
    version: str
    licence: str
    algorithm: Literal["SHA-512"]
    hashes: tuple[str, ...]


def check_inputs(root: Path) -> tuple[Package, ...]:
    """The packages of the bundle, each of them the locked one. Raises InputError."""
    locked = json.loads((root / "wasm_build/locked_files.json").read_text())
    for name, expected in locked.items():
        if sha384((root / "node_modules" / name).read_bytes()) != expected:
            raise InputError(f"node_modules/{name} is not the locked file: run npm ci")
    npm = sorted({name.partition("/")[0] for name in locked})
    return tuple(_npm_package(root, name) for name in npm)


def _npm_package(root: Path, name: str) -> Package:
    locked = json.loads((root / "package-lock.json").read_text())["packages"][f"node_modules/{name}"]
    installed = json.loads((root / "node_modules" / name / "package.json").read_text())
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
