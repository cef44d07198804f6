"""The start of the vault: altered files, the start without the snapshot, the downloads, and fresh clocks and values."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program, page_scripts
from tests.support.browser.webkit import WebKit, skip_in_webkit
from tests.support.extension.driver import Extension
from tests.support.people import anchor, person
from tests.support.vault.page import (
    AT,
    PROVIDER,
    OpenPage,
    VaultServer,
    b64,
    call,
    octets_of,
    open_identity,
    serve_vault,
)

IN_PAGE = page_scripts("vault/start.js")

pytestmark = pytest.mark.browser

# A Worker that reports its clocks and random values, in Python and in JavaScript, before it answers.
TELLING_WORKER = page_program("vault/telling_worker.js")

# Takes away what only some browsers have, in the page and in the Worker, before any script of the vault runs.
WITHOUT = """
for (const name of ["Suspending", "promising", "SuspendError"]) delete WebAssembly[name];
for (const name of ["StorageManager", "FileSystemHandle", "FileSystemFileHandle"]) delete globalThis[name];
const { prototype } = navigator.constructor;
for (const name of ["storage", "deviceMemory"]) delete prototype[name];
export const left = () => ["Suspending", "promising"].filter((name) => name in WebAssembly)
  .concat(["storage", "deviceMemory"].filter((name) => name in navigator));
