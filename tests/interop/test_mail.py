"""Messages between us, `openssl cms` and Bouncy Castle's mail package, which test the MIME around the structures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher, SignatureScheme
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.mail.reading import read_entity
from smime_core.mime import parse_entity
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.peers import ours
from tests.support.peers.bouncy_castle import BouncyCastle
from tests.support.peers.openssl import OpenSsl
from tests.support.peers.peer import Peer, Refused
from tests.support.peers.people import PROVIDER, address, certificate, identity, trust

TEXT = "Grüße über den Zaun"
# Lines that transport or a careless reader would change: a dot, "From ", trailing blanks, empty lines at the end.
ENTITY = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe =C3=BCber den Zaun\r\n.\r\nFrom here on\r\ntrailing =20\r\n" + b"x" * 76 + b"\r\n\r\n\r\n"
)

StartPeer = Callable[[str], Peer]


@pytest.fixture
def openssl(start_peer: StartPeer) -> OpenSsl:
    peer = start_peer("openssl")
    assert isinstance(peer, OpenSsl)
    return peer


@pytest.fixture
def bouncy_castle(start_peer: StartPeer) -> BouncyCastle:
    peer = start_peer("bouncy-castle")
    assert isinstance(peer, BouncyCastle)
    return peer


def message(sender: str = "rsa") -> bytes:
    headers = f"From: {address(sender)}\r\nTo: {address('rsa2')}\r\nSubject: Across the fence\r\nMIME-Version: 1.0\r\n"
    return headers.encode() + ENTITY


def examine(data: bytes, reader: str | None = None) -> MessageReport:
    return blocking.examine_message(
        data,
        Judging(trust_store=trust(), at=ours.now()),
        provider=PROVIDER,
        keys=Keys(identities=[identity(reader)] if reader else []),
    )


FORMS = pytest.mark.parametrize("form", list(SignatureForm))
SIGNERS = pytest.mark.parametrize(
    ("name", "scheme"),
    [("rsa", None), ("rsa", SignatureScheme.RSA_PSS), ("p256", None), ("p384", None), ("p521", None)],
)


def sign(name: str, scheme: SignatureScheme | None, form: SignatureForm) -> bytes:
    return blocking.sign_message(
        message(name),
        Signing(identities=[identity(name)], signing_time=ours.now(), form=form, scheme=scheme),
        provider=PROVIDER,
    )


@FORMS
@SIGNERS
def test_openssl_verifies_our_signed_mail(
    openssl: OpenSsl, name: str, scheme: SignatureScheme | None, form: SignatureForm
) -> None:
    verified = openssl.run("-verify", "-CAfile", "ca.pem", data=sign(name, scheme, form))
    assert TEXT in read_entity(verified).text


@FORMS
@SIGNERS
def test_bouncy_castle_verifies_our_signed_mail(
    bouncy_castle: BouncyCastle, name: str, scheme: SignatureScheme | None, form: SignatureForm
) -> None:
    (verified,) = bouncy_castle.ask("verify-mail", sign(name, scheme, form))
    assert TEXT in read_entity(verified).text


@FORMS
def test_bouncy_castle_verifies_our_ed25519_mail(bouncy_castle: BouncyCastle, form: SignatureForm) -> None:
    (verified,) = bouncy_castle.ask("verify-mail", sign("ed25519", None, form))
    assert TEXT in read_entity(verified).text


def test_bouncy_castle_refuses_our_mail_when_altered(bouncy_castle: BouncyCastle) -> None:
    signed = sign("rsa", None, SignatureForm.DETACHED)
    altered = signed.replace(b"here on", b"here off")
    assert altered != signed
    with pytest.raises(Refused):
        bouncy_castle.ask("verify-mail", altered)


@pytest.mark.parametrize(
    "options",
    [[], ["-nodetach"], ["-noattr"], ["-keyid"], ["-keyopt", "rsa_padding_mode:pss"], ["-md", "sha512"], ["-stream"]],
    ids=lambda options: " ".join(options) or "plain",
)
def test_we_verify_openssls_signed_mail(openssl: OpenSsl, options: list[str]) -> None:
    whose = ("-signer", "rsa.pem", "-inkey", "rsa.key", "-from", address("rsa"))
    report = examine(openssl.run("-sign", *whose, *options, data=ENTITY))
    assert report.state is State.VERIFIED, report.reasons
    assert TEXT in read_entity(report.content).text


@pytest.mark.parametrize("detached", ["yes", None], ids=["detached", "opaque"])
@pytest.mark.parametrize("name", ["rsa", "p256", "ed25519"])
def test_we_verify_bouncy_castles_signed_mail(bouncy_castle: BouncyCastle, name: str, detached: str | None) -> None:
    (signed,) = bouncy_castle.ask("sign-mail", ENTITY, signers=name, detached=detached)
    report = examine(signed)
    assert report.state is State.VERIFIED, report.reasons
    assert TEXT in read_entity(report.content).text


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("reader", ["rsa", "p256", "p384"])
def test_openssl_opens_our_encrypted_mail(openssl: OpenSsl, reader: str, cipher: ContentCipher) -> None:
    recipients = [certificate(name) for name in ("rsa", "p256", "p384")]
    encrypted = blocking.encrypt_message(message(), Encrypting(recipients=recipients, cipher=cipher), provider=PROVIDER)
    opened = openssl.run("-decrypt", "-recip", f"{reader}.pem", "-inkey", f"{reader}.key", data=encrypted)
    assert TEXT in read_entity(opened).text


def test_bouncy_castle_opens_our_encrypted_mail(bouncy_castle: BouncyCastle) -> None:
    encrypted = blocking.encrypt_message(message(), Encrypting(recipients=[certificate("rsa")]), provider=PROVIDER)
    (opened,) = bouncy_castle.ask("open-mail", encrypted, kind="rsa", reader="rsa")
    assert TEXT in read_entity(opened).text


@pytest.mark.parametrize(
    "options",
    [["-aes-256-cbc"], ["-aes-256-gcm"], ["-aes-256-cbc", "-keyid"], ["-aes-256-cbc", "-outform", "PEM", "-stream"]],
    ids=lambda options: " ".join(options),
)
@pytest.mark.parametrize("reader", ["rsa", "p256", "p384"])
def test_we_open_openssls_encrypted_mail(openssl: OpenSsl, reader: str, options: list[str]) -> None:
    report = examine(openssl.run("-encrypt", *options, "rsa.pem", "p256.pem", "p384.pem", data=ENTITY), reader)
    assert report.state is State.ENCRYPTED_ONLY
    assert parse_entity(report.content).body.tobytes() == parse_entity(ENTITY).body.tobytes()


@pytest.mark.parametrize("reader", ["rsa", "p256"])
def test_we_open_bouncy_castles_encrypted_mail(bouncy_castle: BouncyCastle, reader: str) -> None:
    (encrypted,) = bouncy_castle.ask(
        "encrypt-mail", ENTITY, recipients="rsa,p256", cipher=AES_256_CBC.oid, bits="256",
        agreement="1.3.132.1.11.1", wrap="2.16.840.1.101.3.4.1.45",
    )  # fmt: skip
    report = examine(encrypted, reader)
    assert report.state is State.ENCRYPTED_ONLY
    assert TEXT in read_entity(report.content).text
