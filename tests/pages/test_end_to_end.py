"""One account writes in one browser, and the other account reads in the other browser. OpenSSL checks both programs."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account, certificate_pem
from webbridge.demo.mail_server import StoredMessage
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

PROVIDER = NativeProvider()
TEXT = "Grüße aus Zürich.\n\nWe meet at one o'clock – bring the 印鑑 and the wax.\nFrom now on, encrypted. 🕯"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Alice in one browser, Bob in the other, both signed in and with unlocked keys."""

    stack: DemoStack
    alice: MailPages
    bob: MailPages

    def deliver(self, raw: bytes) -> None:
        """Put a message into Bob's inbox, as the mail server would."""
        self.stack.mail_server.append(self.bob.account.address, raw)

    def newest_of(self, person: MailPages) -> StoredMessage:
        """The last message of an inbox, as the mail server stores it."""
        return self.stack.mail_server.messages(person.account.address)[-1]

    def show_newest(self, person: MailPages) -> None:
        """Let a person open the last message of the inbox."""
        # The timers of a page behind another one are slow.
        person.page.activate()
        person.open_message(self.newest_of(person).uid)


@pytest.fixture(
    scope="module", params=[("chromium", "firefox"), ("firefox", "chromium")], ids=["from-chromium", "from-firefox"]
)
def pair(request: pytest.FixtureRequest, demo_stack: DemoStack) -> Iterator[Pair]:
    writer, reader = request.param
    first, second = demo_stack.accounts
    alices: Browser = request.getfixturevalue(writer)
    bobs: Browser = request.getfixturevalue(reader)
    alice = MailPages(alices, demo_stack.pages_url, first)
    bob = MailPages(bobs, demo_stack.pages_url, second)
    alice.enter()
    bob.enter()
    yield Pair(stack=demo_stack, alice=alice, bob=bob)
    alice.close()
    bob.close()


