"""The pages of a checked site run only with the files that the operator signed."""

from __future__ import annotations

import dataclasses
import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from smime_core import Identity
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.provider import NewKey
from tests.support.browser.browsers import Browser, Name
from tests.support.extension.checked_site import NATIVE, Checked, new_operator, reason
from tests.support.extension.driver import Extension
from tests.support.extension.managed import start_managed
from tests.support.servers.pages_server import PagesServer, run_pages_server

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

CHECKED = "() => document.querySelector('meta[name=sealwax-checked]') !== null"
# The pages show an error, because their servers do not exist.
STARTED = f"() => document.querySelector('#app h1') !== null && ({CHECKED})()"
SCRIPTS = "() => [...document.scripts].map((one) => [one.getAttribute('src'), one.integrity.slice(0, 7)])"
REGISTERED = """async () => {
  const { scripting } = globalThis.browser ?? chrome;
  return (await scripting.getRegisteredContentScripts({ ids: ["checked-sites"] })).length === 1;
}"""
DRAWN = "() => Promise.race([new Promise(requestAnimationFrame), new Promise((end) => setTimeout(end, 1000))])"
# A stopped page ends what it was fetching; Firefox calls that "NetworkError".
EXPECTED = "NetworkError|integrity|hashes|404|Failed to|aborted|blocked|unreachable|refused|CORS|module|favicon"
EVIL = (
    b"<!doctype html><html onclick=\"localStorage.ran = 'html'\"><script>localStorage.ran = 'inline'</script>"
    b"<script src=main.js></script><body onload=\"localStorage.ran = 'load'\">"
    b"<img src=data:, onerror=\"localStorage.ran = 'image'\">" + b"<p>text" * 20_000
)

TRANSFORMED = b"<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='/x.xsl'?><a/>"
TRANSFORMATION = b"""<?xml version="1.0"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html"/>
<xsl:template match="/"><html><body><script>fetch("/ran")</script></body></html></xsl:template>
</xsl:stylesheet>"""


@dataclasses.dataclass(frozen=True, slots=True)
class ServedSite(Checked):
    """A checked site, whose server can answer otherwise."""

    server: PagesServer


@pytest.fixture(scope="module")
def operator() -> Identity:
    return new_operator()


@pytest.fixture(scope="module")
def installed(browser: Browser, folder: Path) -> Iterator[Extension]:
    extension = Extension(browser, folder)
    yield extension
    extension.uninstall()


@pytest.fixture
def checked(installed: Extension, built_files: Path, operator: Identity, tmp_path: Path) -> Iterator[ServedSite]:
    installed.browser.expect_error(EXPECTED)
    shutil.copytree(built_files / "pages", tmp_path / "pages")
    with run_pages_server(tmp_path / "pages") as server:
        site = ServedSite(installed, server.origin, server.folder, operator, server)
        site.sign("1.0")
        site.add()
        yield site


@pytest.mark.thorough(False)
def test_the_signed_pages_run_and_an_altered_file_stops_them(checked: ServedSite, tmp_path: Path) -> None:
    first = checked.visit()
    first.wait_for(STARTED, timeout_seconds=60)
    assert first.wait_for(DRAWN)
    assert first.js(SCRIPTS) == [["main.js?checked", "sha384-"]]
    first.close()
    checked.server.replace("/messages.en.json", b"{}")
    page = checked.stopped()
    assert "not the one that the operator signed" in reason(page)
    assert "messages.en.json" in page.text("[data-test=facts]")
    checked.server.changes.clear()
    page.click("[data-test=again]")
    page.wait_for(STARTED, timeout_seconds=30)
    page.close()


def test_an_altered_part_of_the_runtime_is_named(checked: ServedSite) -> None:
    checked.server.replace("/runtime/sealwax.snapshot", b"altered")
    page = checked.stopped()
    assert "runtime/sealwax.snapshot" in page.text("[data-test=facts]")
    page.close()


