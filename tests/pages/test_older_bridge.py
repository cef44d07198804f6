"""Pages and a bridge of another version: they do without what it lacks, or say which of the two is too old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask

from tests.support.api_versions import ApiVersion, OldBridge
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.app import create_app
from webbridge.blueprints import settings
from webbridge.blueprints.settings import OLDEST_PAGES
from webbridge.config import BridgeConfig
from webbridge.demo import stack as stacks
from webbridge.demo.stack import DemoStack
from webbridge.gateway import Outcome
from webbridge.sending import once

old_bridges: list[OldBridge] = []


@pytest.fixture(scope="module")
def old_stack(pages_with_sources: Path) -> Iterator[DemoStack]:
    """The demonstration with a bridge that has only what the oldest version of the API has that these pages use."""

    def create_old(config: BridgeConfig) -> Flask:
        app = create_app(config)
        old_bridges.append(OldBridge(app.wsgi_app, ApiVersion(OLDEST_PAGES)))
        app.wsgi_app = old_bridges[-1]  # type: ignore[method-assign]
        return app

    with ExitStack() as running:
        # The other demonstration, which may start later, gets no old bridge.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stacks, "create_app", create_old)
            stack = running.enter_context(DemoStack(pages_folder=pages_with_sources))
        yield stack


def submit_silently(*_: object, before_last_line: object, **_options: object) -> Outcome:
    """Report that no confirmation came."""
    assert callable(before_last_line)
    before_last_line()
    return Outcome.PERHAPS


@pytest.mark.thorough
@pytest.mark.browser
@pytest.mark.server
def test_pages_read_and_send_by_the_oldest_bridge_that_they_take(
    browser: Browser, old_stack: DemoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.expect_error("404")
    alice, bob = old_stack.accounts
    pages = MailPages(browser, old_stack.pages_url, alice)
    pages.enter()
    pages.open_message(old_stack.mail_server.messages(alice.address)[0].uid)
    assert pages.state == "verified"
    assert not pages.page.js("""() => document.querySelector('[data-test="parcels-link"]') !== null""")
    pages.write(to=bob.address, subject="Old", text="By an old bridge.")
    pages.send()
    assert len(old_stack.mail_server.messages(bob.address)) == 2
    # A look into Sent is not offered there, so it stays unknown what became of the message.
    monkeypatch.setattr(once, "submit_message", submit_silently)
    pages.write(to=bob.address, subject="Perhaps", text="Perhaps.")
    pages.wait_until_sendable()
    pages.page.click(named("send"))
    pages.page.wait_for_text("not known", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    for section, part in (("devices", "sessions-error"), ("writing", "copies-error")):
        pages.page.js("(section) => { location.hash = `#/settings/${section}`; }", section)
        pages.page.wait_for_text("does not offer this", selector=named(part))
    missed = {path.rpartition("/")[2] if "look" in path else path for path in old_bridges[-1].missed}
    assert missed == {"GET /api/accounts", "GET /api/send", "look", "GET /api/sessions", "GET /api/copies"}
    pages.close()


@pytest.mark.browser
@pytest.mark.server
@pytest.mark.parametrize(
    ("version", "oldest_pages", "said"), [(1, 1, "mail service is older than"), (9, 8, "pages are older than")]
)
def test_pages_that_cannot_work_with_the_bridge_say_which_is_too_old(
    browser: Browser, demo_stack: DemoStack, monkeypatch: pytest.MonkeyPatch, version: int, oldest_pages: int, said: str
) -> None:
    monkeypatch.setattr(settings, "API_VERSION", version)
    monkeypatch.setattr(settings, "OLDEST_PAGES", oldest_pages)
    page = browser.open_private(demo_stack.pages_url)
    page.wait_for_text(said, selector=named("start-error"), timeout_seconds=OPERATION_SECONDS)
    page.close()
