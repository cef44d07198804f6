"""The bundle's software bill of materials: CycloneDX 1.6 as JSON. Two builds give the same bytes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wasm_build.bundle.inputs import Package

_OWN: Final = "sealwax"
_ROOTS: Final = "mozilla-roots"
_WORDS: Final = "parcel-words"
# The notice that the licence of the word lists demands. The bundled modules have no docstrings that could contain it.
_WORDS_NOTICE: Final = "Copyright (c) 2013-2016 Pavol Rusnak"


def build_bill_of_materials(
    version: str, packages: Sequence[Package], *, python_version: str, roots_source: str, files: Mapping[str, str]
) -> bytes:
    """The parts of the bundle with versions and licences. `files` maps file names to SHA-384 hashes in hexadecimal."""
    own = {"type": "application", "bom-ref": _OWN, "name": "sealwax", "version": version, **_licence("Apache-2.0")}
    python = f"pkg:generic/cpython@{python_version}"
    parts = [*map(_component, packages), _cpython(python, python_version), _mozilla_roots(roots_source), _word_lists()]
    bill: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**own, "purl": f"pkg:generic/sealwax@{version}"}},
        "components": [*parts, *(_file(name, digest) for name, digest in sorted(files.items()))],
        "dependencies": [
            {"ref": _OWN, "dependsOn": [*(_reference(package) for package in packages), _ROOTS, _WORDS]},
            {
                "ref": next(_reference(package) for package in packages if package.name == "pyodide"),
                "dependsOn": [python],
            },
        ],
    }
    # The serial number is not random but a hash of the content, so that two builds are equal.
    bill["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill, sort_keys=True)).urn
    return (json.dumps(bill, indent=1, sort_keys=True) + "\n").encode()


def _component(package: Package) -> dict[str, Any]:
    # The hash of the package's archive, from package-lock.json or requirements.lock.
    hashes = [{"alg": package.algorithm, "content": content} for content in package.hashes]
    return {
        "type": "library",
        "bom-ref": _reference(package),
        "name": package.name,
        "version": package.version,
        "purl": _reference(package),
        **_licence(package.licence),
        **({"copyright": package.copyright} if package.copyright else {}),
        "hashes": hashes,
    }


def _cpython(reference: str, version: str) -> dict[str, Any]:
    # Pyodide contains compiled CPython with the standard library.
    library = {"type": "library", "name": "cpython", "version": version}
    return {**library, "bom-ref": reference, "purl": reference, **_licence("PSF-2.0")}


def _mozilla_roots(source: str) -> dict[str, Any]:
    data = {"type": "data", "bom-ref": _ROOTS, "name": "Mozilla's root certificates for e-mail"}
    repository, _, commit = source.partition(" ")[0].partition("@")
    return {**data, "version": commit, "purl": f"pkg:{repository.replace('.com', '')}@{commit}", **_licence("MPL-2.0")}


def _word_lists() -> dict[str, Any]:
    # The words of parcels' secrets are lists of BIP-39, from the PyPI package `mnemonic` (`smime_core.parcels.words`).
    data = {"type": "data", "bom-ref": _WORDS, "name": "mnemonic", "version": "0.21", "purl": "pkg:pypi/mnemonic@0.21"}
    return {**data, "copyright": _WORDS_NOTICE, **_licence("MIT")}


def _file(name: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": [{"alg": "SHA-384", "content": digest}]}


def _reference(package: Package) -> str:
    return f"pkg:{package.ecosystem}/{package.name}@{package.version}"


def _licence(identifier: str) -> dict[str, Any]:
    if " OR " in identifier:
        return {"licenses": [{"expression": identifier}]}
    return {"licenses": [{"license": {"id": identifier}}]}
