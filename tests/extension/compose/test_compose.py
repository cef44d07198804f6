"""Letters are written in the extension's window. It names the readers before a letter is sent, and loses no text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import SmimeError
from smime_core.identity.identity import Identity
from smime_core.mail.header_protection import ProtectionMode
from smime_core.message import decrypt_message
from smime_core.report.report import State
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.compose_driver import (
    Webmail,
    address,
    quote_original,
    readiness,
    remove,
    send,
    send_at_once,
    wait_for_obstacles,
)
from tests.support.extension.driver import Extension, Site, running_site
from tests.support.extension.field_pages import NATIVE, PASSPHRASE, People
from tests.support.extension.letters_from_bob import SECRET_WORDS, mail_from_bob, opened_by

IN_PAGE = page_scripts("extension/compose/compose.js")

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.mark.main_way
def test_a_letter_leaves_signed_and_encrypted_and_the_page_learns_none_of_it(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    address(window, "compose-to")
    window.fill("[data-test=compose-subject]", "Lighthouse")
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    assert "Signed as alice@example.test, encrypted for bob@example.test and you" in leaves(window)
    send(window)
    (taken,) = webmail.taken()
    assert taken.envelope == {"from": "alice@example.test", "to": ["bob@example.test"], "cc": [], "bcc": []}
    assert (taken.subject, taken.deliver) == ("[...]", "raw")
    assert b"Lighthouse" not in taken.message
    for reader in (people.bob, people.alice):
        report = opened_by(reader, taken.message, people)
        assert report.state is State.VERIFIED
        assert b"Leuchtturm" in report.content
    assert SECRET_WORDS not in webmail.page.text()


def test_a_letter_leaves_when_the_last_obstacle_has_just_gone(webmail: Webmail) -> None:
    window = webmail.write(to=["bob@example.test"], text=SECRET_WORDS)
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    # The window is drawn some moments after an obstacle is gone. Until then the button looks as if it was still there.
    window.js("() => { document.querySelector('[data-test=send]').setAttribute('aria-disabled', 'true'); }")
    send_at_once(window)
    assert len(webmail.taken()) == 1


def test_a_letter_leaves_for_an_address_that_was_just_typed(webmail: Webmail) -> None:
    window = webmail.write(text=SECRET_WORDS)
    window.click("[data-test=compose-to]")
    window.type("bob@example.test")
    send_at_once(window)
    assert len(webmail.taken()) == 1


def test_a_letter_for_a_webmail_in_a_frame_names_the_page_around_it(
    extension: Extension, site: Site, webmail: Webmail
) -> None:
    framed = Webmail(extension, site, around=site.other_origin)
    window = framed.write()
    assert window.text("[data-test=origin]") == site.origin
    assert site.other_origin in window.text("[data-test=top-origin]")
    framed.close()
    window = webmail.write()
    assert window.js("() => document.querySelector('[data-test=top-origin]')") is None


def test_hidden_characters_in_a_letter_are_shown_before_it_is_signed(webmail: Webmail) -> None:
    window = webmail.write(subject="Pay\u202e1", text="I owe\u200b nothing")
    window.wait_for_selector("[data-note=unseen]")
    note = window.text("[data-note=unseen]")
    assert "U+202E" in note
    assert "U+200B" in note
    window.fill("[data-test=compose-subject]", "Pay")
    window.fill("[data-test=compose-text]", "I owe nothing")
    window.wait_for("() => document.querySelector('[data-note=unseen]') === null")


def test_a_missing_certificate_is_said_before_sending_and_a_file_brings_it(webmail: Webmail, people: People) -> None:
    (people.folder / "carol.der").write_bytes(people.carol.certificate.der)
    window = webmail.write()
    address(window, "compose-to", "carol@example.test")
    wait_for_obstacles(window, "certificate-none")
    assert "carol@example.test cannot receive encrypted mail yet" in window.text("[data-test=obstacle]")
    assert "for carol@example.test, so the message is sent unencrypted" in leaves(window)
    address(window, "compose-to", "bob@example.test")
    # Bob could read it encrypted, so it does not leave unencrypted without a question.
    window.wait_for_text("Sending asks you first", selector="[data-test=leaves]", timeout_seconds=60)
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")
    assert "can be encrypted for bob@example.test" in window.text("dialog")
    window.click("dialog button:not(.danger)")
    window.choose_files("input[data-test=remedy-choose-file]", [people.folder / "bob.der"])
    wait_for_obstacles(window, "certificate-unusable")
    window.choose_files("input[data-test=remedy-choose-file]", [people.folder / "carol.der"])
    wait_for_obstacles(window)
    assert readiness(window) == {"carol@example.test": "ready", "bob@example.test": "ready"}
    assert "encrypted for carol@example.test, bob@example.test, and you" in leaves(window)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    send(window)
    assert opened_by(people.carol, webmail.taken()[0].message, people).state is State.VERIFIED


def test_a_password_opens_the_letter_of_somebody_without_a_certificate(webmail: Webmail, people: People) -> None:
    window = webmail.write()
    address(window, "compose-to", "dora@example.test")
    wait_for_obstacles(window, "certificate-none")
    window.click("[data-test=remedy-password]")
    wait_for_obstacles(window, "password")
    assert "Not ready to send" in leaves(window)
    window.click("[data-test=letter-password] [data-test=passphrase]")
    window.type("drei Möwen")
    wait_for_obstacles(window)
    assert "encrypted for dora@example.test and you" in leaves(window)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    send(window)
    (taken,) = webmail.taken()
    opened = run(
        decrypt_message(taken.message, Keys(identities=[], passwords=["drei Möwen".encode()]), provider=NATIVE)
    )
    assert b"Leuchtturm" in opened
    with pytest.raises(SmimeError):
        run(decrypt_message(taken.message, Keys(identities=[], passwords=[b"drei Tauben"]), provider=NATIVE))
    assert opened_by(people.alice, taken.message, people).state is State.VERIFIED


def test_asking_for_a_certificate_writes_a_signed_letter_that_asks(webmail: Webmail, people: People) -> None:
    window = webmail.write()
    address(window, "compose-to", "erna@example.test")
    wait_for_obstacles(window, "certificate-none")
    window.click("[data-test=remedy-ask]")
    asking = webmail.other_window(window)
    asking.wait_for_selector("[data-test=recipient][data-address='erna@example.test']")
    assert "Signed as alice@example.test, subject included, and not encrypted" in leaves(asking)
    send(asking)
    (taken,) = webmail.taken()
    report = opened_by(people.alice, taken.message, people)
    assert (report.state, taken.envelope["to"]) == (State.VERIFIED, ["erna@example.test"])
    assert not report.is_encrypted


def test_a_bcc_recipient_gets_a_message_that_names_nobody_else(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    address(window, "compose-bcc", "alice@example.test")
    window.wait_for_selector("[data-address='alice@example.test']")
    wait_for_obstacles(window, "certificate-none")
    window.choose_files(
        "input[data-test=remedy-choose-file]", [certificate_file(people.alice, people.folder / "alice.der")]
    )
    wait_for_obstacles(window)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    send(window)
    hidden, named = webmail.taken(2)
    assert (hidden.envelope["bcc"], hidden.envelope["to"], hidden.more) == (["alice@example.test"], [], True)
    assert (named.envelope["to"], named.envelope["bcc"], named.more) == (["bob@example.test"], [], False)
    for message in (hidden.message, named.message):
        assert b"alice@example.test" not in message.lower().replace(b"from: alice@example.test", b"")
    assert opened_by(people.bob, named.message, people).state is State.VERIFIED
    with pytest.raises(SmimeError):
        run(decrypt_message(hidden.message, Keys(identities=[people.bob]), provider=NATIVE))


def test_an_answer_to_encrypted_mail_is_encrypted_and_joins_the_thread(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="replyAll", mail=mail_from_bob(people, encrypted=True), to=["mallory@example.test"])
    quote_original(window)
    assert f"> {SECRET_WORDS}" in window.value("[data-test=compose-text]")
    assert window.value("[data-test=compose-subject]") == "Re: Lighthouse"
    window.wait_for_selector("[data-address='bob@example.test'][data-readiness=ready]", timeout_seconds=60)
    # The recipients of an answer come from the message, not from the page's proposal.
    assert set(readiness(window)) == {"bob@example.test"}
    # The header field Cc was not protected, so somebody else may have added Carol to it.
    assert "carol@example.test" in window.text("[data-note=doubtful]")
    window.click("[data-test=doubtful-add]")
    assert set(readiness(window)) == {"bob@example.test", "carol@example.test"}
    assert window.js("() => document.querySelector('[data-test=switch-encrypt]').checked") is True
    remove(window, "carol@example.test")
    wait_for_obstacles(window)
    send(window)
    (taken,) = webmail.taken()
    assert SECRET_WORDS.encode() not in taken.message
    assert b"Lighthouse" not in taken.message
    assert b"In-Reply-To: <original@example.test>" in taken.message
    assert opened_by(people.bob, taken.message, people).state is State.VERIFIED


def test_an_answer_to_all_goes_at_once_to_those_whom_a_protected_field_names(webmail: Webmail, people: People) -> None:
    mail = mail_from_bob(people, encrypted=True, protection=ProtectionMode.CIPHER)
    window = webmail.write(kind="replyAll", mail=mail)
    quote_original(window)
    assert set(readiness(window)) == {"bob@example.test", "carol@example.test"}
    assert window.js("() => document.querySelector('[data-note=doubtful]')") is None


def test_somebody_whom_the_page_adds_to_a_readable_field_gets_no_answer(webmail: Webmail, people: People) -> None:
    mail = mail_from_bob(people, encrypted=True).replace(b"\r\nTo: ", b"\r\nTo: mallory@example.test, ", 1)
    assert b"mallory" in mail
    window = webmail.write(kind="replyAll", mail=mail, cc=["mallory@example.test"])
    quote_original(window)
    assert set(readiness(window)) == {"bob@example.test"}
    window.click("[data-test=doubtful-leave]")
    assert set(readiness(window)) == {"bob@example.test"}


def test_encrypted_words_leave_readable_only_when_the_person_says_so(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="reply", mail=mail_from_bob(people, encrypted=True))
    quote_original(window)
    window.click("[data-test=switch-encrypt]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")
    window.click("dialog button:not(.primary)")
    assert window.js("() => document.querySelector('[data-test=switch-encrypt]').checked") is True
    window.click("[data-test=switch-encrypt]")
    window.click("[data-test=unencrypted-confirm]")
    wait_for_obstacles(window)
    assert "its quoted text and its subject would be sent unencrypted" in leaves(window)
    send(window)
    assert "Leuchtturm" in webmail.taken()[0].message.decode()


def test_a_quote_that_comes_after_encrypting_was_switched_off_asks_too(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="reply", to=["bob@example.test"], mail=mail_from_bob(people, encrypted=True))
    window.wait_for_selector("[data-test=read-original]")
    window.click("[data-test=switch-encrypt]")
    window.click("[data-test=unencrypted-confirm]")
    quote_original(window)
    # The person agreed before the quotation was in the letter, so encryption is on again.
    assert window.js("() => document.querySelector('[data-test=switch-encrypt]').checked") is True
    window.click("[data-test=switch-encrypt]")
    window.wait_for_selector("[data-test=unencrypted-confirm]")
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")


def test_another_reply_address_is_asked_about(webmail: Webmail, people: People) -> None:
    mail = mail_from_bob(people, encrypted=False, reply_to="mallory@example.test")
    window = webmail.write(kind="reply", mail=mail)
    quote_original(window)
    window.wait_for_selector("[data-test=reply-to-take]")
    assert "not its sender bob@example.test" in window.text("[data-note=reply-to]")
    assert set(readiness(window)) == {"bob@example.test"}
    window.click("[data-test=reply-to-take]")
    assert set(readiness(window)) == {"mallory@example.test"}


def test_a_forwarded_message_takes_its_attachments_along(webmail: Webmail, people: People) -> None:
    window = webmail.write(kind="forward", mail=mail_from_bob(people, encrypted=True))
    quote_original(window)
    window.wait_for_text("map.txt", selector="[data-test=compose-attachments]")
    assert window.value("[data-test=compose-subject]") == "Fwd: Lighthouse"
    address(window, "compose-to", "bob@example.test")
    send(window)
    report = opened_by(people.bob, webmail.taken()[0].message, people)
    assert b"map.txt" in report.content
    assert b"In-Reply-To" not in report.content


def test_nothing_is_lost_when_the_webmail_refuses_or_is_gone(webmail: Webmail, people: People) -> None:
    webmail.mood("refuses")
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.click("[data-test=send]")
    window.wait_for_text("the mailbox is full", selector="[data-test=send-error]", timeout_seconds=60)
    assert window.value("[data-test=compose-text]") == SECRET_WORDS
    webmail.mood("sends")
    send(window)
    assert len(webmail.taken()) == 1
    again = webmail.write(to=["bob@example.test"])
    again.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    again.fill("[data-test=compose-text]", SECRET_WORDS)
    webmail.page.goto("about:blank")
    again.click("[data-test=send]")
    again.wait_for_selector("[data-test=save-file]", timeout_seconds=60)
    assert again.value("[data-test=compose-text]") == SECRET_WORDS


def test_a_message_that_only_some_were_sent_says_so_and_goes_to_the_others(webmail: Webmail, people: People) -> None:
    webmail.mood("refuses-last")
    window = webmail.write(to=["bob@example.test"])
    address(window, "compose-bcc", "alice@example.test")
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    known = "[data-address='alice@example.test'][data-readiness=ready]"
    window.wait_for_selector(f"{known}, [data-test=obstacle][data-code=certificate-none]", timeout_seconds=60)
    if not window.js("(selector) => document.querySelector(selector) !== null", known):
        file = certificate_file(people.alice, people.folder / "alice.der")
        window.choose_files("input[data-test=remedy-choose-file]", [file])
    wait_for_obstacles(window)
    window.click("[data-test=send]")
    window.wait_for_text("Some recipients were sent", selector="[data-test=send-error]", timeout_seconds=60)
    webmail.mood("sends")
    send(window)
    hidden, named = webmail.taken(2)
    assert (hidden.envelope["bcc"], named.envelope["to"]) == (["alice@example.test"], ["bob@example.test"])


@pytest.mark.thorough(False)
def test_a_draft_is_kept_sealed_and_goes_on_in_another_window(webmail: Webmail, people: People, tmp_path: Path) -> None:
    attached = tmp_path / "notes.txt"
    attached.write_text("attached words")
    window = webmail.write(to=["bob@example.test"])
    before = window.js(KEPT_DRAFTS)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.choose_files("input[data-test=compose-file]", [attached])
    window.wait_for_selector("[data-test=draft-state][data-state=kept]", timeout_seconds=60)
    (draft,) = set(window.js(KEPT_DRAFTS)) - set(before)
    assert not any(words in draft for words in ("Leuchtturm", "attached words", "bob@"))
    window.close()
    later = webmail.write()
    later.click("[data-test=draft-continue]")
    later.wait_for_text("notes.txt", selector="[data-test=compose-attachments]", timeout_seconds=60)
    assert later.value("[data-test=compose-text]") == SECRET_WORDS
    later.wait_for_selector("[data-address='bob@example.test'][data-readiness=ready]", timeout_seconds=60)
    send(later)
    assert sorted(later.js(KEPT_DRAFTS)) == sorted(before)
    assert b"notes.txt" in opened_by(people.bob, webmail.taken()[0].message, people).content


def test_locked_keys_stop_signing_and_lose_nothing(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    webmail.extension.lock()
    window.fill("[data-test=compose-subject]", "Lighthouse")
    wait_for_obstacles(window, "locked")
    window.click("[data-test=remedy-unlock]")
    window.type(PASSPHRASE)
    window.click("[data-test=unlock]")
    wait_for_obstacles(window)
    webmail.extension.is_locked = False
    send(window)
    assert opened_by(people.bob, webmail.taken()[0].message, people).state is State.VERIFIED


TO_THE_BEGINNING = """() => {
  const area = document.querySelector("[data-test=compose-text]");
  area.focus();
  area.setSelectionRange(0, 0);
}"""


@pytest.mark.parametrize("kind", ["reply", "forward"])
def test_quoted_words_are_covered_while_the_keys_are_locked(webmail: Webmail, people: People, kind: str) -> None:
    window = webmail.write(kind=kind, mail=mail_from_bob(people, encrypted=True))
    quote_original(window)
    window.wait_for("(words) => document.querySelector('[data-test=compose-text]').value.includes(words)", SECRET_WORDS)
    window.js(TO_THE_BEGINNING)
    window.type("My own words. ")
    written = window.value("[data-test=compose-text]")
    assert written.startswith("My own words. ")
    webmail.extension.lock()
    window.wait_for_selector("[data-test=lock-cover] [data-test=unlock]", timeout_seconds=30)
    shown = window.js(
        "() => document.body.innerText + [...document.querySelectorAll('textarea')].map((one) => one.value)"
    )
    assert SECRET_WORDS not in shown
    assert "own words" not in shown
    window.click("[data-test=passphrase]")
    window.type(PASSPHRASE)
    window.click("[data-test=unlock]")
    window.wait_for_selector("[data-test=compose-text]", timeout_seconds=90)
    webmail.extension.is_locked = False
    assert window.value("[data-test=compose-text]") == written


KEPT_DRAFTS = IN_PAGE["keptDrafts"]


def test_a_webmail_that_does_not_answer_is_not_given_the_letter_twice(webmail: Webmail) -> None:
    window = webmail.write(to=["bob@example.test"])
    window.wait_for_selector("[data-test=recipient][data-readiness=ready]", timeout_seconds=60)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    webmail.mood("silent")
    window.click("[data-test=send]")
    webmail.page.wait_for("() => document.documentElement.dataset.silenced", timeout_seconds=60)
    webmail.mood("sends")
    webmail.page.js("() => document.dispatchEvent(new CustomEvent('webmail-gives-up'))")
    window.wait_for_selector("[data-test=send-again]", timeout_seconds=60)
    assert "not known whether the message was sent" in window.text("[data-test=send-error]")
    window.click("[data-test=send]")
    window.wait_for_selector("[data-test=send-again]", timeout_seconds=60)
    assert not webmail.page.js("() => document.documentElement.dataset.taken ?? null")
    window.click("[data-test=send-again]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    assert len(webmail.taken()) == 1


def certificate_file(identity: Identity, file: Path) -> Path:
    file.write_bytes(identity.certificate.der)
    return file


def leaves(window: Page) -> str:
    """The sentence in the window about what would be sent now."""
    return window.text("[data-test=leaves]")


def test_a_letter_to_the_writer_only_leaves_after_a_question(webmail: Webmail, people: People) -> None:
    window = webmail.write(to=["alice@example.test"])
    window.wait_for_selector(
        "[data-test=recipient][data-readiness=ready], [data-test=obstacle][data-code=certificate-none]",
        timeout_seconds=60,
    )
    if readiness(window) != {"alice@example.test": "ready"}:
        file = certificate_file(people.alice, people.folder / "alice.der")
        window.choose_files("input[data-test=remedy-choose-file]", [file])
    wait_for_obstacles(window)
    window.fill("[data-test=compose-text]", SECRET_WORDS)
    window.click("[data-test=send]")
    window.wait_for_text("Nobody but you could read this", selector="[data-test=writer-only]", timeout_seconds=30)
    window.click("[data-test=writer-only-add]")
    assert window.js("() => document.activeElement.matches('[data-test=compose-to]')")
    window.click("[data-test=send]")
    assert window.js("() => document.querySelector('[data-test=sent]')") is None
    window.click("[data-test=writer-only-go]")
    window.wait_for_selector("[data-test=sent]", timeout_seconds=60)
    (taken,) = webmail.taken()
    assert taken.envelope["to"] == ["alice@example.test"]
