"""Reading without a connection: what was opened on this device, encrypted there, and the way back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser, Chromium, launch
from tests.support.browser.databases import WALK
from tests.support.browser.page import ENTER, ESCAPE, Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.mail_letters import file, mail, multipart, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.network import Place, place as place, without_network
from tests.support.pages.pdf_files import pdf
from tests.support.pages.received import encrypted, signed_and_encrypted
from webbridge.demo.accounts import Account

IN_PAGE = page_scripts("pages/offline.js")


pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PASSPHRASE = "Vier Möwen & ein Wal"
STORED = IN_PAGE["stored"]
SECRET = "Der Schlüssel liegt unter der dritten Stufe"


def deliver(place: Place, message: bytes) -> int:
    address = place.stack.accounts[0].address
    place.stack.mail_server.append(address, message)
    return place.stack.mail_server.messages(address)[-1].uid


def build(reader: Account, writer: Account, subject: str, body: str) -> bytes:
    head = f"From: {writer.address}\r\nTo: {reader.address}\r\nSubject: {subject}\r\n"
    date = format_datetime(datetime.now(UTC))
    return (
        f"{head}Date: {date}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
    )


def letter(place: Place, subject: str, body: str) -> bytes:
    alice, bob = place.stack.accounts
    return signed_and_encrypted(bob, alice, build(alice, bob, subject, body))


def enter(browser: Browser, place: Place, *, shared: bool = False) -> MailPages:
    """Alice in the inbox, with storage of her own, or with that of the browser's profile."""
    url = place.stack.pages_url
    beside = browser.open(url) if shared else None
    pages = MailPages(browser, url, place.stack.accounts[0], beside=beside)
    pages.enter()
    return pages


def show_account(page: Page) -> None:
    page.js("() => { location.hash = '#/settings/reading'; }")
    page.wait_for_selector(named("offline-section"))


def switch_on(page: Page) -> None:
    """Begin to keep mail on this device, and wait until that and the files of the pages are kept."""
    show_account(page)
    page.click(named("offline-switch"))
    fields = page.js(
        "(form) => [...document.querySelectorAll(`${form} [role=textbox]`)].map((field, index) => {"
        "  field.dataset.place = index; return index; })",
        named("offline-form"),
    )
    for index in fields:
        page.click(f'{named("offline-form")} [data-place="{index}"]')
        page.type(PASSPHRASE)
    page.click(named("offline-begin"))
    page.wait_for_text("0 messages are kept", selector=named("offline-note"), timeout_seconds=OPERATION_SECONDS)
    page.wait_for("async () => Boolean((await navigator.serviceWorker.getRegistration('/'))?.active)")


def unlock_kept(page: Page) -> None:
    page.wait_for_selector(named("kept-unlock-form"), timeout_seconds=OPERATION_SECONDS)
    page.click(f"{named('kept-unlock-form')} [role=textbox]")
    page.type(PASSPHRASE + ENTER)
    page.wait_for_selector(f"{named('messages')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough(False)
def test_what_was_opened_is_read_after_a_start_without_a_connection(browser: Browser, place: Place) -> None:
    opened, unopened = deliver(place, letter(place, "Stufe", SECRET)), deliver(place, letter(place, "Nie", "x"))
    pages = enter(browser, place)
    page = pages.page
    switch_on(page)
    pages.open_message(opened)
    assert SECRET in pages.body
    show_account(page)
    page.wait_for_text("1 message is kept", selector=named("offline-note"), timeout_seconds=OPERATION_SECONDS)
    with without_network(place, browser):
        page.reload()
        page.wait_for_text("No connection", selector="h1", timeout_seconds=OPERATION_SECONDS)
        unlock_kept(page)
        page.wait_for_text("This is what was opened on this device.", selector=named("notice"))
        page.click(f'{named("message-row")}[data-uid="{opened}"]')
        page.wait_for_text(SECRET, selector=named("body"), timeout_seconds=OPERATION_SECONDS)
        # The answers of the authorities are kept too.
        page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)
        page.js("() => history.back()")
        page.click(f'{named("message-row")}[data-uid="{unopened}"]')
        page.wait_for_text("was not opened on this device", selector=named("reading-error"), timeout_seconds=30)
    page.wait_for("(name) => document.querySelector(name).textContent === ''", named("notice"), timeout_seconds=40)
    page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)
    # The kept mail goes with the session.
    page.click(named("sign-out"))
    page.wait_for_selector(named("sign-in-form"), timeout_seconds=OPERATION_SECONDS)
    assert page.js(STORED) == {"accounts": 0, "messages": 0, "marks": 0, "lists": 0}
    pages.close()


