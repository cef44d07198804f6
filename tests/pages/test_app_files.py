"""The service worker of the pages: it keeps one whole version, starts it without a server, and answers nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.browsers import Browser, Chromium
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.bundled_script import object_in
from tests.support.servers.pages_server import PagesServer, run_pages_server
from wasm_build.bundle.tree import sha384

IN_PAGE = page_scripts("pages/app_files.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

INSTALL_SECONDS = 60
# A document of the origin that runs no script of the pages, in which a test may load single modules.
BESIDE = "/icon.svg"
MAKE = """async () => {
  const { AppFiles } = await import("/source/webbridge/pages/offline/app_files.js");
  globalThis.files = new AppFiles(new URL("/", location.href));
}"""
INSTALL = IN_PAGE["installInPage"]
FETCH = """async (path) => {
  const response = await fetch(path).catch(() => null);
  return response && [response.status, response.headers.get("content-security-policy"), (await response.text()).length];
}"""
# Whether the document is answered by the worker, and what the pages show.
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
SAID = "() => document.querySelector('[data-test=start-error]')?.textContent"


@dataclass(slots=True)
class Place:
    """A server of pages, and a document beside the pages in a browser."""

    server: PagesServer
    page: Page
    running: ExitStack

    def show(self, path: str) -> None:
        """Load a document, and prepare the module in it if it is the one beside the pages."""
        self.page.goto(self.server.origin + path)
        if path == BESIDE:
            self.page.js(MAKE)

    def deploy(self, changed: bytes, *, worker_too: bool = True, pinned: bytes | None = None) -> None:
        """Serve a version with other texts, and a worker whose list has their hash, or that of `pinned`."""
        folder = self.server.folder
        name = "messages.en.json"
        script = (folder / "app_worker.js").read_text()
        before, after = sha384((folder / name).read_bytes()), sha384(pinned or changed)
        assert before in script
        self.server.replace(f"/{name}", changed)
        if worker_too:
            self.server.replace("/app_worker.js", script.replace(before, after).encode())


@pytest.fixture
def place(browser: Browser, pages_with_sources: Path) -> Iterator[Place]:
    """A server with the files kept by the browser, and the document beside the pages under the worker."""
    with ExitStack() as running:
        server = running.enter_context(run_pages_server(pages_with_sources))
        # The pages of this server have no bridge.
        browser.expect_error("api.example.test|ERR_|NetworkError|Cross-Origin|CORS|Failed to load")
        page = browser.open_private(server.origin + BESIDE)
        place = Place(server, page, running)
        page.js(MAKE)
        assert page.js(INSTALL) == "ready"
        place.show(BESIDE)
        page.wait_for(CONTROLLED)
        yield place
        page.close()


def kept(page: Page) -> int:
    count: int = page.js("async () => (await (await caches.open('sealwax-app')).keys()).length")
    return count


def listed(place: Place) -> dict[str, dict[str, Any]]:
    pins: dict[str, dict[str, Any]] = object_in((place.server.folder / "app_worker.js").read_text(), "FILES")
    return pins


@pytest.mark.thorough(False)
def test_the_pages_start_without_a_server(place: Place) -> None:
    page = place.page
    assert kept(page) == len({pin["integrity"] for pin in listed(place).values()}) + 1
    place.running.close()
    place.show("/")
    # All of the page has come but the bridge.
    page.wait_for_text("server", selector="[data-test=start-error]", timeout_seconds=30)
    assert page.js("() => getComputedStyle(document.body).margin") == "0px"
    status, policy, _ = page.js(FETCH, "/")
    assert (status, "require-trusted-types-for 'script'" in policy) == (200, True)
    assert page.js(FETCH, "/config.json")[0] == 200
    size = listed(place)["runtime/sealwax.snapshot"]["bytes"]
    assert (
        page.js("async (path) => (await (await fetch(path)).arrayBuffer()).byteLength", "/runtime/sealwax.snapshot")
        == size
    )
    # Other addresses are not answered from what is kept.
    assert page.js(FETCH, "/api/folders") is None
    assert page.js(FETCH, "/main.js?other") is None


def test_a_new_version_comes_whole_and_only_when_the_person_loads_the_page_anew(place: Place) -> None:
    page = place.page
    before = page.js(FETCH, "/messages.en.json")
    place.deploy(b"{}")
    page.js("async () => { await files.look(); }")
    page.wait_for("() => files.hasNewVersion", timeout_seconds=INSTALL_SECONDS)
    assert page.js(FETCH, "/messages.en.json") == before
    other = page.browser.open_beside(page, place.server.origin + BESIDE)
    assert page.js("() => files.takeOver()") is False
    assert page.js(FETCH, "/messages.en.json") == before
    other.close()
    page.wait_for("() => files.takeOver()")
    place.show(BESIDE)
    page.wait_for(CONTROLLED)
    assert page.js(FETCH, "/messages.en.json")[2] == 2
    # The version before is gone.
    page.wait_for(
        "async (count) => (await (await caches.open('sealwax-app')).keys()).length === count",
        len({pin["integrity"] for pin in listed(place).values()}) + 1,
    )


@pytest.mark.thorough(False)
def test_a_version_that_is_not_whole_is_not_installed(place: Place) -> None:
    page = place.page
    before = page.js(FETCH, "/messages.en.json")
    place.deploy(b"{}", pinned=b"[]")
    page.browser.expect_error("integrity|Failed to fetch|NetworkError|ServiceWorker|service worker")
    page.js("async () => { await files.look(); }")
    page.wait_for("async () => !(await navigator.serviceWorker.getRegistration('/')).installing", timeout_seconds=30)
    assert page.js("() => files.hasNewVersion") is False
    assert page.js(FETCH, "/messages.en.json") == before


def test_other_bytes_in_the_place_of_a_kept_file_are_not_used(place: Place) -> None:
    page = place.page
    before = page.js(FETCH, "/style.css")
    damage = """async (hash) => {
      const cache = await caches.open("sealwax-app");
      await cache.put(`/kept/${encodeURIComponent(hash)}`, new Response("body { display: none }"));
    }"""
    page.js(damage, listed(place)["style.css"]["integrity"])
    # The server has the right file, which is kept again.
    assert page.js(FETCH, "/style.css")[2] == before[2]
    page.js(damage, listed(place)["style.css"]["integrity"])
    place.running.close()
    assert page.js(FETCH, "/style.css") is None


def test_the_pages_start_from_the_server_if_the_kept_files_cannot_be_read(place: Place) -> None:
    """A browser with a damaged disk refuses to open what it has kept."""
    script = (place.server.folder / "app_worker.js").read_text()
    damage = "CacheStorage.prototype.open = () => Promise.reject(new DOMException('damaged', 'UnknownError'))"
    place.server.replace("/app_worker.js", f"addEventListener('fetch', () => {{ {damage}; }});\n{script}".encode())
    page = place.page
    page.js("async () => { await files.look(); }")
    page.wait_for("() => files.hasNewVersion", timeout_seconds=INSTALL_SECONDS)
    page.wait_for("() => files.takeOver()")
    place.show(BESIDE)
    page.wait_for(CONTROLLED)
    for path in ("/", "/config.json", "/style.css"):
        assert page.js(FETCH, path)[0] == 200, path


def test_a_version_that_the_server_has_no_more_and_that_is_damaged_ends_itself(place: Place) -> None:
    page = place.page
    place.deploy(b"{}", worker_too=False)
    page.js(
        "async (hash) => { await (await caches.open('sealwax-app')).delete(`/kept/${encodeURIComponent(hash)}`); }",
        listed(place)["messages.en.json"]["integrity"],
    )
    assert page.js(FETCH, "/messages.en.json") is None
    page.wait_for("async () => (await navigator.serviceWorker.getRegistrations()).length === 0")


def test_a_worker_that_the_server_has_no_more_is_removed(place: Place) -> None:
    page = place.page
    place.server.changes["/app_worker.js"] = lambda _, answer: type(answer)("gone", status=404)
    page.js("async () => { await files.look(); }")
    page.wait_for("async () => (await navigator.serviceWorker.getRegistrations()).length === 0")
    assert page.js("async () => [files.state, await caches.keys()]") == ["none", []]


def test_a_full_disk_keeps_nothing_and_is_told(browser: Browser, pages_with_sources: Path) -> None:
    if not isinstance(browser, Chromium):
        pytest.skip("only Chromium lets a test limit the storage of an origin")
    with run_pages_server(pages_with_sources) as server:
        page = browser.open(server.origin + BESIDE)
        browser.page_cdp(page, "Storage.overrideQuotaForOrigin", origin=server.origin, quotaSize=5_000_000)
        page.js(MAKE)
        browser.expect_error("ServiceWorker|service worker|Quota|quota")
        outcome = page.js(
            "async () => [await files.install().then(() => '', ({ code }) => code), files.state,"
            " await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length]"
        )
        browser.page_cdp(page, "Storage.overrideQuotaForOrigin", origin=server.origin)
        page.close()
    assert outcome == ["storage-full", "failed", [], 0]


def test_a_page_that_the_extension_has_checked_gets_no_worker(browser: Browser, pages_with_sources: Path) -> None:
    with run_pages_server(pages_with_sources) as server:
        page = browser.open_private(server.origin + BESIDE)
        page.js(IN_PAGE["aPageThatTheExtensionHasCheckedGetsNoWorker"])
        page.js(MAKE)
        page.js("async () => { await files.install(); }")
        outcome = page.js(
            "async () => [files.state, await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length]"
        )
        page.close()
    assert outcome == ["checked", [], 0]
