"""The package `zxcvbn` of PyPI in the bundle: an archive that the vault gets when a person chooses a passphrase.

Its lists of passwords and words have half a megabyte, so neither the start nor the snapshot contains the package. The
module `sealwax_zxcvbn` has the archive's hash. The vault runs no other archive.

`requirements.lock` has the version and the hash of the whole package, `locked_python_files.json` the hash of each file.
"""

from __future__ import annotations

import importlib.util
import io
import json
import re
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from wasm_build.bundle.inputs import InputError, Package
from wasm_build.bundle.tree import sha384

ARCHIVE: Final = "zxcvbn.zip"
PIN_MODULE: Final = "sealwax_zxcvbn.py"
_NAME: Final = "zxcvbn"
_REMEDY: Final = "run pip install --require-hashes -r requirements.lock"
_LOCKED: Final = "wasm_build/bundle/locked_python_files.json"
# Python's module for translations, which zxcvbn imports. The start needs no such module.
_FURTHER: Final = "gettext.py"
_REQUIREMENT: Final = re.compile(
    rf"^{_NAME}==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{{64}}(?: \\)?\n)+)", re.MULTILINE
)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")
# The notice that the licence demands. The archive has no docstrings that could contain it.
_NOTICE: Final = "Copyright (c) 2016 Daniel Wolf"


def check_zxcvbn(root: Path, packages: Path | None = None) -> Package:
    """The package, checked against the lock files. `packages` is the folder with installed ones. Raises InputError."""
    for name, expected in _read_locked(root).items():
        if sha384(((packages or find_packages_folder()) / name).read_bytes()) != expected:
            raise InputError(f"{name} is not the locked file: {_REMEDY}")
    found = _REQUIREMENT.search((root / "requirements.lock").read_text())
    if found is None or found[1] != version(_NAME):
        raise InputError(f"{_NAME} {version(_NAME)} is installed, another version is locked: {_REMEDY}")
    return Package(
        ecosystem="pypi",
        name=_NAME,
        version=found[1],
        licence="MIT",
        copyright=_NOTICE,
        algorithm="SHA-256",
        hashes=tuple(_HASH.findall(found[2])),
    )


def find_packages_folder() -> Path:
    """The folder of Python's installed packages. Raises InputError."""
    found = importlib.util.find_spec(_NAME)
    if found is None or found.origin is None:
        raise InputError(f"{_NAME} is not installed: {_REMEDY}")
    return Path(found.origin).parents[1]


def collect_sources(root: Path, standard_library: bytes) -> dict[str, bytes]:
    """The sources of the archive. `standard_library` is the archive of Pyodide's Python."""
    packages = find_packages_folder()
    with zipfile.ZipFile(io.BytesIO(standard_library)) as archive:
        further = {_FURTHER: archive.read(_FURTHER)}
    return {**{name: (packages / name).read_bytes() for name in _read_locked(root)}, **further}


def build_pin_module(archive: bytes) -> bytes:
    """The source of the module that `wasm_build.vault.python.passphrases` imports."""
    return f"ARCHIVE_SHA384 = {sha384(archive)!r}\n".encode()


def _read_locked(root: Path) -> dict[str, str]:
    locked: dict[str, str] = json.loads((root / _LOCKED).read_text())
    return locked
