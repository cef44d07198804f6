"""The steps that build `dist/`: runtime, pages, extension and its packages, bill of materials, hashes of all files."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from sealwax.words import Words
from wasm_build.bundle import archives
from wasm_build.bundle.archives import build_package, chromium_manifest, firefox_manifest
from wasm_build.bundle.bill_of_materials import build_bill_of_materials
from wasm_build.bundle.catalogues import start_words, texts_of_extension, texts_of_part, with_sentences
from wasm_build.bundle.compressed_files import compress_all
from wasm_build.bundle.inputs import Package, check_inputs
from wasm_build.bundle.late_files import build_late_views, build_pdf_preview
from wasm_build.bundle.mozilla_roots import find_roots_source
from wasm_build.bundle.runtime_files import (
    SANITISER,
    Pyodide,
    collect_owners,
    collect_runtime,
    kept_files,
    pinned_module,
)
from wasm_build.bundle.scripts import bundle_pages, bundle_scripts, list_source_modules
from wasm_build.bundle.tree import Content, find_or_make, read_content, sha384, write_tree
from wasm_build.bundle.zxcvbn_package import check_zxcvbn

# The scripts that the background script injects into documents.
_CONTENT_SCRIPTS: Final = tuple(
    f"content/{name}.js" for name in ("guard", "site_check", "content", "field_scripts", "mail_scripts", "page_scripts")
)
# The published names of the pages' workers, and the folders whose name is left out of the published file names.
_PAGES_WORKERS: Final = {
    "new_mail_worker.js": "settings/new_mail_worker.js",
    "save_worker.js": "parcels/save_worker.js",
}
_PAGES_FOLDERS: Final = ("markup",)
# The pages with a sentence in all languages, for browsers without JavaScript.
_PAGES_WITH_SENTENCES: Final = ("index.html", "parcel.html")
_WORDS: Final = "sealwax/words"
_APP_WORKER: Final = {"app_worker.js": "webbridge/pages/offline/app_worker.js"}
_LOOPBACK_ORIGINS: Final = ["http://127.0.0.1/*", "http://localhost/*"]


def build(root: Path, out: Path) -> dict[str, Content]:
    """Bring `out` up to date with the sources below `root`. Returns its files by name.

    Raises InputError, or WrongWords.
    """
    packages = (*check_inputs(root), check_zxcvbn(root))
    pyodide = Pyodide.below(root)
    runtime = collect_runtime(root, pyodide)
    pinned = pinned_module(runtime)
    words = Words(root / _WORDS)
    extension = {
        **bundle_pages(
            root,
            "browser_ext",
            "extension",
            modules=("background.js",),
            classic={name: name for name in _CONTENT_SCRIPTS},
            pinned=pinned,
        ),
        **texts_of_extension(words),
        **_below("runtime", runtime),
        **_sanitiser(root),
        "release_keys.json": root / "sealwax/releases/release_keys.json",
    }
    owners = {**collect_owners(root, pinned), **_below("ui", texts_of_part(words, "shared"))}
    served = {**_below("runtime", {**runtime, **owners}), **_below("pages", build_pages(root, runtime))}
    files: dict[str, Content] = {
        **served,
        **compress_all(served, root / "wasm_build/bundle/brotli.mjs", cache=pyodide.cache),
        **_below("extension", extension),
        **_below("extension_test", {**extension, **_test_manifest(extension), **_tests_scripts(root, pinned, owners)}),
        **_below("packages", _packages(extension, cache=pyodide.cache)),
    }
    files["sbom.cdx.json"] = _bill_of_materials(root, packages, pyodide, {**runtime, **owners})
    files["manifest.json"] = _manifest(files, commit=find_commit(root))
    write_tree(out, files)
    return files


def build_pages(root: Path, runtime: Mapping[str, Content]) -> dict[str, Content]:
    """The files of the pages by name, with the catalogues below `root`. `runtime` are the files of the vault.

    Raises WrongWords.
    """
    words = Words(root / _WORDS)
    pdf, late = build_pdf_preview(root), build_late_views(root)
    pages = bundle_pages(
        root,
        "webbridge/pages",
        "pages",
        classic=_PAGES_WORKERS,
        flat=_PAGES_FOLDERS,
        pinned=pinned_module(runtime) + pdf.pins + late.pins + start_words(words),
    )
    pages |= {name: with_sentences(read_content(pages[name]).decode(), words) for name in _PAGES_WITH_SENTENCES}
    pages |= {
        **texts_of_part(words, "pages"),
        **_below("runtime", {**runtime, **_below("ui", texts_of_part(words, "shared"))}),
        **_sanitiser(root),
        **pdf.files,
        **late.files,
    }
    pages |= bundle_scripts(root, "pages", "iife", _APP_WORKER, pinned=kept_files(pages, tuple(_PAGES_WORKERS)))
    return pages


def _sanitiser(root: Path) -> dict[str, Content]:
    # Pages and extension load the sanitiser for HTML mail. The first line of the file names its licence.
    return {"purify.js": root / SANITISER}


def find_commit(root: Path) -> str | None:
    """The commit that is checked out, or None outside a checkout."""
    process = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return process.stdout.strip() if process.returncode == 0 else None


def _below(folder: str, files: Mapping[str, Content]) -> dict[str, Content]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def _test_manifest(extension: Mapping[str, Content]) -> dict[str, Content]:
    # The test extension has a permission that the product lacks. It may act on loopback pages without a click that
    # grants their origin.
    if "manifest.json" not in extension:
        return {}
    manifest = json.loads(read_content(extension["manifest.json"]))
    manifest["host_permissions"] = [*manifest.get("host_permissions", []), *_LOOPBACK_ORIGINS]
    return {"manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode()}


def _tests_scripts(root: Path, pinned: str, owners: Mapping[str, Content]) -> dict[str, Content]:
    # Tests load single modules, and start the vault in a page of the extension. The product has no files for this.
    return {**_below("source", list_source_modules(root, pinned)), **_below("runtime", owners)}


def _packages(extension: Mapping[str, Content], *, cache: Path) -> dict[str, Content]:
    if "manifest.json" not in extension:
        return {}
    manifest = json.loads(read_content(extension["manifest.json"]))
    packages = {"chromium": (chromium_manifest(manifest), "zip"), "firefox": (firefox_manifest(manifest), "xpi")}
    contents = [part for name, content in sorted(extension.items()) for part in (name.encode(), content)]
    built: dict[str, Content] = {}
    for browser, (own_manifest, kind) in packages.items():
        inputs = [*contents, json.dumps(own_manifest).encode(), Path(archives.__file__)]

        def make(out: Path, manifest: dict[str, Any] = own_manifest) -> None:
            out.write_bytes(build_package(extension, manifest))

        built[f"sealwax-{browser}-{manifest['version']}.{kind}"] = find_or_make(cache, kind, inputs, make)
    return built


def _bill_of_materials(
    root: Path, packages: Sequence[Package], pyodide: Pyodide, runtime: Mapping[str, Content]
) -> bytes:
    return build_bill_of_materials(
        version("sealwax"),
        packages,
        python_version=pyodide.python_version,
        roots_source=find_roots_source(root),
        files={name: hashlib.sha384(read_content(content)).hexdigest() for name, content in runtime.items()},
    )


def _manifest(files: Mapping[str, Content], *, commit: str | None) -> bytes:
    # The same runtime is in several folders, so each content is hashed only once.
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
