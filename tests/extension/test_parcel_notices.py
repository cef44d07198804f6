"""The extension opens the notice of a parcel in a page of its own, whose code no server can alter."""

from __future__ import annotations

import shutil
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smime_core import Keys
from smime_core.blocking import decrypt_message, run
from smime_core.mail import read_encrypted_payload
from smime_core.parcels import check_parcel_receipt
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import downloads_into, wait_for_download
from tests.support.browser.page import Page
from tests.support.extension.checked_site import Checked, new_operator
from tests.support.extension.driver import Extension, Site, running_site
from tests.support.extension.managed import start_managed
from tests.support.extension.toolbar import open_window
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import MESSAGE, READER, ParcelRig, Sent, letter, run_parcel_rig
from tests.support.people import PROVIDER

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

SUBJECT = "The plans for Thursday"
TEXT = "The key is under the third step."
ANSWER = "Thursday suits me."
# Not a PDF: Firefox opens a PDF that was saved in a tab, at a time of its own.
PLAN = b"AC1032 the plan"
PAGE = "parcel/parcel.html"
STATE = "() => document.querySelector('[data-test=verdict]').dataset.state"
# The browser reports an answer 403 in its console.
EXPECTED = "403|429|Failed to load"


@dataclass(frozen=True, slots=True)
class Notices:
    """The extension, a bridge with parcels, and a webmail that shows its notices."""

    extension: Extension
    rig: ParcelRig
    webmail: Site

    def send(self) -> Sent:
        signer = self.rig.stack.accounts[1].identity
        message = letter(SUBJECT, TEXT, attached=[("note.txt", b"Bring wax.")])
        return self.rig.send({MESSAGE: message, "plan.dwg": PLAN}, kind="message", signer=signer)

    def link(self, sent: Sent, *, words: bool = False) -> str:
        return sent.link(self.rig.stack.pages_url, words=words)

    def paste(self, link: str) -> Page:
        """Open the extension's page, and paste a link there."""
        page = self.extension.browser.open(self.extension.base + PAGE)
        page.wait_for_selector(named("address"))
        page.fill(named("address"), link)
        page.click(named("address-go"))
        return page


@pytest.fixture(scope="module")
def notices(
    browser: Browser, folder: Path, pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notices]:
    place = tmp_path_factory.mktemp("notices")
    shutil.copytree(pages_with_sources, place / "pages")
    extension = Extension(browser, folder)
    with run_parcel_rig(place / "pages", place / "store") as rig, running_site() as webmail:
        extension.keep(anchors=[rig.stack.folder / "ca.pem"])
        yield Notices(extension, rig, webmail)
    extension.uninstall()


@pytest.fixture(scope="module")
def listed(notices: Notices, tmp_path_factory: pytest.TempPathFactory) -> Notices:
    """The same, with the server in the list of checked sites."""
    pages = tmp_path_factory.mktemp("listed") / "pages"
    pages.mkdir()
    Checked(notices.extension, notices.rig.stack.pages_url, pages, new_operator()).add()
    return notices


def wait_until_opened(page: Page) -> None:
    page.wait_for_selector(f'{named("parcel")}[aria-busy="false"]', timeout_seconds=OPERATION_SECONDS)


def open_by_words(page: Page, words: str) -> None:
    page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("words"), words)
    page.click(named("open-parcel"))
    wait_until_opened(page)


def write_answer(page: Page) -> None:
    page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("write-answer"))
    page.wait_for_selector(named("answer-text"))
    page.fill(named("answer-text"), ANSWER)


def answer_to(listed: Notices, subject: str) -> bytes:
    """The mail with this subject. The bridge's own thread may be sending it."""
    deadline, post = time.monotonic() + OPERATION_SECONDS, listed.rig.post
    while time.monotonic() < deadline:
        listed.rig.send_mails()
        for mail, raw in zip(post.mails, post.raw, strict=False):
            if subject in mail["Subject"]:
                return raw
        time.sleep(0.1)
    raise AssertionError(f"no {subject} in {post.subjects}")


