"""Two builds of one commit, in two folders and with separate caches, give the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.compressed_files import compress_all

CACHE = "build/wasm_build"

pytestmark = pytest.mark.skipif(
    not (ROOT / "node_modules/pyodide").exists() or not (ROOT / ".git").exists() or shutil.which("node") is None,
    reason="needs Node, npm's packages and a checkout",
)


def begin_build(folder: Path, commit: str) -> subprocess.Popen[bytes]:
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", "--no-hardlinks", ROOT, folder], check=True)
    subprocess.run(["git", "-C", folder, "checkout", "--quiet", "--detach", commit], check=True)
    (folder / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    # Compressing these two files of Pyodide takes half a minute, so both builds reuse the compressed copies of this
    # checkout. `package-lock.json` pins the package that they come from. Every other file is made anew.
    pyodide = {name: ROOT / "node_modules/pyodide" / name for name in ("pyodide.asm.wasm", "pyodide.asm.mjs")}
    (folder / CACHE).mkdir(parents=True)
    for twin in compress_all(pyodide, ROOT / "wasm_build/bundle/brotli.mjs", cache=ROOT / CACHE).values():
        shutil.copy(twin, folder / CACHE)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.Popen([sys.executable, "-m", "wasm_build"], cwd=folder, env=environment)


def digests(dist: Path) -> dict[str, str]:
    files = (path for path in sorted(dist.rglob("*")) if path.is_file())
    return {path.relative_to(dist).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.thorough
def test_two_builds_of_one_commit_on_two_paths_are_byte_identical(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "another place" / "two"]
    folders[1].parent.mkdir()
    answer = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, check=True, text=True)
    commit = answer.stdout.strip()
    for build in [begin_build(folder, commit) for folder in folders]:
        assert build.wait() == 0
    first, second = (digests(folder / "dist") for folder in folders)
    assert {name for name in first | second if first.get(name) != second.get(name)} == set()
    assert {"runtime/sealwax.snapshot", "sbom.cdx.json", "pages/runtime/sealwax.snapshot.br"} <= set(first)
    assert json.loads((folders[0] / "dist/manifest.json").read_text())["commit"] == commit
