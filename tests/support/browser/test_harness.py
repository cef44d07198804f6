"""Tests of the test harness for browsers."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.fixtures import SharedBrowsers
from tests.support.browser.page import CONTROL

pytestmark = pytest.mark.browser

PAGE = b"""<!doctype html><link rel=icon href="data:,"><title>Harness</title>
<meta name=viewport content="width=device-width">
<button id=press>Press</button><input id=field><input id=file type=file><div style="height:1500px"></div>
<button id=below>Below</button><div id=cover style="display:none;position:fixed;inset:0"></div>
<iframe srcdoc="<button id=inner>Inner</button>"></iframe>
<script>
window.seen = [];
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", (event) => window.seen.push([button.id, event.isTrusted]));
}
</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE if self.path == "/" else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: the base class would write a line for each request among the output of the tests."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_clicks_are_trusted_and_reach_what_is_below_the_fold(browser: Browser, address: str) -> None:
    page = browser.open(address)
    page.click("#press")
    page.click("#below")
    assert page.js("() => window.seen") == [["press", True], ["below", True]]
    page.close()


def test_a_covered_button_cannot_be_clicked(browser: Browser, address: str) -> None:
    page = browser.open(address)
    page.js("() => { document.getElementById('cover').style.display = 'block'; }")
    with pytest.raises(AssertionError, match="covered"):
        page.click("#press", timeout_seconds=0.2)
    page.close()


def test_types_text_and_shortcuts(browser: Browser, address: str) -> None:
    page = browser.open(address)
    page.click("#field")
    page.type("Grüße, 你好 😀")
    assert page.value("#field") == "Grüße, 你好 😀"
    page.press(CONTROL, "a")
    page.type("x")
    assert page.value("#field") == "x"
    page.close()


def test_chooses_files(browser: Browser, address: str, tmp_path: Path) -> None:
    page = browser.open(address)
    (tmp_path / "letter.txt").write_text("hello")
    page.choose_files("#file", [tmp_path / "letter.txt"])
    assert page.js("() => document.getElementById('file').files[0].text()") == "hello"
    page.close()


def test_finds_frames(browser: Browser, address: str) -> None:
    page = browser.open(address)
    frame = page.wait_for_frame("srcdoc")
    assert frame.text("#inner") == "Inner"
    frame.click("#inner")
    page.close()


def test_takes_pictures_at_phone_width(browser: Browser, address: str, tmp_path: Path) -> None:
    page = browser.open(address)
    picture = page.screenshot(tmp_path / "phone.png", width=390, height=844).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert page.js("() => innerWidth") == 390
    page.close()


def test_an_error_in_the_console_is_unexpected_unless_announced(browser: Browser, address: str) -> None:
    page = browser.open(address)
    page.js("() => { console.error('a seal broke'); }")
    page.wait_for("() => true")
    assert [entry.text for entry in browser.take_unexpected_errors()] == ["a seal broke"]
    browser.expect_error("seal broke")
    page.js("() => { console.error('a seal broke'); setTimeout(() => { throw new Error('seal broke'); }); }")
    page.wait_for("() => new Promise((done) => setTimeout(() => done(true), 50))")
    assert browser.take_unexpected_errors() == []
    page.close()


def test_an_extension_can_be_installed_and_its_button_be_pressed(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    manifest = {
        "manifest_version": 3,
        "name": "Harness",
        "version": "1",
        "action": {},
        "background": {"service_worker": "background.js", "scripts": ["background.js"]},
        "browser_specific_settings": {"gecko": {"id": "harness@example.test"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "background.js").write_text(
        "chrome.action.onClicked.addListener(() => chrome.tabs.create({url: chrome.runtime.getURL('opened.html')}));"
    )
    (tmp_path / "opened.html").write_text("<!doctype html><p>opened")
    page = browser.open(address)
    extension = browser.install_extension(tmp_path)
    browser.click_toolbar_button(extension, page)
    opened = browser.wait_for_page("opened.html")
    assert opened.text("p") == "opened"
    opened.close()
    page.close()


@pytest.mark.thorough
def test_a_browser_that_ended_gives_way_to_a_new_one(
    browser: Browser, address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own: list[Browser] = []
    browsers = SharedBrowsers(tmp_path_factory, own)
    first = browsers.find(browser.name)
    assert browsers.find(browser.name) is first
    first.process.kill()
    second = browsers.find(browser.name)
    assert own == [second]
    assert second.open(address).js("() => document.title") == "Harness"
    browsers.close()
    assert own == []
