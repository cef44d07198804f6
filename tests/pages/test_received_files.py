"""Attachments in the pages: previews that close with Escape, and attached mails that open in place."""

from __future__ import annotations

import base64

import pytest

from tests.support.browser.page import ESCAPE
from tests.support.extension.mail_letters import file, mail, multipart, picture, text
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import (
    deliver,
    encrypted,
    pages as pages,
    signed,
    signed_and_encrypted,
    stack as stack,
)
from webbridge.demo.stack import DemoStack

pytestmark = pytest.mark.browser

NAMES = "() => [...document.querySelectorAll('[data-test=attachment]')].map((row) => row.innerText.split('\\n')[0])"
FOCUSED = "() => document.activeElement.getAttribute('data-test')"
BUTTONS = """() => [...document.querySelectorAll('[data-test=attachment]')]
  .map((row) => [...row.querySelectorAll('button')].map((one) => one.dataset.test))"""


def attached(message: bytes, name: str = "old.eml") -> bytes:
    head = f'Content-Type: message/rfc822; name="{name}"\r\nContent-Disposition: attachment\r\n\r\n'
    return head.encode() + message


def press_at(pages: MailPages, row: int, test: str) -> None:
    pages.page.click(f"[data-test=attachment]:nth-of-type({row}) {named(test)}")


def test_a_picture_and_a_text_are_previewed_and_escape_returns_to_the_button(
    pages: MailPages, stack: DemoStack
) -> None:
    alice, bob = stack.accounts
    long = b"The first line\n" + "ä".encode() * 700_000
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    message = mail(
        multipart(
            "mixed",
            text("See the files."),
            file("red.png", "image/png", picture()),
            file("notes.txt", "text/plain", long),
            file("drawing.svg", "image/svg+xml", drawing),
            file("plan.zip", "application/zip", b"PK plan"),
        )
    )
    pages.open_message(deliver(stack, signed_and_encrypted(bob, alice, message)))
    assert pages.page.js(BUTTONS) == [
        ["preview-attachment", "save-attachment"],
        ["preview-attachment", "save-attachment"],
        ["save-attachment"],
        ["save-attachment"],
    ]
    press_at(pages, 1, "preview-attachment")
    pages.page.wait_for_selector(named("preview"))
    frame = pages.page.wait_for_frame("about:srcdoc")
    assert frame.wait_for("() => document.images[0]?.naturalWidth === 40")
    pages.page.press(ESCAPE)
    pages.page.wait_for("() => document.querySelector('dialog') === null")
    assert pages.page.js(FOCUSED) == "preview-attachment"
    press_at(pages, 2, "preview-attachment")
    shown = pages.page.wait_for_text("The first line", selector=named("preview-text"))
    assert len(shown) < 700_000
    assert "first megabyte" in pages.page.text(named("preview-cut"))
    pages.page.press(ESCAPE)
    pages.page.wait_for("() => document.querySelector('dialog') === null")


