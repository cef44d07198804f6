"""The bundle is reproducible and complete, and a second build writes only changed files."""

from __future__ import annotations

import ast
import hashlib
import json
import marshal
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from sealwax.roots import mozilla_anchors
from sealwax.words import ENGLISH, WORDS
from tests.support.bundled_script import object_in
from tests.support.project import ROOT
from tests.support.vault.roots import bring_roots
from wasm_build.bundle.archives import build_python_zip
from wasm_build.bundle.build import build
from wasm_build.bundle.bytecode import compile_module
from wasm_build.bundle.imports import VAULT_ENTRIES, follow_imports, imported_names
from wasm_build.bundle.inputs import InputError, check_inputs
from wasm_build.bundle.standard_library import is_listed
from wasm_build.bundle.tree import sha384, write_tree
from wasm_build.bundle.zxcvbn_package import check_zxcvbn, find_packages_folder
from wasm_build.vault.python import trust, verbs
from wasm_build.vault.python.warm_up import warm_up

PACKAGE_FILES = tuple(
    f"{name}/package.json" for name in ("pyodide", "hash-wasm", "dompurify", "esbuild", "pdfjs-dist", "uqr")
)
OWN_SOURCES = ("sealwax/words/", "wasm_build/", "browser_ext/", "webbridge/", "node_modules/uqr/")
PUBLISHED_SCRIPTS = ("argon2.js", "pyodide.asm.mjs", "pyodide.mjs", "scrypt.js")
# Modules that are part of the WebAssembly program itself.
FROZEN = {"abc.py", "codecs.py", "importlib/machinery.py", "importlib/util.py", "io.py", "os.py"}

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
    names = set(follow_imports(ROOT))
    assert {
        "smime_core/message.py",
        "roaming_keys/protocol/key_account.py",
        "wasm_build/vault/python/verbs.py",
    } <= names
    assert not {"smime_core/ca/demo.py", "smime_core/providers/native.py", "roaming_keys/server/app.py"} & names
    assert not any(name.startswith(("sealwax/", "webbridge/")) for name in names)


def test_imports_are_followed_into_functions_and_packages(tmp_path: Path) -> None:
    sources = {
        "a/__init__.py": "import e",
        "a/entry.py": "from typing import TYPE_CHECKING\nfrom b import c\nif TYPE_CHECKING:\n    import unused\n",
        "b/__init__.py": "",
        "b/c.py": "def f():\n    from d import name\n",
        "b/unused.py": "",
        "d.py": "import a.entry, json",
        "e.py": "",
        "unused.py": "",
    }
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    modules = follow_imports(tmp_path, ["a.entry"])
    assert set(modules) == {name for name in sources if "unused" not in name}


def test_the_entries_are_the_modules_that_javascript_names() -> None:
    scripts = [*(ROOT / "wasm_build").rglob("*.js"), *(ROOT / "wasm_build").rglob("*.mjs")]
    named = {name for path in scripts for name in re.findall(r"wasm_build\.vault\.python\.\w+", path.read_text())}
    assert named == set(VAULT_ENTRIES)


def test_no_bundled_module_takes_a_name_from_the_face_of_the_core() -> None:
    """`smime_core/__init__.py` imports each public name when it is first used, which the syntax tree does not show."""
    sources = follow_imports(ROOT)
    for path in sources.values():
        for name in imported_names(ast.parse(path.read_text())):
            room, *parts = name.split(".")
            if room == "smime_core":
                assert parts, path
                assert {f"smime_core/{parts[0]}.py", f"smime_core/{parts[0]}/__init__.py"} & set(sources), path


def test_the_bundle_hands_over_the_roots_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    bring_roots(monkeypatch)
    trust.mozilla_anchors.cache_clear()
    assert trust.mozilla_anchors() == mozilla_anchors()


def test_the_archives_hold_bytecode_that_names_no_line_and_no_folder(dist: Path) -> None:
    for name in ("python_stdlib.zip", "sealwax_python.zip", "zxcvbn.zip"):
        with zipfile.ZipFile(dist / "runtime" / name) as archive:
            assert all(entry.endswith(".pyc") for entry in archive.namelist())
            assert not any(str(ROOT).encode() in archive.read(entry) for entry in archive.namelist())