@pytest.mark.parametrize("file", ["main.js", "style.css"])
def test_a_file_that_the_list_lacks_stops_the_page(checked: ServedSite, file: str) -> None:
    checked.sign("1.1", without=file)
    page = checked.stopped()
    assert "not on the operator's signed list" in reason(page)
    assert file in page.text("[data-test=facts]")
    page.close()
    assert "/main.js?checked" not in [target for target, _ in checked.server.asked]


def test_a_script_inside_the_signed_document_stops_the_page(checked: ServedSite) -> None:
    document = checked.folder / "index.html"
    document.write_text(document.read_text().replace("</body>", "<script>localStorage.ran = 'inline'</script></body>"))
    checked.sign("1.1")
    page = checked.stopped()
    assert "index.html" in page.text("[data-test=facts]")
    page.close()


def test_nothing_of_an_altered_document_runs(checked: ServedSite) -> None:
    def attack(_: Request, answer: Response) -> Response:
        return Response(EVIL, mimetype="text/html")

    checked.server.changes["/"] = attack
    page = checked.stopped()
    assert "index.html" in page.text("[data-test=facts]")
    checked.server.changes.clear()
    page.click("[data-test=again]")
    page.wait_for(STARTED, timeout_seconds=30)
    assert page.js("() => localStorage.ran ?? null") is None
    page.close()


@pytest.mark.parametrize("path", ["/", "/else"])
def test_no_document_that_is_made_by_a_transformation_runs(checked: ServedSite, path: str) -> None:
    """Firefox runs no script of an extension before those that an XML document makes by XSLT."""

    def attack(_: Request, answer: Response) -> Response:
        return Response(TRANSFORMED, mimetype="application/xml")

    checked.server.changes[path] = attack
    checked.server.changes["/x.xsl"] = lambda _request, _answer: Response(TRANSFORMATION, mimetype="text/xsl")
    checked.stopped(path).close()
    assert "/ran" not in [target for target, _ in checked.server.asked]


@pytest.mark.parametrize("field", [("Link", "</evil.css>; rel=stylesheet"), ("Refresh", "0; url=/evil.css")])
def test_no_header_field_adds_to_the_page(checked: ServedSite, field: tuple[str, str]) -> None:
    checked.server.add_field("/", *field)
    page = checked.visit()
    page.wait_for(STARTED, timeout_seconds=60)
    page.close()
    assert "/evil.css" not in [target for target, _ in checked.server.asked]


def test_a_document_for_navigations_only_is_replaced_by_the_signed_one(checked: ServedSite) -> None:
    def attack(request: Request, answer: Response) -> Response:
        is_navigation = request.headers.get("Sec-Fetch-Dest") == "document"
        return Response(EVIL, mimetype="text/html") if is_navigation else answer

    checked.server.changes["/"] = attack
    page = checked.visit()
    page.wait_for(STARTED, timeout_seconds=30)
    assert page.js("() => localStorage.ran ?? null") is None
    assert page.js("() => document.documentElement.onclick") is None
    page.close()


def test_the_browser_refuses_a_script_that_only_the_page_gets(checked: ServedSite) -> None:
    destinations: list[str] = []

    def attack(request: Request, answer: Response) -> Response:
        destinations.append(request.headers.get("Sec-Fetch-Dest", ""))
        if destinations[-1] == "script":
            answer.set_data(b"localStorage.ran = 'script'")
        return answer

    checked.server.changes["/main.js"] = attack
    page = checked.visit()
    page.wait_for(CHECKED, timeout_seconds=30)
    page.wait_for("() => document.readyState === 'complete'")
    assert page.js("() => localStorage.ran ?? null") is None
    assert page.js("() => document.querySelector('#app').childElementCount") == 0
    page.close()
    assert "script" in destinations


def test_lists_of_another_key_and_of_an_older_version_stop_the_site(checked: ServedSite, operator: Identity) -> None:
    checked.visit().wait_for(STARTED, timeout_seconds=60)
    older = (checked.folder / "release.p7s").read_bytes()
    checked.sign("1.1")
    newer = checked.visit()
    newer.wait_for(STARTED, timeout_seconds=30)
    newer.close()
    (checked.folder / "release.p7s").write_bytes(older)
    page = checked.stopped()
    assert "an older version" in reason(page)
    page.close()
    now = datetime.datetime.now(datetime.UTC)
    mallory = run(
        issue_identity(run(create_authority("M", NATIVE, at=now)), "m@example.test", NATIVE, at=now, key=NewKey.P256)
    )
    checked.sign("1.2", mallory)
    page = checked.stopped()
    assert "Somebody else than the operator" in reason(page)
    page.close()
    (checked.folder / "release.p7s").unlink()
    page = checked.stopped()
    assert "does not send the signed list" in reason(page)
    page.close()


