"""The pages when a part of them does not load: they say so, and offer another try."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from tests.support.browser.browsers import Browser
from tests.support.pages.driver import named
from tests.support.servers.pages_server import run_pages_server

pytestmark = pytest.mark.browser


def fail(_: Request, __: Response) -> Response:
    return Response("<p>Bad gateway", status=502, mimetype="text/html")


@pytest.mark.parametrize("path", ["/messages.en.json", "/runtime/ui/messages.en.json"])
def test_pages_without_their_texts_say_that_a_part_did_not_load(
    browser: Browser, pages_with_sources: Path, path: str
) -> None:
    browser.expect_error("502|unreachable|refused|CORS|Failed to|NetworkError")
    with run_pages_server(pages_with_sources) as server:
        server.changes[path] = fail
        page = browser.open_private(server.origin)
        page.wait_for_text("A part of this page did not load", selector=named("start-error"))
        server.changes.clear()
        page.click("main button")
        # The texts are there now. The servers of this test do not exist.
        page.wait_for_text("The server does not answer", selector=named("start-error"))
        page.close()