def test_every_import_of_the_core_is_in_the_bundle() -> None:
    with zipfile.ZipFile(ROOT / "node_modules/pyodide/python_stdlib.zip") as archive:
        whole = set(archive.namelist())
    sources = follow_imports(ROOT)
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
    runtime = files_of(dist / "pages/runtime")
    # The browser keeps the texts of the extension.
    texts = {f"ui/messages.{language}.json" for language in WORDS.languages}
    assert files_of(dist / "extension/runtime") == {name for name in runtime - texts if not name.endswith(".br")}
    assert runtime < files_of(dist / "runtime")
    assert (dist / "pages/runtime/sealwax.snapshot").samefile(dist / "runtime/sealwax.snapshot")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_shipped_rooms_hold_entries_and_no_single_modules(dist: Path) -> None:
    scripts = {name for name in files_of(dist) if name.endswith((".js", ".mjs")) and "extension_test" not in name}
    assert {name for name in scripts if name.startswith("pages/")} == {
        "pages/app_worker.js",
        "pages/main.js",
        "pages/my_files.js",
        "pages/new_mail_worker.js",
        "pages/parcel_answer.js",
        "pages/parcel_key.js",
        "pages/parcel_letter.js",
        "pages/parcel_main.js",
        "pages/parcels_sent.js",
        "pages/pdf_view.js",
        "pages/pdf_worker.js",
        "pages/purify.js",
        "pages/save_worker.js",
        *(f"pages/runtime/{name}" for name in (*PUBLISHED_SCRIPTS, "vault_worker.js")),
    }
    assert {name for name in scripts if name.startswith("runtime/")} == {
        f"runtime/{name}" for name in (*PUBLISHED_SCRIPTS, "sealwax.js", "vault.js", "vault_worker.js")
    }
    imports = re.compile(r"""(?:^|[;}])import(?:\s*["'{*]|\s+\w)""", re.MULTILINE)
    assert [name for name in scripts if imports.search((dist / name).read_text())] == []


@pytest.mark.parametrize("name", ["my_files.js", "parcel_letter.js", "parcels_sent.js"])
def test_a_view_that_is_loaded_late_brings_nothing_that_a_document_has_once(dist: Path, name: str) -> None:
    """A second copy would give the same ids again, and stop clicks that the first one has let through."""
    view, pages = ((dist / "pages" / script).read_text() for script in (name, "main.js"))
    for once in ("data-agrees", "lastId+=1", "createPolicy"):
        assert once in pages
        assert once not in view


def test_the_worker_of_the_pages_keeps_each_file_with_its_hash(dist: Path) -> None:
    others = ("app_worker.js", "new_mail_worker.js", "save_worker.js")
    pages = dist / "pages"
    loaded = {name for name in files_of(pages) if not name.endswith((".br", ".map")) and name not in others}
    pins = object_in((pages / "app_worker.js").read_text(), "FILES")
    assert pins == {
        name: {"integrity": sha384((pages / name).read_bytes()), "bytes": (pages / name).stat().st_size}
        for name in loaded
    }