def is_there(page: Page, test: str) -> bool:
    there: bool = page.js("(selector) => document.querySelector(selector) !== null", named(test))
    return there


@pytest.mark.thorough(False)
def test_a_server_that_is_not_in_the_list_is_named_before_anything_is_sent(notices: Notices) -> None:
    sent = notices.send()
    page = notices.paste(notices.link(sent))
    page.wait_for_selector(named("server-host"))
    assert page.text(named("server-host")) == notices.rig.stack.pages_url.removeprefix("http://")
    assert "Do you know this server?" in page.text("h1")
    page.click(named("leave-server"))
    page.wait_for_selector(named("address"))
    assert notices.rig.asked == []
    page.fill(named("address"), notices.link(sent))
    page.click(named("address-go"))
    page.wait_for_selector(named("admit-server"))
    page.click(named("admit-server"))
    open_by_words(page, sent.words)
    assert page.js(STATE) == "verified"
    page.close()


@pytest.mark.thorough(False)
def test_a_notice_in_a_webmail_opens_to_verdict_message_and_saved_file(listed: Notices, tmp_path: Path) -> None:
    sent = listed.send()
    link = listed.link(sent)
    other = link.replace("127.0.0.1", "localhost")
    markup = f'<p><a id="other" href="{other}">Open</a></p><p><a id="notice" href="{link}">Open</a></p>'
    # The webmail has another host than the checked site: in Firefox a script is for all ports of a host.
    mail = listed.extension.browser.open(listed.webmail.page_with(markup).replace("127.0.0.1", "localhost", 1))
    listed.extension.click_button(mail, "#notice")
    page = listed.extension.browser.wait_for_page(PAGE)
    # Only the link of a listed server has a button.
    assert mail.js("() => document.querySelector('#other').nextElementSibling") is None
    open_by_words(page, sent.words)
    # The link is in no address of a tab.
    assert page.url == listed.extension.base + PAGE
    assert page.js(STATE) == "verified"
    bob = listed.rig.stack.accounts[1]
    assert bob.address in page.text(named("parcel-from"))
    assert page.text(named("parcel-to")) == READER
    view = page.wait_for_frame("mail_view.html")
    assert TEXT in view.wait_for_text(TEXT)
    assert SUBJECT in view.text()
    assert "note.txt" in view.text()
    with downloads_into(page, tmp_path):
        page.click('button[aria-label="Save plan.dwg"]')
        assert wait_for_download(tmp_path, "plan.dwg") == PLAN
    assert {"received", "opened"} <= set(listed.rig.states_of(sent))
    page.click(named("close-parcel"))
    page.wait_for_selector(named("closed-note"))
    assert TEXT not in page.js("() => document.documentElement.outerHTML")
    page.close()
    mail.close()


def test_wrong_words_leave_the_field_and_say_how_many_tries_are_left(listed: Notices) -> None:
    listed.extension.browser.expect_error(EXPECTED)
    sent, other = listed.send(), listed.send()
    page = listed.paste(listed.link(sent))
    page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
    page.fill(named("words"), other.words)
    page.click(named("open-parcel"))
    page.wait_for(
        "(selector) => Boolean(document.querySelector(selector)?.textContent)",
        named("words-problem"),
        timeout_seconds=OPERATION_SECONDS,
    )
    # The words are looked up too when the person pauses, and that answer must not take the sentence away.
    time.sleep(1.5)
    assert "4" in page.text(named("words-problem"))
    open_by_words(page, sent.words)
    page.close()


