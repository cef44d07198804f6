"""Drives the drafts of the pages: writing, waiting for a draft, and what is stored of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("support/pages/draft_driver.js")

WORDS = "The lighthouse keeper"
SUBJECT = "Dusk"
# Returns all that is stored in databases and storages of the origin, as text.
STORED = IN_PAGE["stored"]
# Requests about drafts fail while `cut` is true.
CUTTABLE = IN_PAGE["cuttable"]


def enter(browser: Browser, stack: DemoStack) -> MailPages:
    """Alice in a browser that knows nothing of her, with unlocked keys."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    return pages


def in_mailbox(stack: DemoStack) -> list[bytes]:
    """The drafts in Alice's mailbox."""
    return [message.raw for message in stack.mail_server.messages(stack.accounts[0].address, "Drafts")]


def stored(pages: MailPages) -> list[str]:
    """All that the browser has stored, as texts."""
    texts: list[str] = pages.page.js(STORED)
    return texts


def drafts_here(pages: MailPages) -> list[str]:
    """The records of drafts that the browser has stored."""
    return [record for record in stored(pages) if record.startswith("drafts ")]


def wait_until(done: Callable[[], bool]) -> None:
    """Wait until something is true that no page tells."""
    deadline = monotonic() + OPERATION_SECONDS
    while not done():
        assert monotonic() < deadline
        sleep(0.1)


def write(pages: MailPages, text: str = WORDS) -> None:
    """Begin a message without recipients."""
    pages.page.click(named("write"))
    pages.page.wait_for_selector(named("compose-form"))
    pages.page.fill(named("compose-subject"), SUBJECT)
    pages.page.fill(named("compose-text"), text)


def wait_for_draft(pages: MailPages, state: str = "saved") -> None:
    """Wait until the line below the message says where its draft is, and the latest text is in it."""
    settled = f"{named('draft-state')}[data-state={state}]:not([data-pending])"
    pages.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)


def line(pages: MailPages) -> str:
    """The line that says where the draft is."""
    return pages.page.text(named("draft-state"))


def wait_for_text(pages: MailPages, text: str) -> None:
    """Wait until the writing view shows a draft with this text."""
    shows = "(selector, text) => document.querySelector(selector)?.value === text"
    pages.page.wait_for(shows, named("compose-text"), text, timeout_seconds=OPERATION_SECONDS)


def open_drafts(pages: MailPages) -> None:
    """Show the folder for drafts, with the subjects of its rows."""
    pages.page.js("() => { location.hash = '#/folder/Drafts'; }")
    # Until the view has turned to this folder, it shows the rows of another one.
    pages.page.wait_for_text("Drafts", selector="h1.list-title", timeout_seconds=OPERATION_SECONDS)
    settled = f"{named('messages')}[aria-busy=false] {named('message-row')}"
    pages.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)


def open_only_draft(pages: MailPages) -> None:
    """Open the one draft of the folder."""
    open_drafts(pages)
    pages.page.click(named("message-row"))
    pages.page.wait_for_selector(named("compose-text"), timeout_seconds=OPERATION_SECONDS)


def discard(pages: MailPages, stack: DemoStack) -> None:
    """Delete the draft that is open."""
    pages.page.click(named("discard"))
    wait_until(lambda: not in_mailbox(stack))