"""
WITHOUT_IN_PAGE = """
import { left } from "/without.js";
window.left = left;
export { openVault } from "/runtime/vault.js";
"""
WITHOUT_IN_WORKER = """
import { left } from "/without.js";
import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
serve(self, { beforeRequest: () => channel.postMessage({ left: left() }) });
"""

# The packages have no separate module of the vault's owner. The test inserts it, with the hashes of the same build.
START_IN_THE_EXTENSION = """async () => {
  %s
  const vault = await openVault({ base: new URL("/runtime/", location.href) });
  await vault.ready;
  const { startKind } = vault;
  vault.close();
  return startKind;
}"""

DESCRIBE = {"certificates": [b64(anchor().der)], "trust": {"anchors": []}, "at": AT}


def describes(page: Any) -> bool:
    """Whether an operation works."""
    return "ok" in call(page, "certificate.describe", DESCRIBE)


def test_everything_is_fresh_after_a_start_from_the_snapshot(open_vault_page: OpenPage) -> None:
    page = open_vault_page(TELLING_WORKER, TELLING_WORKER, TELLING_WORKER)
    page.js(IN_PAGE["everythingIsFreshAfterAStartFromTheSnapshot"])
    for _ in range(2):
        assert describes(page)
        page.js("() => window.vault.ready.then(() => true)")
    first, second = page.wait_for("() => window.told.length >= 2 && window.told.slice(0, 2)")
    assert {first["startKind"], second["startKind"]} == {"snapshot"}
    values = [*first["told"]["values"], *second["told"]["values"]]
    assert len(set(values)) == len(values)
    for each in (first, second):
        for clock in (*each["told"]["clocks"], *each["later"]["clocks"]):
            assert abs(clock - each["now"]) < 60
            assert abs(clock - time.time()) < 600
        for before, after in zip(each["told"]["monotonic"], each["later"]["monotonic"], strict=True):
            assert 0.04 < after - before < 60


@pytest.mark.parametrize(
    "name",
    [
        "pyodide.asm.wasm",
        "python_stdlib.zip",
        "sealwax_python.zip",
        "pyodide.mjs",
        "pyodide.asm.mjs",
        "vault_worker.js",
        "argon2.js",
        "scrypt.js",
    ],
)
@pytest.mark.thorough
def test_an_altered_file_is_refused_by_its_name(open_vault_page: OpenPage, browser: Browser, name: str) -> None:
    # Firefox reports a program that does not have its hash, at times before the page is closed.
    browser.expect_error("hashes in the integrity attribute")
    page = open_vault_page(altered=name)
    sentence = f"{name} is not the file that belongs to this version"
    assert page.js("() => window.failure") == {"code": "vault-incomplete", "message": sentence}
    # The refused file does not stay in a cache: the next page gets the right file and works.
    assert describes(open_vault_page())


@pytest.mark.thorough
def test_an_altered_snapshot_is_refused_by_its_name_and_the_plain_start_serves(
    open_vault_page: OpenPage, browser: Browser
) -> None:
    skip_in_webkit(browser, "WebKit's driver reports no warnings of a console")
    page = open_vault_page(altered="sealwax.snapshot")
    assert page.js("() => window.failure") is None
    assert page.js("() => window.vault.startKind") == "plain"
    keys = open_identity(page, person("bob"))
    cms = blocking.encrypt_bytes(b"content", Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER)
    assert octets_of(call(page, "bytes.decrypt", {"cms": b64(cms), **keys})["ok"]["content"]) == b"content"
    assert any("sealwax.snapshot is not the file" in entry.text for entry in browser.log)


@pytest.mark.thorough
def test_needs_no_jspi_no_private_file_system_and_no_size_of_memory(
    open_vault_page: OpenPage, vault_server: VaultServer
) -> None:
    vault_server.files = {"/without.js": WITHOUT.encode(), "/page_without.js": WITHOUT_IN_PAGE.encode()}
    page = open_vault_page(*[WITHOUT_IN_WORKER] * 3, options={"module": "/page_without.js"})
    page.js("""() => {
      new BroadcastChannel("sealwax test").onmessage = ({ data }) => { window.leftInWorker = data.left; };
    }""")
    keys = open_identity(page, person("bob"))
    cms = blocking.encrypt_bytes(b"content", Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER)
    assert octets_of(call(page, "bytes.decrypt", {"cms": b64(cms), **keys})["ok"]["content"]) == b"content"
    assert page.js("() => [window.left(), window.leftInWorker]") == [[], []]
    vault_server.files = {}


def test_a_file_that_is_missing_is_named(open_vault_page: OpenPage) -> None:
    page = open_vault_page(missing="scrypt.js")
    assert page.js("() => window.failure") == {
        "code": "vault-incomplete",
        "message": "scrypt.js could not be loaded",
    }


@pytest.mark.thorough
def test_a_page_that_saves_bytes_starts_plainly_and_goes_on_from_the_snapshot(
    open_vault_page: OpenPage, vault_server: VaultServer
) -> None:
    page = open_vault_page(options={"saveBytes": True})
    assert page.js("() => window.firstStart") == "plain"
    # A Worker started from the snapshot replaces the waiting Worker that was started without it.
    assert page.wait_for("() => window.vault.startKind === 'snapshot'", timeout_seconds=60)
    order = [path for path in vault_server.asked if path.endswith((".snapshot", "pyodide.asm.wasm"))]
    assert order == ["/runtime/pyodide.asm.wasm", "/runtime/sealwax.snapshot"]
    assert describes(page)


@pytest.mark.thorough
def test_a_first_visit_saves_bytes_by_itself(open_vault_page: OpenPage) -> None:
    """This server forbids caching, so that each visit is a first visit."""
    page = open_vault_page(options={"saveBytes": None})
    assert page.js("() => window.firstStart") == "plain"


@pytest.fixture
def caching_server(built_files: Path) -> Iterator[VaultServer]:
    """A server of its own, because the browser keeps what it serves."""
    with serve_vault(built_files / "runtime") as server:
        server.caching = "private, max-age=600"
        yield server


@contextmanager
def visit(browser: Browser, server: VaultServer) -> Iterator[Page]:
    page = browser.open(f"http://127.0.0.1:{server.port}/?{quote(json.dumps({'saveBytes': None}))}")
    page.wait_for("() => window.opened === true", timeout_seconds=60)
    try:
        yield page
    finally:
        page.js("() => window.vault?.close()")
        page.close()


def test_a_second_visit_starts_from_the_snapshot_that_the_browser_has_kept(
    browser: Browser, caching_server: VaultServer
) -> None:
    if isinstance(browser, WebKit):
        pytest.skip("in the private windows of WebKitWebDriver a second visit fetches the files again")
    with visit(browser, caching_server) as first:
        assert first.js("() => window.firstStart") == "plain"
        assert first.wait_for("() => window.vault.startKind === 'snapshot'", timeout_seconds=60)
    with visit(browser, caching_server) as second:
        assert second.js("() => window.firstStart") == "snapshot"
        assert describes(second)


@pytest.mark.parametrize("name", ["python_stdlib.zip", "pyodide.asm.wasm"])
def test_a_wrong_file_in_the_browsers_cache_is_fetched_anew(
    browser: Browser, caching_server: VaultServer, name: str
) -> None:
    browser.expect_error("hashes in the integrity attribute")
    caching_server.altered = {name}
    with visit(browser, caching_server) as failed:
        assert failed.js("() => window.failure.code") == "vault-incomplete"
    caching_server.altered = set()
    with visit(browser, caching_server) as page:
        assert describes(page)


@pytest.mark.parametrize("served", ["longer", "half", "missing"])
def test_a_file_of_another_length_or_none_in_the_browsers_cache_is_fetched_anew(
    browser: Browser, caching_server: VaultServer, built_files: Path, served: str
) -> None:
    name = "sealwax_python.zip"
    right = (built_files / "runtime" / name).read_bytes()
    if served == "missing":
        # Browsers keep also an answer that there is no such file.
        caching_server.missing = {name}
    else:
        caching_server.files = {f"/runtime/{name}": right * 2 if served == "longer" else right[: len(right) // 2]}
    with visit(browser, caching_server) as failed:
        assert failed.js("() => window.failure.code") == "vault-incomplete"
    caching_server.missing, caching_server.files = set(), {}
    with visit(browser, caching_server) as page:
        assert describes(page)


@pytest.mark.thorough
def test_progress_counts_up_to_the_whole_and_ends(open_vault_page: OpenPage) -> None:
    progress = open_vault_page().js("() => window.startProgress")
    assert [step["stage"] for step in progress if step["stage"] != "files"] == ["python", "ready"]
    loaded = [step["loaded"] for step in progress]
    assert loaded == sorted(loaded)
    assert len({step["total"] for step in progress}) == 1
    assert progress[-1]["loaded"] == progress[-1]["total"] > 30_000_000


@pytest.mark.thorough
def test_progress_is_told_while_a_file_is_on_its_way(browser: Browser, vault_server: VaultServer) -> None:
    """The snapshot has more than half of all bytes, and comes after the other files that are counted."""
    rest = vault_server.halves["sealwax.snapshot"] = threading.Event()
    try:
        page = browser.open(f"http://127.0.0.1:{vault_server.port}/")
        page.wait_for("() => window.startProgress?.some(({ loaded, total }) => loaded > total / 4)", timeout_seconds=60)
        progress = page.js("() => window.startProgress")
        assert all(step["loaded"] < step["total"] and step["stage"] == "files" for step in progress)
    finally:
        rest.set()
        vault_server.halves.clear()
    page.wait_for("() => window.opened === true", timeout_seconds=60)
    assert page.js("() => window.startProgress.at(-1).stage") == "ready"
    page.js("() => window.vault.close()")
    page.close()


@pytest.mark.thorough
@pytest.mark.parametrize("gigabytes", [8, 1])
def test_one_worker_waits_and_goes_on(open_vault_page: OpenPage, gigabytes: float) -> None:
    page = open_vault_page(options={"device": {"deviceMemory": gigabytes, "hardwareConcurrency": 8}})
    assert page.js("() => window.workers") == 1
    # A request that comes before the image is taken ends its Worker.
    assert describes(page)
    page.js("() => window.vault.ready.then(() => new Promise((resolve) => setTimeout(resolve, 3000)))")
    assert page.js("() => window.workers") <= 2
    workers = page.js("() => window.workers")
    assert describes(page)
    assert describes(page)
    assert page.js("() => window.workers") == workers


@pytest.mark.thorough
@pytest.mark.parametrize(("gigabytes", "cores", "expected"), [(8, 8, 2), (8, 2, 1), (2, 8, 1), (1, 8, 0)])
def test_as_many_strict_workers_wait_as_the_device_has_room_for(
    open_vault_page: OpenPage, gigabytes: float, cores: int, expected: int
) -> None:
    device = {"deviceMemory": gigabytes, "hardwareConcurrency": cores}
    page = open_vault_page(options={"strict": True, "device": device})
    assert page.wait_for("(expected) => window.workers >= expected", expected) is True
    assert describes(page)
    page.js("() => window.vault.ready.then(() => true)")
    # One Worker answered, and as many as before wait again. If none waits, only the answering Worker was started.
    assert page.wait_for("(expected) => window.workers === expected", expected + 1) is True


def test_the_extensions_packages_load_as_they_are(browser: Browser, built_files: Path, tmp_path: Path) -> None:
    skip_in_webkit(browser, "there is no extension for WebKitGTK")
    (package,) = (built_files / "packages").glob("*.xpi" if browser.name == "firefox" else "*.zip")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "unpacked")
    extension = Extension(browser, tmp_path / "unpacked")
    try:
        options = extension.open_options()
        module = (built_files / "runtime/vault.js").read_text().rpartition("export{")[0]
        owner = module.replace("import.meta.url", "location.href")
        assert options.js(START_IN_THE_EXTENSION.replace("%s", owner)) == "snapshot"
    finally:
        extension.uninstall()