def test_a_link_with_the_words_needs_only_a_press(listed: Notices) -> None:
    sent = listed.send()
    page = listed.paste(listed.link(sent, words=True))
    page.wait_for_selector(named("words-in-link"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("open-parcel"))
    wait_until_opened(page)
    assert page.js(STATE) == "verified"
    page.close()


@pytest.mark.thorough(False)
def test_a_lock_of_the_keys_closes_the_parcel(listed: Notices) -> None:
    sent = listed.send()
    page = listed.paste(listed.link(sent))
    open_by_words(page, sent.words)
    page.js("() => (globalThis.browser ?? chrome).storage.local.set({ lockedAt: Date.now() })")
    page.wait_for_text("because the keys were locked", selector="main")
    assert "plan.dwg" not in page.text()
    open_by_words(page, sent.words)
    page.close()


def test_the_window_of_the_toolbar_offers_to_paste_a_link(listed: Notices) -> None:
    tab = listed.extension.browser.open(listed.webmail.page_with("<p>Nothing here.</p>"))
    window = open_window(listed.extension, tab)
    with window.closing():
        window.click("[data-test=way-parcel]")
    page = listed.extension.browser.wait_for_page(PAGE)
    page.wait_for_selector(named("address"))
    page.fill(named("address"), "https://mail.example.test/parcel.html#AAAA")
    page.click(named("address-go"))
    page.wait_for_text("not the whole link", selector=named("address-problem"))
    page.close()
    tab.close()


@pytest.mark.thorough(False)
def test_a_key_of_the_person_opens_a_parcel_without_words(listed: Notices, tmp_path: Path) -> None:
    alice, bob = listed.rig.stack.accounts
    files = {MESSAGE: letter(SUBJECT, TEXT), "plan.dwg": PLAN}
    sent = listed.rig.send(files, kind="message", signer=bob.identity, to=alice)
    (tmp_path / "alice.p12").write_bytes(alice.p12)
    listed.extension.open_keys(tmp_path / "alice.p12", alice.key_passphrase)
    listed.extension.lock()
    page = listed.paste(listed.link(sent))
    # The keys are locked, so the page asks for the passphrase.
    page.wait_for_selector("[data-test=own-key] [data-test=passphrase]", timeout_seconds=OPERATION_SECONDS)
    page.click("[data-test=own-key] [data-test=passphrase]")
    page.type(alice.key_passphrase)
    page.click(named("open-by-key"))
    wait_until_opened(page)
    assert page.js(STATE) == "verified"
    assert page.text(named("parcel-to")) == alice.address
    assert TEXT in page.wait_for_frame("mail_view.html").wait_for_text(TEXT)
    with downloads_into(page, tmp_path / "saved"):
        page.click('button[aria-label="Save plan.dwg"]')
        assert wait_for_download(tmp_path / "saved", "plan.dwg") == PLAN
    page.close()


def test_a_parcel_for_somebody_else_does_not_open_by_a_key(listed: Notices, tmp_path: Path) -> None:
    listed.extension.browser.expect_error(EXPECTED)
    alice, _ = listed.rig.stack.accounts
    (tmp_path / "alice.p12").write_bytes(alice.p12)
    listed.extension.open_keys(tmp_path / "alice.p12", alice.key_passphrase)
    page = listed.paste(listed.link(listed.send()))
    page.wait_for_selector(named("open-by-key"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("open-by-key"))
    page.wait_for_text(
        "not encrypted for this key", selector=named("own-key-problem"), timeout_seconds=OPERATION_SECONDS
    )
    page.close()


@pytest.mark.thorough(False)
def test_a_parcel_is_answered_and_confirmed_with_a_key_of_the_person(listed: Notices, tmp_path: Path) -> None:
    alice, bob = listed.rig.stack.accounts
    sent = listed.rig.send({MESSAGE: letter(SUBJECT, TEXT)}, kind="message", signer=bob.identity, to=alice)
    (tmp_path / "alice.p12").write_bytes(alice.p12)
    note = tmp_path / "signed plan.txt"
    note.write_bytes(b"Signed: Alice")
    listed.extension.open_keys(tmp_path / "alice.p12", alice.key_passphrase)
    page = listed.paste(listed.link(sent))
    page.wait_for_selector(named("open-by-key"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("open-by-key"))
    wait_until_opened(page)
    assert bob.address in page.text(named("receipt-offer"))
    assert listed.rig.shown(sent)["receipts"] == [], "nothing is confirmed without the press"
    page.click(named("confirm-parcel"))
    page.wait_for_selector(named("confirmed"), timeout_seconds=OPERATION_SECONDS)
    shown = listed.rig.shown(sent)
    assert "recipient-signed" in {row["by"] for row in shown["states"]}
    (receipt,) = map(b64decode, shown["receipts"])
    run(check_parcel_receipt(receipt, PROVIDER, parcel=sent.draft.id))
    write_answer(page)
    page.choose_files(named("compose-file"), [note])
    page.wait_for_text(note.name, selector=named("compose-attachments"))
    assert "nothing proves that you wrote it" in page.text(named("answer-meaning"))
    page.click(named("send-answer"))
    page.wait_for_selector(named("answer-sent"), timeout_seconds=OPERATION_SECONDS)
    mail = answer_to(listed, f"Reply to secure message {shown['reference']}")
    for secret in (ANSWER, SUBJECT, note.name, "Signed"):
        assert secret.encode() not in mail
    read = read_encrypted_payload(decrypt_message(mail, Keys(identities=[bob.identity]), PROVIDER))
    assert ANSWER in read.text
    assert [(attachment.filename, attachment.data) for attachment in read.attachments] == [
        (note.name, b"Signed: Alice")
    ]
    page.close()


def test_words_open_a_parcel_that_can_be_answered_and_not_confirmed(listed: Notices) -> None:
    sent = listed.send()
    page = listed.paste(listed.link(sent))
    open_by_words(page, sent.words)
    write_answer(page)
    assert not is_there(page, "receipt-offer")
    page.click(named("send-answer"))
    page.wait_for_selector(named("answer-sent"), timeout_seconds=OPERATION_SECONDS)
    answer_to(listed, f"Reply to secure message {page.text(named('parcel-reference'))}")
    assert listed.rig.states_of(sent)[-1] == "answered"
    page.close()


def test_a_short_letter_takes_little_room_and_a_long_one_scrolls(listed: Notices) -> None:
    heights = []
    for lines in ((TEXT,), (TEXT,) * 100):
        sent = listed.rig.send({MESSAGE: letter(SUBJECT, *lines)}, kind="message")
        page = listed.paste(listed.link(sent))
        page.set_viewport(390, 1000)
        open_by_words(page, sent.words)
        most = page.wait_for("() => document.querySelector('.view[style]') && Math.round(visualViewport.height / 2)")
        page.wait_until_calm()
        heights.append(page.js("() => document.querySelector('.view').clientHeight"))
        page.close()
    short, long = heights
    assert 60 < short < 250
    assert long == min(most, 448)


def test_a_lock_deletes_an_answer_that_is_being_written(listed: Notices) -> None:
    sent = listed.send()
    page = listed.paste(listed.link(sent))
    open_by_words(page, sent.words)
    write_answer(page)
    page.js("() => (globalThis.browser ?? chrome).storage.local.set({ lockedAt: Date.now() })")
    page.wait_for_text("because the keys were locked", selector="main")
    assert ANSWER not in page.js("() => document.documentElement.outerHTML")
    page.close()


def test_a_sender_without_a_certificate_gets_no_answer(listed: Notices) -> None:
    sent = listed.rig.send({"plan.dwg": PLAN})
    page = listed.paste(listed.link(sent))
    open_by_words(page, sent.words)
    page.wait_for_selector(named("no-answer"), timeout_seconds=OPERATION_SECONDS)
    assert "cannot encrypt a reply" in page.text(named("no-answer"))
    assert not is_there(page, "write-answer")
    page.close()


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_an_organisation_can_refuse_all_servers_but_its_own(
    name: str, folder: Path, tmp_path: Path, running_browsers: list[Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_managed(
        name,  # type: ignore[arg-type]
        folder,
        running_browsers,
        tmp_path,
        monkeypatch,
        settings={"ownSites": False},
    ) as managed:
        page = managed.browser.open(managed.base + PAGE)
        page.wait_for_selector(named("address"))
        page.fill(named("address"), "https://mail.example.test/parcel.html#AAECAwQFBgcICQoLDA0ODw")
        page.click(named("address-go"))
        page.wait_for_text("Your organisation decides", selector=named("server-meaning"))
        assert page.js("(selector) => document.querySelector(selector)", named("admit-server")) is None
        options = managed.open_options()
        options.wait_for("() => document.querySelector('#checked-new').disabled")
