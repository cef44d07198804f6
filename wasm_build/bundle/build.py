"""`dist/` from the sources: runtime, pages, extension and its packages, a bill of materials, and every file's hash."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from smime_core.roots.mozilla import SOURCE
from wasm_build import packages as packages_module
from wasm_build.bill_of_materials import build_bill_of_materials
from wasm_build.compressed_files import compress_all
from wasm_build.inputs import Package, check_inputs
from wasm_build.made_files import find_or_make
from wasm_build.packages import build_package, chromium_manifest, firefox_manifest
from wasm_build.runtime_files import Pyodide, collect_runtime
from wasm_build.tree import Content, list_folder, read_content, sha384, write_tree

_LOOPBACK_ORIGINS: Final = ["http://127.0.0.1/*", "http://localhost/*"]


def build(root: Path, out: Path) -> dict[str, Content]:
    """Bring `out` up to date with the sources below `root`; returns what it holds. Raises InputError."""
    packages = check_inputs(root)
    pyodide = Pyodide.below(root)
    runtime = collect_runtime(root, pyodide)
    extension = {**list_folder(root / "browser_ext"), **_below("runtime", runtime), **_sanitiser(root)}
    served = {
        **_below("runtime", runtime),
        **_below("pages", {**list_folder(root / "webbridge/pages"), **_below("runtime", runtime)}),
    }
    files: dict[str, Content] = {
        **served,
        **compress_all(served, root / "wasm_build/brotli.mjs", cache=pyodide.cache),
        **_below("extension", extension),
        **_below("extension_test", {**extension, **_test_manifest(extension)}),
        **_below("packages", _packages(extension, cache=pyodide.cache)),
    }
    files["sbom.cdx.json"] = _bill_of_materials(packages, pyodide, runtime)
    files["manifest.json"] = _manifest(files, commit=find_commit(root))
    write_tree(out, files)
    return files


def _sanitiser(root: Path) -> dict[str, Content]:
    # Of the extension alone: the pages of the bridge show no markup. Its licence stands in its first line.
    return {"purify.js": root / "node_modules/dompurify/dist/purify.min.js"}


def find_commit(root: Path) -> str | None:
    """The commit that the sources stand on, or None outside a checkout."""
    asked = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def _below(folder: str, files: Mapping[str, Content]) -> dict[str, Content]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def _test_manifest(extension: Mapping[str, Content]) -> dict[str, Content]:
    # The tests' extension may act on loopback pages without the click that grants an origin; nothing else differs.
    if "manifest.json" not in extension:
        return {}
    manifest = json.loads(read_content(extension["manifest.json"]))
    manifest["host_permissions"] = [*manifest.get("host_permissions", []), *_LOOPBACK_ORIGINS]
    return {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode()}


def _packages(extension: Mapping[str, Content], *, cache: Path) -> dict[str, Content]:
    if "manifest.json" not in extension:
        return {}
    manifest = json.loads(read_content(extension["manifest.json"]))
    packages = {"chromium": (chromium_manifest(manifest), "zip"), "firefox": (firefox_manifest(manifest), "xpi")}
    contents = [part for name, content in sorted(extension.items()) for part in (name.encode(), content)]
    built: dict[str, Content] = {}
    for browser, (own_manifest, kind) in packages.items():
        inputs = [*contents, json.dumps(own_manifest).encode(), Path(packages_module.__file__)]

        def make(out: Path, manifest: dict[str, Any] = own_manifest) -> None:
            out.write_bytes(build_package(extension, manifest))

        built[f"sealwax-{browser}-{manifest['version']}.{kind}"] = find_or_make(cache, kind, inputs, make)
    return built


def _bill_of_materials(packages: Sequence[Package], pyodide: Pyodide, runtime: Mapping[str, Content]) -> bytes:
    digests = {name: hashlib.sha384(read_content(content)).hexdigest() for name, content in runtime.items()}
    return build_bill_of_materials(
        version("sealwax"), packages, python_version=pyodide.python_version, roots_source=SOURCE, files=digests
    )


def _manifest(files: Mapping[str, Content], *, commit: str | None) -> bytes:
    # The same runtime stands in four folders: each content is hashed once.
    hashed: dict[Content, dict[str, str | int]] = {}
    for content in files.values():
        if content not in hashed:
            data = read_content(content)
            hashed[content] = {"sha384": sha384(data), "bytes": len(data)}
    manifest = {
        "version": version("sealwax"),
        "commit": commit,
        "files": {name: hashed[content] for name, content in sorted(files.items())},
    }
    return (json.dumps(manifest, indent=1) + "\n").encode()