def test_other_servers_are_used_only_after_the_person_accepts_them(checked: ServedSite) -> None:
    first = checked.visit()
    first.wait_for(STARTED, timeout_seconds=60)
    first.close()
    checked.server.replace(
        "/config.json", b'{"api": "https://api.example.test", "keyServer": "https://evil.example.test"}'
    )
    page = checked.stopped()
    assert "other servers than before" in reason(page)
    facts = page.text("[data-test=facts]")
    assert "https://keys.example.test" in facts
    assert "https://evil.example.test" in facts
    # A click that was meant for the page before accepts nothing.
    page.js("() => { dispatchEvent(new Event('focus')); document.querySelector('[data-test=accept]').click(); }")
    page.wait_for_selector("[data-test=calm-hint]")
    page.click("[data-test=accept]")
    page.wait_for(STARTED, timeout_seconds=30)
    assert "https://evil.example.test" in page.js("() => document.querySelector('meta[name=sealwax-checked]').content")
    page.close()


def test_a_worker_that_could_answer_for_the_server_stops_the_site(checked: ServedSite) -> None:
    def send_worker(_: Request, answer: Response) -> Response:
        return Response("onfetch = (event) => event.respondWith(fetch(event.request))", mimetype="text/javascript")

    checked.server.changes["/worker.js"] = send_worker
    checked.server.add_field("/", "Content-Security-Policy", "default-src 'self'")
    page = checked.visit()
    page.wait_for(STARTED, timeout_seconds=60)
    page.js(
        "async () => { await navigator.serviceWorker.register('/worker.js'); await navigator.serviceWorker.ready; }"
    )
    page.close()
    page = checked.stopped()
    assert "answer in the place of its server" in reason(page)
    page.close()


@pytest.mark.parametrize("path", ["/main.js", "/icon.svg", "/else?x=1"])
def test_no_other_document_of_the_site_is_shown(checked: ServedSite, path: str) -> None:
    def attack(_: Request, answer: Response) -> Response:
        return Response(EVIL, mimetype="text/html")

    checked.server.changes["/else"] = attack
    page = checked.stopped(path)
    assert "not the page that the operator signed" in reason(page)
    page.close()


def test_an_administrator_names_sites_by_their_fingerprints(installed: Extension) -> None:
    page = installed.open_options()
    understood = page.js(
        "async (one) => (await import('/source/browser_ext/background/browser/policy.js')).understand(one).pagesKeys",
        {"pagesKeys": [{"origin": "https://mail.example.test/", "fingerprint": ":".join(["AB"] * 32)}]},
    )
    page.close()
    assert understood == [{"origin": "https://mail.example.test", "fingerprint": "ab" * 32}]


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_site_that_an_administrator_names_is_checked(
    name: Name,
    folder: Path,
    built_files: Path,
    operator: Identity,
    tmp_path: Path,
    running_browsers: list[Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(built_files / "pages", tmp_path / "pages")
    with run_pages_server(tmp_path / "pages") as server:
        settings = {"pagesKeys": [{"origin": server.origin, "fingerprint": operator.certificate.fingerprint}]}
        with start_managed(name, folder, running_browsers, tmp_path, monkeypatch, settings=settings) as managed:
            managed.browser.expect_error(EXPECTED)
            site = Checked(managed, server.origin, server.folder, operator)
            site.sign("1.0")
            options = managed.open_options()
            options.wait_for(REGISTERED)
            options.close()
            first = site.visit()
            first.wait_for(STARTED, timeout_seconds=60)
            first.close()
            server.replace("/messages.en.json", b"{}")
            assert "not the one that the operator signed" in reason(site.stopped())
