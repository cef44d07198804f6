"""Thunderbird's verdict on our messages, and our verdict on the messages that it sends."""

from __future__ import annotations

import base64
import email.utils
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail.reading import read_entity
from smime_core.mime import build_pkcs7_mime, build_signed, split_message
from smime_core.report.report import State
from smime_core.trust import parse_people_file
from smime_core.trust.judging import Judging
from tests.support.command.lab import QuickLab
from tests.support.peers import ours
from tests.support.peers.nss import KEPT_BY_NSS
from tests.support.peers.peer import MAKES, READS
from tests.support.peers.people import PROVIDER, address, authority, certificate, identity, trust
from tests.support.peers.rows import ENCRYPTIONS, SIGNINGS, EncryptingRow, SigningRow
from tests.support.peers.thunderbird import Thunderbird, Verdict

Row = TypeVar("Row", SigningRow, EncryptingRow)


def read_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that we make and Thunderbird reads."""
    return [row for row in rows if (READS, row.name) not in Thunderbird.gaps and (MAKES, row.name) not in ours.gaps]


class Postbox:
    """The mail server to which Thunderbird sends. It stores each message unchanged."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 OK"


@pytest.fixture(scope="module")
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture(scope="module")
def thunderbird(
    people_folder: Path, tmp_path_factory: pytest.TempPathFactory, postbox: tuple[Postbox, int]
) -> Iterator[Thunderbird]:
    absence = Thunderbird.absence()
    if absence:
        pytest.skip(absence)
    started = Thunderbird(people_folder, tmp_path_factory.mktemp("thunderbird"), smtp_port=postbox[1])
    yield started
    started.close()


def message(sender: str = "rsa") -> bytes:
    # Thunderbird reports a mismatch if the Date is more than an hour from the signing time.
    date = email.utils.format_datetime(ours.now())
    return (
        f"From: {address(sender)}\r\nTo: {address('rsa2')}\r\nSubject: Across the fence\r\nDate: {date}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello across the fence\r\n"
    ).encode()


def signed_message(row: SigningRow, original: bytes | None = None) -> bytes:
    """The message, signed as the row describes: multipart/signed for detached rows, otherwise one opaque part."""
    headers, entity = split_message(message(row.signers[0]) if original is None else original)
    signature = ours.sign(entity, row)
    if row.is_detached:
        return headers + build_signed(b"", entity, signature, f"sha-{row.hash_name[3:]}", boundary="the-fence")
    return headers + build_pkcs7_mime(b"", signature, "signed-data")


@pytest.mark.thorough(after=3)
@pytest.mark.parametrize("row", read_rows(SIGNINGS), ids=str)
def test_thunderbird_verifies_what_we_sign(thunderbird: Thunderbird, row: SigningRow) -> None:
    verdict = thunderbird.verdict(signed_message(row))
    assert (verdict.signed, verdict.encrypted, verdict.text) == ("SUCCESS", None, "hello across the fence")


@pytest.mark.thorough(after=3)
@pytest.mark.parametrize("row", read_rows(ENCRYPTIONS), ids=str)
def test_thunderbird_opens_what_we_encrypt(thunderbird: Thunderbird, row: EncryptingRow) -> None:
    headers, entity = split_message(message())
    verdict = thunderbird.verdict(headers + build_pkcs7_mime(b"", ours.encrypt(entity, row), "enveloped-data"))
    assert (verdict.signed, verdict.encrypted, verdict.text) == (None, "SUCCESS", "hello across the fence")


def test_thunderbird_opens_and_verifies_what_we_signed_and_encrypted(thunderbird: Thunderbird) -> None:
    signed = signed_message(SigningRow(name="RSA, detached", is_detached=True))
    verdict = thunderbird.verdict(
        blocking.encrypt_message(signed, Encrypting(recipients=[certificate("rsa")]), provider=PROVIDER)
    )
    assert (verdict.signed, verdict.encrypted, verdict.text) == ("SUCCESS", "SUCCESS", "hello across the fence")


ATTACHED = {
    "message": ("message/rfc822", "smime.p7m.eml", "8bit"),
    "message in base64": ("message/rfc822", "smime.p7m.eml", "base64"),
    "message of no type": ("application/octet-stream", "smime.p7m.eml", "base64"),
    "CMS object": ("application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m", "base64"),
}


@pytest.mark.parametrize("form", ATTACHED)
def test_thunderbird_opens_an_attached_message_and_no_attached_cms_object(thunderbird: Thunderbird, form: str) -> None:
    """Webmails that send only messages composed by themselves carry ours as an attachment."""
    signed = signed_message(SigningRow(name="RSA, detached", is_detached=True))
    encrypted = blocking.encrypt_message(signed, Encrypting(recipients=[certificate("rsa")]), provider=PROVIDER)
    media_type, name, encoding = ATTACHED[form]
    content = encrypted if name.endswith(".eml") else base64.b64decode(encrypted.partition(b"\r\n\r\n")[2])
    verdict = thunderbird.attachment_verdict(carrier(content, media_type, name, encoding))
    if form in ("message", "message in base64"):
        assert verdict == Verdict(signed="SUCCESS", encrypted="SUCCESS", text="hello across the fence")
    else:
        assert verdict is None