def test_an_attached_mail_opens_in_place_with_its_own_verdict_and_leads_back(
    pages: MailPages, stack: DemoStack
) -> None:
    alice, bob = stack.accounts
    forged = mail(text("From long ago."), subject="Old")
    proved = signed_and_encrypted(bob, alice, mail(text("Inside the inside."), subject="Inner"))
    outer = mail(multipart("mixed", text("See below."), attached(forged), attached(proved, "inner.eml")))
    pages.open_message(deliver(stack, signed(bob, outer)))
    assert pages.state == "verified"
    press_at(pages, 1, "open-attached")
    pages.page.wait_for_selector(named("attached-to"), timeout_seconds=OPERATION_SECONDS)
    assert pages.state == "plain", "the verdict of the message around it does not count"
    assert pages.page.text(named("subject")) == "Old"
    assert "Thursday" in pages.page.text(named("attached-to"))
    assert "From long ago." in pages.body
    pages.page.click(named("back-to-outer"))
    assert pages.state == "verified"
    assert pages.page.text(named("subject")) == "Thursday"
    assert pages.page.js(FOCUSED) == "open-attached"
    press_at(pages, 2, "open-attached")
    pages.page.wait_for_text("Inside the inside.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    assert pages.state == "verified"


def test_an_encrypted_part_opens_in_place(pages: MailPages, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    sealed = signed_and_encrypted(bob, alice, mail(text("In a part."), subject="Part"))
    _, _, entity = sealed.partition(b"\r\n\r\n")
    part = (
        b'Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data; name="smime.p7m"\r\n'
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n" + entity
    )
    pages.open_message(deliver(stack, mail(multipart("mixed", text("A list added this."), part))))
    assert pages.state == "plain"
    press_at(pages, 1, "open-attached")
    pages.page.wait_for_text("In a part.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    assert pages.page.text(named("subject")) == "Part"
    assert pages.state == "verified", "the fields inside count, though the part came without its mail"
    assert "nothing protects" not in pages.page.text("main").lower()


@pytest.mark.parametrize(
    "head",
    [
        b'Content-Type: application/pkcs7-mime; name="smime.p7m"',
        b'Content-Type: application/octet-stream; name="data.bin"',
    ],
)
def test_the_line_that_names_an_encrypted_part_opens_it_with_its_own_verdict(
    pages: MailPages, stack: DemoStack, head: bytes
) -> None:
    alice, bob = stack.accounts
    _, _, entity = encrypted(alice, mail(text("By nobody known."), subject="Part")).partition(b"\r\n\r\n")
    part = head + b"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n" + entity
    pages.open_message(deliver(stack, signed(bob, mail(multipart("mixed", text("Around."), part)))))
    assert pages.state == "verified"
    assert "Part 2" in pages.page.text(named("part"))
    pages.page.click(named("open-part"))
    pages.page.wait_for_text("By nobody known.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    assert pages.state == "encrypted-only", "the verdict of the message around it does not count"
    pages.page.click(named("back-to-outer"))
    assert pages.state == "verified"
    assert pages.page.js(FOCUSED) == "open-part"


def test_a_part_in_a_forwarded_mail_opens_that_mail(pages: MailPages, stack: DemoStack) -> None:
    alice, _ = stack.accounts
    part = encrypted(alice, mail(text("Deep inside."))).split(b"\r\nContent-Type: ", 1)[1]
    inner = mail(multipart("mixed", text("In between."), b"Content-Type: " + part, boundary="b2"), subject="Forwarded")
    pages.open_message(deliver(stack, mail(multipart("mixed", text("Around."), attached(inner)))))
    pages.page.click(named("open-part"))
    pages.page.wait_for_text("In between.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    assert pages.state == "plain"
    pages.page.click(named("open-part"))
    pages.page.wait_for_text("Deep inside.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    assert pages.state == "encrypted-only"


def test_a_broken_attached_mail_is_reported_beside_the_attachments(pages: MailPages, stack: DemoStack) -> None:
    _, _, entity = encrypted(stack.accounts[0], mail(text("Cut."))).partition(b"\r\n\r\n")
    broken = file("smime.p7m", "application/pkcs7-mime", base64.b64decode(entity)[:300])
    pages.open_message(deliver(stack, mail(multipart("mixed", text("Broken."), broken))))
    press_at(pages, 1, "open-attached")
    pages.page.wait_for(
        f"() => document.querySelector('{named('attachment-error')}').textContent.length > 10",
        timeout_seconds=OPERATION_SECONDS,
    )
    assert "Broken." in pages.body


def test_a_long_list_of_recipients_unfolds(pages: MailPages, stack: DemoStack) -> None:
    people = ", ".join(f'"Person, {number}" <person{number}@example.test>' for number in range(62))
    message = mail(text("To many.")).replace(b"To: alice@example.test", f"To: {people}".encode())
    pages.open_message(deliver(stack, message))
    shown = pages.page.text(named("header-to"))
    assert shown.endswith("and 57 more")
    assert "person4@" in shown
    assert "person5@" not in shown
    pages.page.click(named("more-people"))
    assert "person61@" in pages.page.text(named("header-to"))


def test_a_message_for_somebody_else_keeps_its_lines_and_offers_help(pages: MailPages, stack: DemoStack) -> None:
    _, bob = stack.accounts
    pages.open_message(deliver(stack, encrypted(bob, mail(text("For Bob.")))))
    assert "encrypted for someone else" in pages.problem
    assert "bob@example.test" in pages.page.text(named("header-from"))
    assert "alice@example.test" in pages.page.text(named("header-to"))
    assert "2026" in pages.page.text(named("header-date"))
    assert "as they arrived" in pages.page.text(named("claimed"))
    assert pages.page.js(f"() => document.querySelector('{named('add-key')}').getAttribute('href')") == "#/keys"
    assert pages.page.js(f"() => document.querySelector('{named('view-source')}') !== null")
    pages.page.click(named("ask-again"))
    pages.page.wait_for_selector(named("compose-text"))
    assert "another key" in pages.page.value(named("compose-text"))
    pages.page.click(named("discard"))


def test_a_lock_closes_the_preview_and_the_attached_mail(pages: MailPages, stack: DemoStack) -> None:
    alice, bob = stack.accounts
    message = mail(multipart("mixed", text("A secret."), file("notes.txt", "text/plain", b"Secret words.")))
    uid = deliver(stack, signed_and_encrypted(bob, alice, message))
    pages.open_message(uid)
    press_at(pages, 1, "preview-attachment")
    pages.page.wait_for_text("Secret words.", selector=named("preview-text"))
    pages.page.js(f"() => document.querySelector('{named('lock')}').click()")
    pages.page.wait_for("() => document.querySelector('dialog') === null")
    assert "Secret words." not in pages.page.js("() => document.documentElement.outerHTML")
