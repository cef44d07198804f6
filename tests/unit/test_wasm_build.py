"""The bundle: reproducible, complete, incremental."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from wasm_build import verbs
from wasm_build.build import build
from wasm_build.python_zip import build_python_zip, list_sources
from wasm_build.runtime_files import make_snapshot
from wasm_build.tree import sha384, write_tree
from wasm_build.warm_up import warm_up

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / "node_modules/pyodide").exists() or shutil.which("node") is None, reason="needs Node and npm's packages"
)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "dist"
    build(ROOT, out)
    return out


def test_two_snapshots_of_the_same_sources_are_the_same_bytes(tmp_path: Path) -> None:
    python_zip = build_python_zip(list_sources(ROOT))
    digests = []
    for number in range(2):
        # Each in a folder of its own: its path must not matter.
        folder = tmp_path / f"build {number}"
        folder.mkdir()
        make_snapshot(ROOT, python_zip, folder / "sealwax.snapshot")
        digests.append(hashlib.sha256((folder / "sealwax.snapshot").read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_the_archive_does_not_depend_on_file_times(tmp_path: Path) -> None:
    copies = []
    for number, name in enumerate(("one", "two")):
        path = tmp_path / name / "module.py"
        path.parent.mkdir()
        path.write_text("answer = 42\n")
        path.touch()
        path.chmod(0o600 + number * 0o44)
        copies.append(build_python_zip({"module.py": path}))
    assert copies[0] == copies[1]


def test_the_archive_holds_the_core_and_nothing_native() -> None:
    names = set(zipfile.ZipFile(io.BytesIO(build_python_zip(list_sources(ROOT)))).namelist())
    assert {"smime_core/message.py", "roaming_keys/protocol.py", "wasm_build/verbs.py", "asn1crypto/x509.py"} <= names
    assert not {"smime_core/demo_ca.py", "smime_core/providers/native.py", "roaming_keys/app.py"} & names
    assert not any(name.startswith("smime_core/cli/") for name in names)


def test_pages_and_extension_carry_the_same_runtime(dist: Path) -> None:
    runtime = {path.relative_to(dist / "runtime") for path in (dist / "runtime").rglob("*")}
    for room in ("pages", "extension", "extension_test"):
        assert {path.relative_to(dist / room / "runtime") for path in (dist / room / "runtime").rglob("*")} == runtime
    assert (dist / "pages/runtime/sealwax.snapshot").samefile(dist / "runtime/sealwax.snapshot")


def test_the_manifest_names_every_file_with_its_hash(dist: Path) -> None:
    files = json.loads((dist / "manifest.json").read_text())["files"]
    found = {path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(files) == found
    for name in ("runtime/vault.js", "runtime/sealwax.snapshot", "extension/manifest.json"):
        data = (dist / name).read_bytes()
        assert files[name] == {"sha384": sha384(data), "bytes": len(data)}


def test_the_vault_pins_what_it_loads(dist: Path) -> None:
    pinned = (dist / "runtime/pinned.js").read_text()
    for name in ("pyodide.asm.wasm", "python_stdlib.zip", "sealwax_python.zip", "sealwax.snapshot"):
        assert f'"integrity": "{sha384((dist / "runtime" / name).read_bytes())}"' in pinned


def test_the_tests_extension_differs_in_loopback_permissions_alone(dist: Path) -> None:
    shipped = json.loads((dist / "extension/manifest.json").read_text())
    tested = json.loads((dist / "extension_test/manifest.json").read_text())
    added = set(tested.pop("host_permissions")) - set(shipped.pop("host_permissions", []))
    assert added == {"http://127.0.0.1/*", "http://localhost/*"}
    assert tested == shipped


def test_a_second_build_touches_nothing(dist: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in dist.rglob("*") if path.is_file()}

    before = state()
    build(ROOT, dist)
    assert state() == before


def test_a_file_that_left_the_sources_leaves_the_build(tmp_path: Path) -> None:
    write_tree(tmp_path, {"kept.js": b"1", "folder/gone.js": b"2"})
    write_tree(tmp_path, {"kept.js": b"3"})
    assert [path.name for path in tmp_path.rglob("*")] == ["kept.js"]
    assert (tmp_path / "kept.js").read_bytes() == b"3"


def test_writing_a_build_never_writes_through_a_hard_link(tmp_path: Path) -> None:
    source = tmp_path / "large.wasm"
    source.write_bytes(bytes(2_000_000))
    write_tree(tmp_path / "out", {"large.wasm": source})
    assert (tmp_path / "out/large.wasm").samefile(source)
    write_tree(tmp_path / "out", {"large.wasm": b"new"})
    assert source.read_bytes() == bytes(2_000_000)


def test_the_schema_and_python_know_the_same_verbs() -> None:
    script = 'import { VERBS } from "./wasm_build/runtime/schema.js"; console.log(JSON.stringify(Object.keys(VERBS)))'
    command = ["node", "--no-warnings", "--input-type=module", "-e", script]
    known = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    assert set(json.loads(known)) == set(verbs.VERBS)


def test_the_vaults_page_explains_every_verb() -> None:
    contracts = (ROOT / "docs/contracts.md").read_text()
    assert set(verbs.VERBS) <= set(re.findall(r"`([a-z]+\.[a-z]+)`", contracts))


def test_the_warm_up_takes_its_stand_in_away() -> None:
    warm_up()
    assert "sealwax_js" not in sys.modules
