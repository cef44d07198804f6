"""`dist/` from the sources: runtime, pages, extension, and a manifest with the hash of every file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from wasm_build.runtime_files import Pyodide, collect_runtime
from wasm_build.tree import Content, list_folder, read_content, sha384, write_tree

_LOOPBACK_ORIGINS: Final = ["http://127.0.0.1/*", "http://localhost/*"]


def build(root: Path, out: Path) -> dict[str, Content]:
    """Bring `out` up to date with the sources below `root`; returns what it holds."""
    runtime = collect_runtime(root, Pyodide.below(root))
    extension = list_folder(root / "browser_ext")
    pages = list_folder(root / "webbridge/pages")
    files: dict[str, Content] = {
        **_below("runtime", runtime),
        **_below("pages", {**pages, **_below("runtime", runtime)}),
        **_below("extension", {**extension, **_below("runtime", runtime)}),
        **_below("extension_test", {**extension, **_below("runtime", runtime), **_test_manifest(extension)}),
    }
    files["manifest.json"] = _manifest(files, commit=find_commit(root))
    write_tree(out, files)
    return files


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
