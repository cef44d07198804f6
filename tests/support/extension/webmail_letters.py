"""Two people with mailboxes, letters with every kind of protection, and the adaptor, for the tests of webmails."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from tests.support.extension.driver import Extension
from tests.support.extension.webmail import Adaptor
from tests.support.peers.people import NOW, PROVIDER, address, certificate, identity
from tests.support.servers import dovecot
from tests.support.servers.mail_host import MailHost, run_mail_host
from webbridge.demo.tls import write_tls_files

ME, PEER = address("rsa2"), address("rsa")


def plain(*, sender: str = PEER, to: str = ME, message_id: str = "plain", text: str = "For nobody else.") -> bytes:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: The harbour\r\nMessage-ID: <{message_id}@example.test>\r\n"
        f"Date: {email.utils.format_datetime(NOW)}\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def signed(name: str = "rsa", **fields: str) -> bytes:
    return blocking.sign_message(
        plain(**fields), Signing(identities=[identity(name)], signing_time=NOW), provider=PROVIDER
    )


def encrypted(name: str = "rsa", reader: str = "rsa2", **fields: str) -> bytes:
    return blocking.encrypt_message(
        signed(name, **fields), Encrypting(recipients=[certificate(reader)]), provider=PROVIDER
    )


def as_attachment(message: bytes) -> bytes:
    """The encrypted message as an attachment, as from a webmail that can only send mails composed by itself."""
    part = message[message.index(b"Content-Type: application/pkcs7-mime") :]
    return (
        f"From: {PEER}\r\nTo: {ME}\r\nSubject: Attached\r\nMessage-ID: <attached@example.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="fence"\r\n\r\n--fence\r\nContent-Type: text/plain\r\n\r\n'
        "See the attachment.\r\n--fence\r\n"
    ).encode() + part + b"\r\n--fence--\r\n"  # fmt: skip


def as_attached_message(message: bytes) -> bytes:
    """The whole encrypted message as the attached file that the extension makes in such a webmail."""
    return (
        f"From: {PEER}\r\nTo: {ME}\r\nSubject: Attached\r\nMessage-ID: <file@example.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="fence"\r\n\r\n--fence\r\nContent-Type: text/plain\r\n\r\n'
        "See the attachment.\r\n--fence\r\n"
        'Content-Type: message/rfc822; name="smime.p7m.eml"\r\n'
        'Content-Disposition: attachment; filename="smime.p7m.eml"\r\n\r\n'
    ).encode() + message + b"\r\n--fence--\r\n"  # fmt: skip


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    write_tls_files(folder, at=NOW)
    return folder


@pytest.fixture(scope="module")
def mail(tls_files: Path) -> Iterator[MailHost]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with run_mail_host({ME: "the harbour", PEER: "the sea"}, tls_folder=tls_files) as host:
        yield host


@pytest.fixture(scope="module")
def adaptor(extension: Extension) -> Iterator[Adaptor]:
    adaptor = Adaptor(extension)
    yield adaptor
    adaptor.close()