class Addresses(HTMLParser):
    """The addresses of the files that the markup of a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "iframe"}:
            self.addresses += [value for name, value in attrs if name in {"src", "href"} and value]


def test_all_that_pages_load_is_built(dist: Path) -> None:
    for room in ("pages", "extension"):
        pages = list((dist / room).rglob("*.html"))
        assert pages
        for page in pages:
            parser = Addresses()
            parser.feed(page.read_text())
            assert parser.addresses
            assert [address for address in parser.addresses if not (page.parent / address).is_file()] == []


def test_all_that_the_extension_names_as_a_file_is_built(dist: Path) -> None:
    texts = [path.read_text() for path in (ROOT / "browser_ext").rglob("*.js*")]
    named = {name for text in texts for name in re.findall(r'getURL\(["`]([\w/]+\.\w+)', text)}
    named |= {name for text in texts for name in re.findall(r'["`](\w+/\w+\.html)["`?]', text)}
    named |= {name for text in texts for name in re.findall(r'"(\w+/\w+\.js)"', text)}
    assert {"frame/broker.html", "content/mail_scripts.js", "changes.json"} <= named
    assert {name for name in named if not (dist / "extension" / name).is_file()} == set()


def test_every_bundle_has_a_source_map_beside_it_that_names_no_folder_of_the_build(dist: Path) -> None:
    bundles = {path for path in dist.rglob("*.js.map") if "extension_test" not in path.parts}
    assert {path.relative_to(dist).as_posix() for path in bundles} >= {
        "pages/main.js.map",
        "extension/background.js.map",
    }
    for path in bundles:
        sources = json.loads(path.read_text())
        assert (dist / path.relative_to(dist).with_suffix("")).read_text().endswith(f"sourceMappingURL={path.name}\n")
        names = [name for name in sources["sources"] if not name.endswith("pinned.js")]
        assert [name for name in names if not name.startswith("../")] == []
        assert [name for name in names if not name.lstrip("./").startswith(OWN_SOURCES)] == []
        assert len(sources["sourcesContent"]) == len(sources["sources"])


def test_the_manifest_names_every_file_with_its_hash(dist: Path) -> None:
    files = json.loads((dist / "manifest.json").read_text())["files"]
    paths = {path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(files) == paths
    for name in ("runtime/vault.js", "runtime/sealwax.snapshot", "extension/manifest.json"):
        data = (dist / name).read_bytes()
        assert files[name] == {"sha384": sha384(data), "bytes": len(data)}


def test_the_vault_pins_what_it_loads(dist: Path) -> None:
    pinned = (dist / "runtime/vault.js").read_text()
    for name in ("pyodide.asm.wasm", "python_stdlib.zip", "sealwax_python.zip", "sealwax.snapshot"):
        assert object_in(pinned, "FILES")[name]["integrity"] == sha384((dist / "runtime" / name).read_bytes())


def test_owner_and_vault_pin_the_archive_of_zxcvbn(dist: Path) -> None:
    digest = sha384((dist / "runtime/zxcvbn.zip").read_bytes())
    for owner in ("pages/main.js", "pages/parcel_main.js", "extension/background.js"):
        assert object_in((dist / owner).read_text(), "ZXCVBN")["integrity"] == digest
    with zipfile.ZipFile(dist / "runtime/sealwax_python.zip") as archive:
        assert digest.encode() in archive.read("sealwax_zxcvbn.pyc")


def test_another_file_of_zxcvbn_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    assert (package := check_zxcvbn(ROOT)).name == "zxcvbn"
    assert (package.version, len(package.hashes)) == (version("zxcvbn"), 2)
    shutil.copytree(find_packages_folder() / "zxcvbn", tmp_path / "zxcvbn")
    with (tmp_path / "zxcvbn/scoring.py").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match=re.escape("zxcvbn/scoring.py is not the locked file")):
        check_zxcvbn(ROOT, tmp_path)


def test_the_hashes_of_the_pieces_cover_each_large_file(dist: Path) -> None:
    pinned = (dist / "runtime/vault.js").read_text()
    size = object_in(pinned, "PIECE_BYTES")
    pins = object_in(pinned, "FILES")
    assert {name for name, pin in pins.items() if "pieces" in pin} >= {"sealwax.snapshot", "pyodide.asm.wasm"}
    for name, pin in pins.items():
        data = (dist / "runtime" / name).read_bytes()
        pieces = [sha384(data[at : at + size]) for at in range(0, len(data), size)]
        assert pin.get("pieces", [pin["integrity"]]) == pieces


def test_every_script_of_a_worker_is_pinned(dist: Path) -> None:
    worker = (dist / "runtime/vault_worker.js").read_text()
    imported = {name.removeprefix("./") for name in re.findall(r'\bimport\("([^"]+)"\)', worker)}
    assert imported == set(PUBLISHED_SCRIPTS)
    for owner in ("runtime/vault.js", "runtime/sealwax.js", "pages/main.js", "extension/background.js"):
        scripts = object_in((dist / owner).read_text(), "SCRIPTS")
        for name in ("vault_worker.js", *imported):
            assert scripts[name]["integrity"] == sha384((dist / "runtime" / name).read_bytes())


def test_served_files_have_an_equal_compressed_twin(dist: Path) -> None:
    for name in ("index.html", "main.js", "runtime/pyodide.asm.mjs", "runtime/sealwax_python.zip"):
        plain, compressed = dist / "pages" / name, dist / "pages" / f"{name}.br"
        assert (
            not compressed.exists() if plain.stat().st_size < 1000 else decompressed(compressed) == plain.read_bytes()
        )


def decompressed(file: Path) -> bytes:
    script = 'process.stdout.write(require("zlib").brotliDecompressSync(require("fs").readFileSync(process.argv[1])))'
    return subprocess.run(["node", "-e", script, file], capture_output=True, check=True).stdout


def test_the_notes_for_translators_are_not_served(dist: Path) -> None:
    notes = [note for key in WORDS.texts(ENGLISH) if len(note := WORDS.note(key)["note"]) > 40]
    served = "".join(file.read_text() for file in dist.rglob("messages*.json"))
    assert len(notes) > 1000
    json_notes = {json.dumps(note, ensure_ascii=False)[1:-1] for note in notes} - set(WORDS.texts(ENGLISH).values())
    assert [note for note in json_notes if f'"{note}"' in served] == []


def first_visit(dist: Path) -> tuple[int, int]:
    """The bytes of the first visit without the snapshot, and with it.

    This counts compressed copies; `make bench` measures in a browser which files a page requests. A visit loads the
    words of its language. French has the longest. The preview of PDF files comes with the first one that is looked at,
    and the archive of zxcvbn with the first new passphrase.
    The page of parcels has scripts of its own, in the place of the larger ones of the mail pages.
    """
    snapshot = (dist / "runtime/sealwax.snapshot.br").stat().st_size
    later = re.compile(r"messages\.(?:ar|de|en|es)\.|my_files\.|pdf_|parcel|save_worker\.|zxcvbn\.")
    copies = [path for path in (dist / "pages").rglob("*.br") if not later.match(path.name)]
    pages = sum(path.stat().st_size for path in copies)
    return pages - snapshot, pages


def test_the_first_visit_stays_within_its_bytes(dist: Path) -> None:
    assert first_visit(dist)[0] <= 4_500_000


def test_the_first_visit_with_the_snapshot_stays_within_its_bytes(dist: Path) -> None:
    assert first_visit(dist)[1] <= 10_500_000
    assert (dist / "pages/parcel_main.js.br").stat().st_size < (dist / "pages/main.js.br").stat().st_size


def test_the_packages_hold_the_extension_each_with_its_browsers_manifest(dist: Path) -> None:
    files = {
        path.relative_to(dist / "extension").as_posix() for path in (dist / "extension").rglob("*") if path.is_file()
    }
    manifests = {}
    version = json.loads((ROOT / "browser_ext/manifest.json").read_text())["version"]
    for name in (f"sealwax-chromium-{version}.zip", f"sealwax-firefox-{version}.xpi"):
        with zipfile.ZipFile(dist / "packages" / name) as archive:
            assert set(archive.namelist()) == files
            assert archive.read("background.js") == (dist / "extension/background.js").read_bytes()
            manifests[name.split("-")[1]] = json.loads(archive.read("manifest.json"))
    assert manifests["chromium"]["background"] == {"service_worker": "background.js", "type": "module"}
    assert manifests["firefox"]["background"] == {"scripts": ["background.js"], "type": "module"}
    assert "browser_specific_settings" not in manifests["chromium"]
    assert "gecko" in manifests["firefox"]["browser_specific_settings"]
    security = {name: manifest["content_security_policy"] for name, manifest in manifests.items()}
    assert security["chromium"] == security["firefox"]


def test_the_bill_of_materials_names_every_package_and_file_by_the_rules_of_cyclonedx(dist: Path) -> None:
    bill = json.loads((dist / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    parts = {part["name"]: part for part in bill["components"]}
    for name, purl in {"pyodide": "pkg:npm/pyodide@", "hash-wasm": "pkg:npm/"}.items():
        assert parts[name]["purl"].startswith(purl)
        assert parts[name]["licenses"][0]["license"]["id"] in {"MIT", "MPL-2.0"}
        assert all(len(checksum["content"]) == 128 for checksum in parts[name]["hashes"])
        assert parts[name]["hashes"]
    references = [part["bom-ref"] for part in bill["components"]] + [bill["metadata"]["component"]["bom-ref"]]
    assert len(references) == len(set(references))
    assert (parts["mnemonic"]["licenses"], bool(parts["mnemonic"]["copyright"])) == ([{"license": {"id": "MIT"}}], True)
    assert parts["zxcvbn"]["purl"].startswith("pkg:pypi/zxcvbn@")
    assert parts["zxcvbn"]["licenses"] == parts["mnemonic"]["licenses"]
    assert [len(checksum["content"]) for checksum in parts["zxcvbn"]["hashes"]] == [64, 64]
    assert parts["dompurify"]["licenses"] == [{"expression": "(MPL-2.0 OR Apache-2.0)"}]
    assert {line["ref"] for line in bill["dependencies"]} <= set(references)
    assert {to for line in bill["dependencies"] for to in line["dependsOn"]} <= set(references)
    runtime = {
        path.relative_to(dist / "runtime").as_posix() for path in (dist / "runtime").rglob("*") if path.is_file()
    }
    listed = {part["name"]: part["hashes"] for part in bill["components"] if part["type"] == "file"}
    assert set(listed) == {name for name in runtime if not name.endswith(".br")}
    digest = hashlib.sha384((dist / "runtime/pyodide.mjs").read_bytes()).hexdigest()
    assert listed["pyodide.mjs"] == [{"alg": "SHA-384", "content": digest}]
    assert not {"timestamp"} & set(bill["metadata"])


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder with the inputs of a build and nothing else."""
    for name in ("package-lock.json", "wasm_build/bundle/locked_files.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in (*json.loads((ROOT / "wasm_build/bundle/locked_files.json").read_text()), *PACKAGE_FILES):
        (tmp_path / "node_modules" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / name, tmp_path / "node_modules" / name)
    return tmp_path


def test_locked_inputs_are_taken(locked: Path) -> None:
    bundled = {"pyodide", "hash-wasm", "dompurify", "pdfjs-dist", "uqr"}
    assert {package.name for package in check_inputs(locked)} == bundled


@pytest.mark.parametrize(
    ("file", "before", "after", "text"),
    [
        ("node_modules/pyodide/pyodide.mjs", "loadPyodide", "loadPyodid_", "pyodide.mjs is not the locked file"),
        ("node_modules/hash-wasm/package.json", '"4.13.0"', '"4.13.1"', "hash-wasm 4.13.1 is installed"),
        ("node_modules/esbuild/package.json", '"0.28.2"', '"0.28.3"', "esbuild 0.28.3 is installed"),
    ],
)
def test_other_inputs_than_the_locked_ones_are_refused(
    locked: Path, file: str, before: str, after: str, text: str
) -> None:
    content = (locked / file).read_text()
    assert before in content
    (locked / file).write_text(content.replace(before, after))
    with pytest.raises(InputError, match=text):
        check_inputs(locked)


def test_a_package_that_is_not_installed_is_named(locked: Path) -> None:
    (locked / "node_modules/esbuild/package.json").unlink()
    with pytest.raises(InputError, match="esbuild is not installed: run npm ci"):
        check_inputs(locked)


def test_a_script_that_compiles_sources_gives_back_what_they_do(tmp_path: Path) -> None:
    source = (
        b'"""What it says."""\n\n\ndef answer() -> int:\n    """Forty-two."""\n    assert True, "kept"\n    return 42\n'
    )
    code = marshal.loads(compile_module("answers.py", source)[16:])  # noqa: S302  made in the line itself
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102
    assert module["answer"]() == 42
    assert module["answer"].__doc__ == module["__doc__"] == "."
    assert b"Forty-two" not in marshal.dumps(code)
    assert b"kept" in marshal.dumps(code)


def test_the_tests_extension_differs_in_loopback_permissions_alone(dist: Path) -> None:
    shipped = json.loads((dist / "extension/manifest.json").read_text())
    tested = json.loads((dist / "extension_test/manifest.json").read_text())
    added = set(tested.pop("host_permissions")) - set(shipped.pop("host_permissions", []))
    assert added == {"http://127.0.0.1/*", "http://localhost/*"}
    assert tested == shipped


@pytest.mark.thorough
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


def test_the_vaults_page_explains_every_verb() -> None:
    contracts = (ROOT / "docs/contracts.md").read_text()
    assert set(verbs.VERBS) <= set(re.findall(r"`([a-z]+\.[a-z]+)`", contracts))


def test_the_warm_up_takes_its_stand_in_away(monkeypatch: pytest.MonkeyPatch) -> None:
    bring_roots(monkeypatch)
    warm_up()
    assert "sealwax_js" not in sys.modules


def test_the_catalogues_of_browsers_have_all_texts_and_no_notes(dist: Path) -> None:
    for language in WORDS.languages:
        for part, folder in (("pages", "pages"), ("shared", "pages/runtime/ui"), ("shared", "runtime/ui")):
            copied = json.loads((dist / folder / f"messages.{language}.json").read_text())
            assert copied == WORDS.of_part(language, part)
        own = json.loads((dist / "extension/_locales" / language / "messages.json").read_text())
        texts = {**WORDS.of_part(language, "shared", "extension"), "language_tag": language}
        assert own == {key: {"message": text.replace("$", "$$")} for key, text in texts.items()}
