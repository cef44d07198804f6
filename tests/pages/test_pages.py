"""The pages when something goes wrong, and on a phone: each problem has its own text, and no written text is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.identity.private_key_file import export_private_key
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.config import BridgeConfig
from webbridge.demo import stack as demo
from webbridge.demo.accounts import Account, certificate_pem
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


def focused_test(pages: MailPages) -> str:
    name: str = pages.page.js("() => document.activeElement.dataset.test ?? ''")
    return name


def test_the_focus_begins_where_the_person_types(visitor: MailPages) -> None:
    focused = "(test) => document.activeElement.dataset.test === test"
    visitor.page.wait_for(focused, "sign-in-address")
    visitor.sign_in()
    visitor.page.wait_for(focused, "passphrase")


def test_a_refused_login_says_so_and_keeps_the_address(visitor: MailPages, alice: Account) -> None:
    visitor.sign_in(password="not her password")
    text = visitor.page.wait_for_text("does not accept", selector=named("sign-in-error"))
    assert "password" in text
    assert visitor.page.value(named("sign-in-address")) == alice.address
    visitor.sign_in()
    visitor.page.wait_for_selector(named("unlock-form"))


def test_a_wrong_passphrase_is_said_in_its_field_which_keeps_the_focus(visitor: MailPages) -> None:
    visitor.sign_in()
    visitor.unlock(passphrase="not her passphrase")
    field = f"{named('unlock-form')} {named('passphrase-error')}"
    visitor.page.wait_for_text("Check it and type it again", selector=field, timeout_seconds=OPERATION_SECONDS)
    assert focused_test(visitor) == "passphrase"
    visitor.page.type(visitor.account.key_passphrase + ENTER)
    visitor.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)


def test_a_locked_letter_survives_a_wrong_passphrase(visitor: MailPages, bob: Account) -> None:
    visitor.enter()
    visitor.write(to=bob.address, subject="Kept", text="Every word of it.")
    visitor.page.click(named("lock"))
    visitor.unlock(passphrase="not her passphrase")
    field = f"{named('unlock-form')} {named('passphrase-error')}"
    visitor.page.wait_for_text("Check it", selector=field, timeout_seconds=OPERATION_SECONDS)
    visitor.page.type(visitor.account.key_passphrase + ENTER)
    visitor.page.wait_for_selector(named("compose-text"), timeout_seconds=OPERATION_SECONDS)
    assert visitor.page.value(named("compose-text")) == "Every word of it."
    assert visitor.page.value(named("compose-subject")) == "Kept"


def test_keys_come_from_a_file_too(visitor: MailPages, alice: Account, welcome: int, tmp_path: Path) -> None:
    (tmp_path / "alice.p12").write_bytes(alice.p12)
    open_file(visitor, tmp_path / "alice.p12", alice.key_passphrase)
    visitor.page.wait_for_text(alice.address, selector=named("identities"), timeout_seconds=OPERATION_SECONDS)
    visitor.open_message(welcome)
    assert visitor.state == "verified"


@pytest.mark.parametrize("passphrase", ["", "a passphrase of its own"], ids=["open", "under a passphrase"])
def test_keys_come_from_a_pem_file_too(
    visitor: MailPages, alice: Account, welcome: int, tmp_path: Path, passphrase: str
) -> None:
    key = alice.identity.private_key
    encrypted = passphrase.encode() or None
    pem = export_private_key(key, encrypted, provider=NativeProvider(), iterations=2048)
    certificate = certificate_pem(alice.identity.certificate).encode()
    (tmp_path / "alice.pem").write_bytes(certificate + run(pem))
    open_file(visitor, tmp_path / "alice.pem", passphrase)
    # Keys without a passphrase are not offered for the key server, which would store them without protection.
    next_view = named("enrol" if passphrase else "messages")
    visitor.page.wait_for_selector(next_view, timeout_seconds=OPERATION_SECONDS)
    visitor.open_message(welcome)
    assert visitor.state == "verified"


def test_a_pem_file_that_wants_a_passphrase_asks_for_it(visitor: MailPages, alice: Account, tmp_path: Path) -> None:
    pem = export_private_key(alice.identity.private_key, b"secret", provider=NativeProvider(), iterations=2048)
    (tmp_path / "alice.pem").write_bytes(certificate_pem(alice.identity.certificate).encode() + run(pem))
    open_file(visitor, tmp_path / "alice.pem", "")
    field = f"{named('file-form')} {named('passphrase-error')}"
    visitor.page.wait_for_text("passphrase is missing", selector=field, timeout_seconds=OPERATION_SECONDS)


def test_a_file_of_certificates_alone_says_so(visitor: MailPages, alice: Account, tmp_path: Path) -> None:
    (tmp_path / "alice.pem").write_text(certificate_pem(alice.identity.certificate))
    open_file(visitor, tmp_path / "alice.pem", "")
    visitor.page.wait_for_text("no private key", selector=named("file-error"), timeout_seconds=OPERATION_SECONDS)


def test_a_damaged_key_file_says_so(visitor: MailPages, alice: Account, tmp_path: Path) -> None:
    (tmp_path / "alice.p12").write_bytes(alice.p12[: len(alice.p12) // 2])
    open_file(visitor, tmp_path / "alice.p12", alice.key_passphrase)
    visitor.page.wait_for_text("not a whole key file", selector=named("file-error"), timeout_seconds=OPERATION_SECONDS)


def test_a_wrong_passphrase_for_a_file_says_so(visitor: MailPages, alice: Account, tmp_path: Path) -> None:
    (tmp_path / "alice.p12").write_bytes(alice.p12)
    open_file(visitor, tmp_path / "alice.p12", "not her passphrase")
    field = f"{named('file-form')} {named('passphrase-error')}"
    visitor.page.wait_for_text("Wrong passphrase.", selector=field, timeout_seconds=OPERATION_SECONDS)


def test_keys_under_the_mail_password_are_not_put_on_the_key_server(
    visitor: MailPages, alice: Account, tmp_path: Path
) -> None:
    provider = NativeProvider()
    identity = blocking.load_identity(alice.p12, alice.key_passphrase.encode(), provider=provider)
    p12 = blocking.export_identity(identity, alice.mail_password.encode(), provider=provider, iterations=2048)
    (tmp_path / "alice.p12").write_bytes(p12)
    open_file(visitor, tmp_path / "alice.p12", alice.mail_password)
    visitor.page.wait_for_selector(named("enrol"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.click(named("enrol"))
    visitor.page.wait_for_text("also your mail password", selector=named("enrol-error"))


def open_file(pages: MailPages, file: Path, passphrase: str) -> None:
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"))
    pages.page.click(named("choose-way"))
    pages.page.choose_files(named("key-file"), [file])
    pages.page.click(f"{named('file-form')} {named('passphrase')}")
    pages.page.type(passphrase + ENTER)


def test_an_unreachable_mail_server_keeps_the_letter(browser: Browser) -> None:
    with DemoStack() as stack:
        first, second = stack.accounts
        pages = MailPages(browser, stack.pages_url, first)
        pages.enter()
        pages.write(to=second.address, subject="Into the void", text="Not a word is lost.")
        pages.wait_until_sendable()
        stack.mail_server.stop()
        pages.page.click(named("send"))
        pages.page.wait_for_text("mail server does not answer", selector=named("send-error"), timeout_seconds=60)
        assert pages.page.value(named("compose-text")) == "Not a word is lost."
        assert pages.page.value(named("compose-subject")) == "Into the void"
        assert second.address in pages.page.text(named("compose-form"))
        pages.close()


def test_signing_in_without_a_mail_server_says_so(browser: Browser) -> None:
    with DemoStack() as stack:
        pages = MailPages(browser, stack.pages_url, stack.accounts[0])
        stack.mail_server.stop()
        pages.sign_in()
        pages.page.wait_for_text("does not answer", selector=named("sign-in-error"), timeout_seconds=30)
        pages.close()


def test_without_keys_nobody_counts_as_unknown_so_nothing_leaves_unencrypted_by_itself(visitor: MailPages) -> None:
    visitor.sign_in()
    visitor.page.click(named("skip-unlock"))
    visitor.write(to="stranger@example.test", subject="Hello", text="Are you there?")
    unknown = f"{named('obstacle')}[data-code=certificate-none]"
    visitor.page.wait_for_text("stranger@example.test cannot receive encrypted mail yet", selector=unknown)
    visitor.page.click(named("switch-sign"))
    not_yet = "Not ready to send: stranger@example.test cannot receive encrypted mail yet."
    assert visitor.page.text(named("leaves")) == not_yet
    visitor.page.click(named("send"))
    assert visitor.page.value(named("compose-text")) == "Are you there?"
    visitor.page.click(named("remedy-encrypt-off"))
    visitor.page.wait_for_selector(named("unencrypted-confirm"))
    visitor.page.click("dialog button:not(.danger)")


def test_without_keys_an_encrypted_letter_offers_to_unlock_them(visitor: MailPages, welcome: int) -> None:
    visitor.sign_in()
    visitor.page.click(named("skip-unlock"))
    visitor.open_message(welcome)
    assert "keys are locked" in visitor.page.text(named("reading-locked"))


def test_the_source_of_a_message_is_what_the_mail_server_has(
    visitor: MailPages, demo_stack: DemoStack, alice: Account, welcome: int, tmp_path: Path
) -> None:
    visitor.enter()
    visitor.open_message(welcome)
    assert "only you could open this message" in visitor.body
    visitor.page.click(named("view-source"))
    visitor.page.wait_for_text("MII", selector=named("source-text"), timeout_seconds=OPERATION_SECONDS)
    shown = visitor.page.js("() => document.querySelector('[data-test=source-text]').textContent")
    (raw,) = [message.raw for message in demo_stack.mail_server.messages(alice.address) if message.uid == welcome]
    assert shown == raw.decode("ascii").replace("\r\n", "\n")
    assert "only you could open this message" not in shown
    assert "Encrypted text cannot be read here" in visitor.page.text(named("source"))


def test_a_long_source_is_found_and_copied_whole(visitor: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    head = "From: eve@example.test\r\nSubject: Pieces\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    body = "".join(f"This is line {number} of the message.\r\n" for number in range(5_000))
    uid = demo_stack.mail_server.append(alice.address, (head + body).encode())
    visitor.sign_in()
    visitor.page.click(named("skip-unlock"))
    visitor.open_message(uid)
    visitor.page.click(named("view-source"))
    visitor.page.wait_for_text("line 1 of", selector=named("source-text"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.click(f"{named('source')} {named('more-rows')}")
    visitor.page.wait_for_text("line 4999 of", selector=named("source-text"), timeout_seconds=OPERATION_SECONDS)
    copied = visitor.page.js(
        """() => {
          getSelection().selectAllChildren(document.querySelector("[data-test=source-text]"));
          return getSelection().toString();
        }"""
    )
    assert copied.replace("\r\n", "\n").strip() == (head + body).replace("\r\n", "\n").strip()
    search = "() => { getSelection().removeAllRanges(); return find('line 4321 of') && getSelection().toString(); }"
    assert visitor.page.js(search) == "line 4321 of"


def test_a_source_is_text_whose_unseen_characters_are_named(
    visitor: MailPages, demo_stack: DemoStack, alice: Account
) -> None:
    hostile = "<img src=x onerror=alert(1)> \u202egnp.exe \x1b[2J\x00 \u3164\u034f\u2800 Grüße\r\n"
    head = "From: eve@example.test\r\nSubject: Long\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    uid = demo_stack.mail_server.append(alice.address, (head + hostile + "x" * 300_000).encode())
    visitor.sign_in()
    visitor.page.click(named("skip-unlock"))
    visitor.open_message(uid)
    visitor.page.click(named("view-source"))
    visitor.page.wait_for_text("Grüße", selector=named("source-text"), timeout_seconds=OPERATION_SECONDS)
    shown = visitor.page.js("() => document.querySelector('[data-test=source-text]').textContent")
    assert "<img src=x onerror=alert(1)> <U+202E>gnp.exe <U+001B>[2J<U+0000> <U+3164><U+034F><U+2800> Grüße" in shown
    assert visitor.page.js("() => document.querySelector('[data-test=source-text]').children.length") == 0
    assert "first 256 KB" in visitor.page.text(named("source-cut"))
    assert len(shown) < 300_000


def test_a_link_that_is_no_address_opens_the_pages_all_the_same(visitor: MailPages) -> None:
    # The form is complete before the reload: a file that is still loading then would cause an error in the console.
    visitor.page.wait_for_selector(named("sign-in-address"), timeout_seconds=OPERATION_SECONDS)
    visitor.page.js("() => { location.hash = '#/folder/100%/%E4'; location.reload(); }")
    visitor.page.wait_for_selector(named("sign-in-address"), timeout_seconds=OPERATION_SECONDS)


def test_a_bridge_that_names_itself_as_the_key_server_learns_nothing_of_the_passphrase(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(**settings: Any) -> BridgeConfig:
        return BridgeConfig(**(settings | {"key_server_origin": settings["api_origin"]}))

    monkeypatch.setattr(demo, "BridgeConfig", lying)
    with DemoStack() as stack:
        pages = MailPages(browser, stack.pages_url, stack.accounts[0])
        # Unlocking works, because the pages take the key server's address from their own origin.
        pages.enter()
        pages.close()


def test_an_entrust_profile_is_refused_with_advice(visitor: MailPages, alice: Account, tmp_path: Path) -> None:
    (tmp_path / "alice.epf").write_bytes(b"[Password Token]\r\nToken=AAAA\r\n[Digital Signature]\r\nKey=AAAA\r\n")
    open_file(visitor, tmp_path / "alice.epf", "secret")
    problem = visitor.page.wait_for_text("Entrust", selector=named("file-error"), timeout_seconds=OPERATION_SECONDS)
    assert "PKCS#12" in problem


def test_a_phone_never_scrolls_sideways(visitor: MailPages, bob: Account, welcome: int) -> None:
    page = visitor.page
    page.set_viewport(390, 844)
    wide = []

    def look(view: str) -> None:
        if page.overflows_sideways():
            wide.append(view)

    look("sign-in")
    visitor.sign_in()
    page.wait_for_selector(named("unlock-form"))
    look("unlock")
    visitor.unlock()
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    look("inbox")
    visitor.open_message(welcome)
    page.click("details > summary")
    look("reading")
    page.click(named("back"))
    visitor.write(to=bob.address, subject="A rather long subject that has to find room", text="word " * 40)
    visitor.wait_until_sendable()
    look("writing")
    visitor.send()
    look("sent")
    assert wide == []


@pytest.mark.thorough(False)
def test_nothing_stays_in_the_storage_of_somebody_elses_browser(visitor: MailPages, welcome: int) -> None:
    visitor.page.click(named("foreign-computer"))
    visitor.enter()
    visitor.open_message(welcome)
    traces = visitor.page.js(
        """async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
          (await caches.keys()).length, document.cookie]"""
    )
    # In sessionStorage are the answer that this is another person's computer, and the id of the tab's account with
    # a hash of its address, which the other item's name has too.
    assert traces == [0, 2, 0, 0, ""]