def carrier(content: bytes, media_type: str, name: str, encoding: str) -> bytes:
    """A message of a webmail with this content as its attachment."""
    body = content if encoding == "8bit" else base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = (
        f"From: {address('rsa')}\r\nTo: {address('rsa')}\r\nSubject: Attached\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="outer"\r\n\r\n--outer\r\n\r\nOpen the attachment.\r\n--outer\r\n'
        f'Content-Type: {media_type}; name="{name}"\r\nContent-Transfer-Encoding: {encoding}\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return head.encode() + body + b"\r\n--outer--\r\n"


def test_thunderbird_verifies_our_triple_wrap(thunderbird: Thunderbird) -> None:
    detached = SigningRow(name="RSA, detached", is_detached=True)
    encrypted = blocking.encrypt_message(
        signed_message(detached), Encrypting(recipients=[certificate("rsa")], cipher=AES_256_CBC), provider=PROVIDER
    )
    verdict = thunderbird.verdict(signed_message(detached, encrypted))
    assert (verdict.signed, verdict.encrypted, verdict.text) == ("SUCCESS", "SUCCESS", "hello across the fence")


def test_thunderbird_reads_a_message_with_protected_headers(thunderbird: Thunderbird) -> None:
    """Thunderbird 153 shows the outer Subject where RFC 9788 hides the real one. The verdict and text are right."""
    headers, entity = split_message(message())
    inside = headers + b"HP-Outer: Subject: [...]\r\n" + entity.replace(b"utf-8", b'utf-8; hp="cipher"')
    signature = ours.sign(inside, SigningRow(name="RSA, detached", is_detached=True))
    encrypted = ours.encrypt(
        build_signed(b"", inside, signature, "sha-256", boundary="the-fence"), EncryptingRow(name="AES-256-CBC")
    )
    outer = headers.replace(b"Across the fence", b"[...]")
    verdict = thunderbird.verdict(outer + build_pkcs7_mime(b"", encrypted, "enveloped-data"))
    assert (verdict.signed, verdict.encrypted, verdict.text) == ("SUCCESS", "SUCCESS", "hello across the fence")


def test_thunderbird_refuses_what_was_altered(thunderbird: Thunderbird) -> None:
    signed = signed_message(SigningRow(name="RSA, detached", is_detached=True))
    assert thunderbird.verdict(signed.replace(b"hello", b"HELLO")).signed == "VERIFY_DIGEST_MISMATCH"


def test_thunderbird_refuses_another_sender(thunderbird: Thunderbird) -> None:
    signed = signed_message(SigningRow(name="RSA, detached", is_detached=True))
    altered = signed.replace(b"From: rsa@", b"From: somebody@")
    assert thunderbird.verdict(altered).signed == "VERIFY_HEADER_MISMATCH"
    report = blocking.examine_message(altered, Judging(trust_store=trust(), at=ours.now()), provider=PROVIDER)
    assert report.state is not State.VERIFIED


def test_thunderbird_refuses_an_unknown_authority(thunderbird: Thunderbird) -> None:
    stranger = blocking.run(create_authority("Stranger", provider=PROVIDER, at=ours.now()))
    someone = blocking.run(issue_identity(stranger, address("rsa"), provider=PROVIDER, at=ours.now()))
    signed = blocking.sign_message(message(), Signing(identities=[someone], signing_time=ours.now()), provider=PROVIDER)
    assert thunderbird.verdict(signed).signed == "VERIFY_UNTRUSTED"


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, False, State.VERIFIED), (False, True, State.ENCRYPTED_ONLY), (True, True, State.VERIFIED)],
    ids=["signed", "encrypted", "signed and encrypted"],
)
def test_we_read_what_thunderbird_sends(
    thunderbird: Thunderbird, postbox: tuple[Postbox, int], sign: bool, encrypt: bool, state: State
) -> None:
    thunderbird.send(address("rsa2"), "Across the fence", "hello from Thunderbird", sign=sign, encrypt=encrypt)
    sent = postbox[0].messages.pop()
    assert (b"hello from Thunderbird" in sent) is not encrypt
    report = blocking.examine_message(
        sent, Judging(trust_store=trust(), at=ours.now()), provider=PROVIDER, keys=Keys(identities=[identity("rsa2")])
    )
    assert report.state is state, report.reasons
    assert read_entity(report.content).text.strip() == "hello from Thunderbird"


def test_we_refuse_what_thunderbird_signed_and_somebody_altered(
    thunderbird: Thunderbird, postbox: tuple[Postbox, int]
) -> None:
    thunderbird.send(address("rsa2"), "Across the fence", "hello from Thunderbird", sign=True, encrypt=False)
    altered = postbox[0].messages.pop().replace(b"hello", b"HELLO")
    report = blocking.examine_message(altered, Judging(trust_store=trust(), at=ours.now()), provider=PROVIDER)
    assert report.state is State.INVALID


@pytest.mark.thorough
def test_the_keys_and_people_of_a_running_thunderbird_are_imported(thunderbird: Thunderbird, tmp_path: Path) -> None:
    # Thunderbird keeps the certificate of a new sender when it verifies the sender's message.
    newcomer = blocking.run(issue_identity(authority(), address("newcomer"), provider=PROVIDER, at=ours.now()))
    text = message("newcomer")
    signed = blocking.sign_message(text, Signing(identities=[newcomer], signing_time=ours.now()), provider=PROVIDER)
    assert thunderbird.verdict(signed).signed == "SUCCESS"
    lab = QuickLab(tmp_path)
    lab.write("passphrase.txt", b"moved to here\n")
    result = lab.sealwax(
        "import-thunderbird", str(thunderbird.profile), "-o", "out", "--new-passphrase-file", "passphrase.txt"
    )
    assert result.code == 0, result.stderr
    loaded = blocking.load_identities(lab.read("out/identity.p12"), b"moved to here", provider=PROVIDER)
    assert {loaded_identity.certificate for loaded_identity in loaded} == {certificate(name) for name in KEPT_BY_NSS}
    people = parse_people_file(lab.read("out/people.ldif")).people
    assert [(person.address, person.certificate) for person in people] == [(address("newcomer"), newcomer.certificate)]