def mail_text(sender: Account, recipient: Account, *, subject: str, text: str) -> bytes:
    """A plain message with a fresh date."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender.address
    message["To"] = recipient.address
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def encrypt(pair: Pair, subject: str, *, certificates: list[Certificate]) -> bytes:
    """A message from Alice to Bob, made outside of the browser, signed by her and encrypted for these certificates."""
    sender, recipient = pair.alice.account, pair.bob.account
    plain = mail_text(sender, recipient, subject=subject, text="For your eyes only.")
    signed = blocking.sign_message(
        plain, Signing(identities=[sender.identity], signing_time=datetime.now(UTC)), provider=PROVIDER
    )
    return blocking.encrypt_message(signed, Encrypting(recipients=certificates), provider=PROVIDER)


def alter_body(message: bytes, offset: int) -> bytes:
    """Flip one bit of the CMS inside a base64 body, `offset` bytes before its end."""
    header, body = message.split(b"\r\n\r\n", 1)
    cms = bytearray(base64.b64decode(body))
    cms[-offset] ^= 1
    return header + b"\r\n\r\n" + base64.encodebytes(cms).replace(b"\n", b"\r\n")


def openssl(*arguments: str | Path, content: bytes) -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def write_identity(account: Account, folder: Path) -> tuple[Path, Path]:
    """The certificate and the private key of an account as PEM files for OpenSSL."""
    certificate, key = folder / f"{account.name}.pem", folder / f"{account.name}.key"
    certificate.write_text(certificate_pem(account.identity.certificate))
    body = base64.encodebytes(account.identity.private_key.pkcs8_der).decode()
    key.write_text(f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n")
    return certificate, key


@pytest.mark.main_way
def test_a_letter_written_in_one_browser_is_verified_in_the_other(pair: Pair, tmp_path: Path) -> None:
    attachment = tmp_path / "Entwurf – Vertrag.bin"
    attachment.write_bytes(bytes(range(256)) * 40)
    pair.alice.write(to=pair.bob.account.address, subject="Lunch", text=TEXT)
    pair.alice.page.choose_files(named("compose-file"), [attachment])
    pair.alice.page.wait_for_text(attachment.name, selector=named("compose-attachments"))
    pair.alice.send()

    pair.show_newest(pair.bob)
    assert pair.bob.state == "verified"
    assert pair.bob.body.strip() == TEXT
    assert pair.alice.account.address in pair.bob.page.text(named("state"))
    assert attachment.name in pair.bob.page.text(named("attachments"))
    assert pair.bob.page.text(named("lock-mark")) == f"Encrypted for you and {pair.alice.account.name}"


def test_the_mail_server_holds_nothing_readable_but_who_writes_to_whom(pair: Pair) -> None:
    pair.alice.write(to=pair.bob.account.address, subject="A most private matter", text="the word is sealing-wax")
    pair.alice.wait_until_sendable()
    assert "subject included" in pair.alice.page.text(named("leaves"))
    pair.alice.send()
    for account, folder in ((pair.bob.account, "INBOX"), (pair.alice.account, "Sent")):
        raw = pair.stack.mail_server.messages(account.address, folder)[-1].raw
        message = email.message_from_bytes(raw, policy=email.policy.SMTP)
        assert message["Subject"] == "[...]"
        assert b"private matter" not in raw
        assert message.get_content_type() == "application/pkcs7-mime"
        assert message.get_param("smime-type") == "enveloped-data"
        assert b"sealing-wax" not in raw
        assert b"sealing-wax" not in base64.b64decode(raw.split(b"\r\n\r\n", 1)[1])

    row = f'{named("message-row")}[data-uid="{pair.newest_of(pair.bob).uid}"]'
    # The list shows the decrypted subject while the keys are unlocked.
    pair.bob.show_inbox()
    pair.bob.page.wait_for_text("A most private matter", selector=row)
    pair.show_newest(pair.bob)
    assert pair.bob.state == "verified"
    assert pair.bob.page.text(named("subject")) == "A most private matter"
    assert pair.bob.page.text(named("headers-hidden")) == "Hidden in transit: the subject."
    pair.bob.page.click(named("lock"))
    pair.bob.show_inbox()
    pair.bob.page.wait_for_text("Subject encrypted", selector=row)
    pair.bob.page.js("() => { location.hash = '#/keys'; }")
    pair.bob.unlock()
    pair.bob.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    pair.bob.show_inbox()
    pair.bob.page.wait_for_text("A most private matter", selector=row)


@pytest.mark.thorough
def test_an_answer_to_a_hidden_subject_hides_it_again(pair: Pair) -> None:
    pair.alice.write(to=pair.bob.account.address, subject="A most private matter", text="Well?")
    pair.alice.send()
    pair.show_newest(pair.bob)
    pair.bob.page.click(named("reply"))
    pair.bob.page.wait_for_selector(named("compose-subject"))
    assert pair.bob.page.value(named("compose-subject")) == "Re: A most private matter"
    pair.bob.send()
    answer = pair.newest_of(pair.alice).raw
    assert email.message_from_bytes(answer, policy=email.policy.SMTP)["Subject"] == "[...]"
    assert b"private matter" not in answer
    pair.show_newest(pair.alice)
    assert pair.alice.page.text(named("subject")) == "Re: A most private matter"


def test_before_an_answer_leaves_unencrypted_it_is_said_what_would_be_readable(pair: Pair) -> None:
    pair.deliver(encrypt(pair, "A question", certificates=[pair.bob.account.identity.certificate]))
    pair.show_newest(pair.bob)
    pair.bob.page.click(named("reply"))
    pair.bob.page.click(named("switch-encrypt"))
    pair.bob.page.click(named("unencrypted-confirm"))
    assert "its quoted text and its subject would be sent unencrypted" in pair.bob.page.text(named("leaves"))
    pair.bob.page.click(named("discard"))


@pytest.mark.parametrize("is_signed", [True, False], ids=["signed", "unsigned"])
def test_old_mail_opens_and_is_called_weak(pair: Pair, tmp_path: Path, is_signed: bool) -> None:
    sender, recipient = pair.alice.account, pair.bob.account
    signer, signer_key = write_identity(sender, tmp_path)
    recipient_certificate, _ = write_identity(recipient, tmp_path)
    entity = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT.encode()
    if is_signed:
        entity = openssl("cms", "-sign", "-signer", signer, "-inkey", signer_key, "-md", "sha1", content=entity)
    addresses = ("-from", sender.address, "-to", recipient.address, "-subject", "From the archive")
    encrypted = openssl("cms", "-encrypt", "-des3", *addresses, recipient_certificate, content=entity)
    pair.deliver(re.sub(rb"\r?\n", b"\r\n", encrypted))

    pair.show_newest(pair.bob)
    assert pair.bob.body.strip() == TEXT
    assert pair.bob.state == ("signed-unverified" if is_signed else "encrypted-only")
    statement = pair.bob.page.text(named("state"))
    assert "encrypted with an old algorithm" in statement
    assert ("signature uses an old algorithm" in statement) == is_signed
    assert "the subject" in pair.bob.page.text(named("headers-outside"))


def test_a_signed_part_is_judged_below_the_text_and_lifts_nothing(pair: Pair) -> None:
    sender, recipient = pair.alice.account, pair.bob.account
    plain = mail_text(sender, recipient, subject="Inside", text="Only this is signed.")
    signed = blocking.sign_message(
        plain, Signing(identities=[sender.identity], signing_time=datetime.now(UTC)), provider=PROVIDER
    )
    head = f"From: {sender.address}\r\nTo: {recipient.address}\r\nSubject: A list\r\nMIME-Version: 1.0\r\n".encode()
    part = signed[signed.index(b"Content-Type: multipart/signed") :]
    words = b"Content-Type: text/plain\r\n\r\nUnsigned words of a mailing list."
    pair.deliver(
        head
        + b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
        + b"".join(b"--outer\r\n" + entity + b"\r\n" for entity in (words, part))
        + b"--outer--\r\n"
    )
    pair.show_newest(pair.bob)
    assert pair.bob.state == "plain"
    assert pair.bob.page.text(named("part")) == f"Part 2: Verified, signed by {sender.address}"
    pair.bob.page.click(f"{named('part-words')} summary")
    assert pair.bob.page.text(f"{named('part-words')} blockquote") == "Only this is signed."
    assert "part of this message has a protection of its own" in pair.bob.page.text(named("state"))


def test_openssl_opens_and_verifies_what_left_the_browser(pair: Pair, tmp_path: Path) -> None:
    pair.alice.write(to=pair.bob.account.address, subject="For OpenSSL", text=TEXT)
    pair.alice.send()
    certificate, key = write_identity(pair.bob.account, tmp_path)
    signed = openssl("cms", "-decrypt", "-recip", certificate, "-inkey", key, content=pair.newest_of(pair.bob).raw)
    entity = openssl("cms", "-verify", "-CAfile", pair.stack.folder / "ca.pem", content=signed)
    part = email.message_from_bytes(entity, policy=email.policy.SMTP)
    assert isinstance(part, EmailMessage)
    # The copy of the Subject is for recipients who are not known to read RFC 9788; earlier letters may have shown that.
    text = part.get_content().replace("\r\n", "\n").strip()
    assert text.removeprefix("Subject: For OpenSSL\n\n") == TEXT


@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes-256-gcm"])
def test_a_letter_made_by_openssl_is_verified_in_the_page(pair: Pair, tmp_path: Path, cipher: str) -> None:
    sender, recipient = pair.alice.account, pair.bob.account
    signer, signer_key = write_identity(sender, tmp_path)
    recipient_certificate, _ = write_identity(recipient, tmp_path)
    entity = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT.encode()
    signed = openssl("cms", "-sign", "-signer", signer, "-inkey", signer_key, "-md", "sha256", content=entity)
    addresses = ("-from", sender.address, "-to", recipient.address, "-subject", f"OpenSSL {cipher}")
    encrypted = openssl("cms", "-encrypt", cipher, *addresses, recipient_certificate, content=signed)
    pair.deliver(re.sub(rb"\r?\n", b"\r\n", encrypted))

    pair.show_newest(pair.bob)
    assert pair.bob.state == "verified"
    assert pair.bob.body.strip() == TEXT


@pytest.mark.parametrize("offset", [1, 40, 900])
def test_an_encrypted_letter_altered_by_one_byte_is_never_verified(pair: Pair, offset: int) -> None:
    recipients = [account.identity.certificate for account in pair.stack.accounts]
    pair.deliver(alter_body(encrypt(pair, "Altered", certificates=recipients), offset))

    pair.show_newest(pair.bob)
    if pair.bob.shows_a_state():
        assert pair.bob.state == "invalid"
    else:
        assert re.search("altered|changed in transit|cannot be", pair.bob.problem)


def test_a_signed_letter_altered_by_one_byte_is_shown_as_altered(pair: Pair) -> None:
    sender, recipient = pair.alice.account, pair.bob.account
    plain = mail_text(sender, recipient, subject="Altered price", text="The price is 100 crowns.")
    signed = blocking.sign_message(
        plain, Signing(identities=[sender.identity], signing_time=datetime.now(UTC)), provider=PROVIDER
    )
    pair.deliver(signed.replace(b"100 crowns", b"900 crowns"))

    pair.show_newest(pair.bob)
    assert pair.bob.state == "invalid"
    assert "changed after it was signed" in pair.bob.page.text(named("state"))


def test_a_letter_encrypted_for_somebody_else_says_so(pair: Pair) -> None:
    pair.deliver(encrypt(pair, "Not for Bob", certificates=[pair.alice.account.identity.certificate]))
    pair.show_newest(pair.bob)
    assert "encrypted for someone else" in pair.bob.problem


def test_a_truncated_letter_says_so_and_the_next_one_opens(pair: Pair) -> None:
    whole = encrypt(pair, "Cut off", certificates=[pair.bob.account.identity.certificate])
    pair.deliver(whole[: len(whole) // 2])
    pair.show_newest(pair.bob)
    assert "cut off" in pair.bob.problem

    pair.deliver(encrypt(pair, "Whole again", certificates=[pair.bob.account.identity.certificate]))
    pair.show_newest(pair.bob)
    assert pair.bob.state == "verified"


def test_an_encrypted_letter_without_signature_proves_no_sender(pair: Pair) -> None:
    plain = mail_text(pair.alice.account, pair.bob.account, subject="From anybody", text="Trust me.")
    pair.deliver(
        blocking.encrypt_message(
            plain, Encrypting(recipients=[pair.bob.account.identity.certificate]), provider=PROVIDER
        )
    )
    pair.show_newest(pair.bob)
    assert pair.bob.state == "encrypted-only"


def test_a_letter_signed_by_another_than_its_from_is_never_verified(pair: Pair) -> None:
    plain = mail_text(pair.alice.account, pair.bob.account, subject="In her name", text="Send money.")
    signed = blocking.sign_message(
        plain, Signing(identities=[pair.bob.account.identity], signing_time=datetime.now(UTC)), provider=PROVIDER
    )
    pair.deliver(signed)
    pair.show_newest(pair.bob)
    assert pair.bob.state in {"signed-unverified", "invalid"}


def test_a_name_like_another_address_and_another_sender_are_noted_beside_the_verdict(pair: Pair) -> None:
    alice, bob = pair.alice.account, pair.bob.account
    plain = mail_text(alice, bob, subject="Whose name", text="Send money.").replace(
        f"From: {alice.address}".encode(),
        f'From: "boss@bank.example" <{alice.address}>\r\nSender: {bob.address}'.encode(),
    )
    pair.deliver(
        blocking.sign_message(
            plain, Signing(identities=[alice.identity], signing_time=datetime.now(UTC)), provider=PROVIDER
        )
    )
    pair.show_newest(pair.bob)
    assert pair.bob.state == "verified"
    assert "boss@bank.example" in pair.bob.page.text("[data-code=display-name-differs]")
    assert bob.address in pair.bob.page.text("[data-code=sender-field-differs]")


def test_an_answer_quotes_the_letter_and_is_encrypted_again(pair: Pair) -> None:
    pair.deliver(encrypt(pair, "A question", certificates=[pair.bob.account.identity.certificate]))
    pair.show_newest(pair.bob)
    pair.bob.page.click(named("reply"))
    pair.bob.page.wait_for_selector(named("compose-text"))
    assert "> For your eyes only." in pair.bob.page.value(named("compose-text"))
    pair.bob.send()
    pair.show_newest(pair.alice)
    assert pair.alice.state == "verified"
    assert "> For your eyes only." in pair.alice.body
