"""What others made and the bundle takes along: each as it was locked, or the build stops.

`package-lock.json` and `requirements.lock` name versions and the hashes of whole packages; `locked_files.json` names
the hash of each file of npm's packages that goes into the bundle, for what was unpacked may have been altered since.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final, Literal

from wasm_build.tree import sha384

_PYTHON_PACKAGES: Final = ("asn1crypto",)


class InputError(Exception):
    """Something is not what was locked: which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of others in the bundle; `hashes` are those of its archive, in hexadecimal."""

    ecosystem: Literal["npm", "pypi"]
    name: str
    version: str
    licence: str
    algorithm: Literal["SHA-256", "SHA-512"]
    hashes: tuple[str, ...]


def check_inputs(root: Path) -> tuple[Package, ...]:
    """The packages of the bundle, each of them the locked one. Raises InputError."""
    locked = json.loads((root / "wasm_build/locked_files.json").read_text())
    for name, expected in locked.items():
        if sha384((root / "node_modules" / name).read_bytes()) != expected:
            raise InputError(f"node_modules/{name} is not the locked file: run npm ci")
    npm = sorted({name.partition("/")[0] for name in locked})
    return (*(_npm_package(root, name) for name in npm), *(_python_package(root, name) for name in _PYTHON_PACKAGES))


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


def _python_package(root: Path, name: str) -> Package:
    lock = (root / "requirements.lock").read_text()
    found = re.search(rf"^{name}==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]+)+)", lock, re.MULTILINE)
    installed = distribution(name)
    if found is None or installed.version != found[1]:
        version = found and found[1]
        raise InputError(f"{name} {installed.version} is installed, {version} is locked: run make setup")
    for file in _altered_files(installed):
        raise InputError(f"{file} is not the file of {name} {installed.version}: install it anew")
    return Package(
        ecosystem="pypi",
        name=name,
        version=installed.version,
        licence=installed.metadata["License"],
        algorithm="SHA-256",
        hashes=tuple(re.findall(r"sha256:([0-9a-f]+)", found[2])),
    )


def _altered_files(installed: Distribution) -> Iterator[str]:
    # The installer checked the archive's hash and wrote down those of the files.
    for file in installed.files or ():
        if file.hash is not None and file.suffix == ".py":
            digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                yield str(file)
