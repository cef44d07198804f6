"""The bundle: reproducible, complete, incremental."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wasm_build import verbs
from wasm_build.build import build
from wasm_build.python_zip import build_python_zip, list_sources
from wasm_build.standard_library import is_listed
from wasm_build.tree import sha384, write_tree
from wasm_build.warm_up import warm_up

ROOT = Path(__file__).parents[2]
# Part of the WebAssembly program itself.
FROZEN = {"abc.py", "codecs.py", "importlib/util.py", "io.py", "os.py"}

pytestmark = pytest.mark.skipif(
    not (ROOT / "node_modules/pyodide").exists() or shutil.which("node") is None, reason="needs Node and npm's packages"
)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "dist"
    build(ROOT, out)
    return out


def test_the_archive_does_not_depend_on_file_times(tmp_path: Path) -> None:
    copies = []
    for number, name in enumerate(("one", "two")):
        path = tmp_path / name / "module.py"
        path.parent.mkdir()
        path.write_text("answer = 42\n")
        path.touch()
        path.chmod(0o600 + number * 0o44)
        copies.append(build_python_zip({"module.py": path.read_bytes()}))
    assert copies[0] == copies[1]


def test_the_archive_holds_the_core_and_nothing_native() -> None:
    names = set(list_sources(ROOT))
    assert {"smime_core/message.py", "roaming_keys/protocol.py", "wasm_build/verbs.py", "asn1crypto/x509.py"} <= names
    assert not {"smime_core/demo_ca.py", "smime_core/providers/native.py", "roaming_keys/app.py"} & names
    assert not any(name.startswith("smime_core/cli/") for name in names)


def test_the_archives_hold_bytecode_that_names_no_line_and_no_folder(dist: Path) -> None:
    for name in ("python_stdlib.zip", "sealwax_python.zip"):
        with zipfile.ZipFile(dist / "runtime" / name) as archive:
            assert all(entry.endswith(".pyc") for entry in archive.namelist())
            assert not any(str(ROOT).encode() in archive.read(entry) for entry in archive.namelist())


def test_every_import_of_the_core_is_in_the_bundle() -> None:
    with zipfile.ZipFile(ROOT / "node_modules/pyodide/python_stdlib.zip") as archive:
        whole = set(archive.namelist())
    sources = list_sources(ROOT)
    missing = {
        f"{name}: {module}"
        for name, path in sources.items()
        for module in imported_modules(path.read_text())
        for file in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py")
        if file in whole and file not in FROZEN and file not in sources and not is_listed(file)
    }
    assert not missing


def test_a_module_that_is_not_listed_would_be_noticed() -> None:
    assert not is_listed("tarfile.py")
    assert not is_listed("email/__init__.py")
    assert is_listed("json/__init__.py")
    assert is_listed("encodings/koi8_r.py")


def imported_modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


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