def test_a_pdf_is_previewed_first_without_a_connection(browser: Browser, place: Place) -> None:
    """Its script and its worker come with the files that the browser keeps."""
    plan = mail(multipart("mixed", text("See the plan."), file("plan.pdf", "application/pdf", pdf("The third step"))))
    uid = deliver(place, encrypted(place.stack.accounts[0], plan))
    pages = enter(browser, place)
    page = pages.page
    switch_on(page)
    pages.open_message(uid)
    show_account(page)
    page.wait_for_text("1 message is kept", selector=named("offline-note"), timeout_seconds=OPERATION_SECONDS)
    with without_network(place, browser):
        page.reload()
        unlock_kept(page)
        page.click(f'{named("message-row")}[data-uid="{uid}"]')
        page.wait_for_selector(named("preview-attachment"), timeout_seconds=OPERATION_SECONDS)
        page.click(named("preview-attachment"))
        page.wait_for_text("The third step", selector=named("pdf-pages"), timeout_seconds=OPERATION_SECONDS)
    pages.close()


def test_two_accounts_that_are_kept_under_one_passphrase_both_open(browser: Browser, place: Place) -> None:
    alice, bob = place.stack.accounts
    first = enter(browser, place)
    switch_on(first.page)
    second = MailPages(browser, f"{place.stack.pages_url}/#/as/new", bob, beside=first.page)
    second.enter()
    switch_on(second.page)
    with without_network(place, browser):
        # Each tab may show each account: what is kept does not say which one it was.
        for pages, account in ((second, bob), (first, alice)):
            page = pages.page
            page.activate()
            page.js("() => history.replaceState(null, '', '#/folder/inbox')")
            page.reload()
            page.wait_for_selector(named("kept-unlock-form"), timeout_seconds=OPERATION_SECONDS)
            page.click(f"{named('kept-unlock-form')} [role=textbox]")
            page.type(PASSPHRASE + ENTER)
            page.wait_for_selector(named("kept-choice"), timeout_seconds=OPERATION_SECONDS)
            offered = page.js(
                "(one) => [...document.querySelectorAll(one)].map((button) => button.textContent)",
                named("kept-account"),
            )
            assert sorted(offered) == sorted([alice.address, bob.address])
            page.js(
                "(one, place) => { document.querySelectorAll(one)[place].dataset.chosen = ''; }",
                named("kept-account"),
                offered.index(account.address),
            )
            page.click("[data-chosen]")
            page.wait_for_text(account.address, selector=named("account"), timeout_seconds=OPERATION_SECONDS)
            page.wait_for_selector(f"{named('messages')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)
            assert pages.is_unlocked()
            # Locked by hand, the tab asks for its own account only.
            page.click(named("lock"))
            page.wait_for_selector(named("kept-unlock-form"), timeout_seconds=OPERATION_SECONDS)
            page.click(f"{named('kept-unlock-form')} [role=textbox]")
            page.type(PASSPHRASE + ENTER)
            page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
            assert account.address in page.text(named("account"))
    second.close()
    first.close()


def test_another_persons_computer_keeps_nothing(browser: Browser, place: Place) -> None:
    opened = deliver(place, letter(place, "Fremd", SECRET))
    pages = MailPages(browser, place.stack.pages_url, place.stack.accounts[0])
    page = pages.page
    page.click(named("foreign-computer"))
    pages.enter()
    pages.open_message(opened)
    show_account(page)
    page.wait_for_text("this is not your computer", selector=named("offline-note"))
    assert page.js("(name) => document.querySelector(name).disabled", named("offline-switch")) is True
    traces = """async () => [
      (await indexedDB.databases()).map(({ name }) => name), await caches.keys(),
      (await navigator.serviceWorker.getRegistrations()).length, localStorage.length,
    ]"""
    assert page.js(traces) == [[], [], 0, 0]
    pages.close()


def test_nothing_is_in_clear_on_the_disk(browser: Browser, place: Place, tmp_path: Path) -> None:
    control, subject = secrets.token_hex(12), f"Betreff {secrets.token_hex(12)}"
    plain = build(place.stack.accounts[0], place.stack.accounts[1], subject, SECRET)
    own = launch("chromium" if isinstance(browser, Chromium) else "firefox", tmp_path / "profile")
    try:
        pages = enter(own, place, shared=True)
        page = pages.page
        switch_on(page)
        # Also a message that was never encrypted is encrypted here.
        for uid in (deliver(place, letter(place, subject, SECRET)), deliver(place, plain)):
            pages.open_message(uid)
            assert SECRET in pages.body
        show_account(page)
        page.wait_for_text("2 messages are kept", selector=named("offline-note"), timeout_seconds=OPERATION_SECONDS)
        # The control, in a database beside it, shows that the search below finds what is in clear.
        page.js(
            IN_PAGE["nothingIsInClearOnTheDisk"],
            control,
        )
        assert page.js(WALK, [list(needle.encode()) for needle in (subject, SECRET)])["found"] == 0
    finally:
        own.close()
    alice = place.stack.accounts[0]
    needles = {"control": control, "subject": subject, "text": SECRET, "passphrase": PASSPHRASE}
    assert find_in_files(tmp_path / "profile", needles) == {"control"}
    files = (tmp_path / "profile").rglob("*")
    databases = [path for path in files if "indexeddb" in str(path).lower() or "idb" in str(path)]
    assert databases
    assert find_in_files(tmp_path / "profile", {"address": alice.address}, only=databases) == set()


def find_in_files(folder: Path, needles: dict[str, str], *, only: Sequence[Path] | None = None) -> set[str]:
    """The needles that some file of a browser's profile contains, in one of the forms in which browsers write texts."""
    names = set()
    for path in only if only is not None else folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for name, needle in needles.items():
                forms = (
                    needle.encode(),
                    needle.encode("utf-16-le"),
                    needle.encode("utf-16-be"),
                    needle.encode("latin-1"),
                )
                # Firefox writes each character of a key plus one.
                shifted = bytes(octet + 1 for octet in needle.encode("latin-1") if octet < 255)
                if any(form in content for form in [*forms, shifted]):
                    names.add(name)
    return names


def test_a_letter_waits_for_the_connection_and_is_sent_once(browser: Browser, place: Place) -> None:
    bob = place.stack.accounts[1]
    known = deliver(place, letter(place, "Bekannt", "Von Bob"))
    before = len(place.stack.mail_server.messages(bob.address))
    pages = enter(browser, place)
    page = pages.page
    switch_on(page)
    # The certificate of Bob is known from his message.
    pages.open_message(known)
    with without_network(place, browser):
        pages.write(to=bob.address, subject="Aus dem Zug", text=SECRET)
        pages.wait_until_sendable()
        page.click(named("send"))
        page.wait_for_text("waits in the outbox", selector=named("act-notice"), timeout_seconds=OPERATION_SECONDS)
        page.js("() => { location.hash = '#/outbox'; }")
        page.wait_for_text("Waits for the connection", selector=named("outbox-letter"))
        assert bob.address in page.text(named("outbox-letter"))
        # It is changed before it leaves, after a new start.
        page.reload()
        unlock_kept(page)
        page.js("() => { location.hash = '#/outbox'; }")
        page.click(named("outbox-change"))
        page.wait_for("(name) => document.querySelector(name)?.value", named("compose-text"))
        assert page.value(named("compose-text")) == SECRET
        page.fill(named("compose-subject"), "Aus dem Zug nach Hause")
        pages.wait_until_sendable()
        page.click(named("send"))
        page.wait_for_text("waits in the outbox", selector=named("act-notice"), timeout_seconds=OPERATION_SECONDS)
        page.js("() => { location.hash = '#/outbox'; }")
        page.wait_for_text("nach Hause", selector=named("outbox-view"))
        assert page.js("(name) => document.querySelectorAll(name).length", named("outbox-letter")) == 1
        # Signing out asks first.
        page.click(named("sign-out"))
        page.wait_for_text("1 message has not been sent", selector="dialog")
        page.press(ESCAPE)
    page.wait_for_text("No message waits here", selector=named("outbox-view"), timeout_seconds=OPERATION_SECONDS)
    arrived = place.stack.mail_server.messages(bob.address)[before:]
    assert len(arrived) == 1
    assert b"pkcs7-mime" in arrived[0].raw
    assert SECRET.encode() not in arrived[0].raw
    pages.close()


def test_a_letter_whose_draft_is_in_the_mailbox_waits_too_and_leaves_no_draft(browser: Browser, place: Place) -> None:
    """Another device could otherwise go on with the draft, and send the letter once more."""
    alice, bob = place.stack.accounts
    known = deliver(place, letter(place, "Bekannt", "Von Bob"))
    before = len(place.stack.mail_server.messages(bob.address))
    pages = enter(browser, place)
    page = pages.page
    switch_on(page)
    pages.open_message(known)
    pages.write(to=bob.address, subject="Aus dem Tunnel", text=SECRET)
    pages.wait_until_sendable()
    page.wait_for_selector(f"{named('draft-state')}[data-state=saved]", timeout_seconds=OPERATION_SECONDS)
    assert len(place.stack.mail_server.messages(alice.address, "Drafts")) == 1
    with without_network(place, browser):
        page.click(named("send"))
        page.wait_for_text("waits in the outbox", selector=named("act-notice"), timeout_seconds=OPERATION_SECONDS)
        page.reload()
        unlock_kept(page)
        page.js("() => { location.hash = '#/outbox'; }")
        page.wait_for_text("Waits for the connection", selector=named("outbox-letter"))
        assert page.js("(name) => document.querySelector(name)", named("draft-offer")) is None
    page.wait_for_text("No message waits here", selector=named("outbox-view"), timeout_seconds=OPERATION_SECONDS)
    assert len(place.stack.mail_server.messages(bob.address)[before:]) == 1
    deadline = time.monotonic() + OPERATION_SECONDS
    while place.stack.mail_server.messages(alice.address, "Drafts"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    pages.close()
