"""Files written as streams, in the indefinite and the definite form: we read those of openssl, and it reads ours."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import pytest

from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.cms import Encrypting, Keys, SignatureForm, Signing
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import State
from smime_core.stream import (
    copy_content,
    decrypt_file,
    encrypt_file,
    encrypt_mail_file,
    examine_file,
    sign_file,
    sign_mail_file,
)
from smime_core.trust.judging import Judging
from tests.support.peers import ours
from tests.support.peers.openssl import OpenSsl
from tests.support.peers.peer import Peer
from tests.support.peers.people import address, certificate, identity, trust

PROVIDER: Final = NativeStreamingProvider()
HEAD: Final = b"Content-Type: text/plain\r\n\r\n"
ENTITY: Final = HEAD + b"hello across the fence, again and again\r\n" * 50_000  # two megabytes: many chunks
MESSAGE: Final = f"From: {address('rsa')}\r\nMIME-Version: 1.0\r\n".encode() + ENTITY
CIPHERS = pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)


@pytest.fixture
def openssl(start_peer: Callable[[str], Peer]) -> OpenSsl:
    peer = start_peer("openssl")
    assert isinstance(peer, OpenSsl)
    return peer


def written(write: Callable[..., object], source: bytes, how: Signing | Encrypting | Keys) -> bytes:
    target = io.BytesIO()
    write(io.BytesIO(source), target, how, provider=PROVIDER)
    return target.getvalue()


def test_openssl_verifies_the_file_that_we_stream(openssl: OpenSsl) -> None:
    signing = Signing(identities=[identity("rsa"), identity("p256")], signing_time=ours.now())
    signed = written(sign_file, ENTITY, signing)
    assert openssl.run("-verify", "-inform", "DER", "-binary", "-CAfile", "ca.pem", data=signed) == ENTITY


@pytest.mark.parametrize("form", list(SignatureForm))
def test_openssl_verifies_the_mail_that_we_stream(openssl: OpenSsl, form: SignatureForm) -> None:
    signing = Signing(identities=[identity("rsa")], signing_time=ours.now(), form=form)
    signed = written(sign_mail_file, MESSAGE, signing)
    assert openssl.run("-verify", "-CAfile", "ca.pem", data=signed) == ENTITY


@pytest.mark.parametrize("options", [["-nodetach"], []], ids=["opaque", "detached"])
def test_we_verify_the_mail_that_openssl_streams(openssl: OpenSsl, options: list[str]) -> None:
    whose = ("-signer", "rsa.pem", "-inkey", "rsa.key", "-from", address("rsa"))
    signed = openssl.run("-sign", "-stream", "-crlfeol", *whose, *options, data=ENTITY)
    report = examine_file(io.BytesIO(signed), Judging(trust_store=trust(), at=ours.now()), provider=PROVIDER)
    assert report.report.state is State.VERIFIED, report.report.reasons
    content = io.BytesIO()
    copy_content(report, content)
    assert content.getvalue() == ENTITY


@CIPHERS
def test_openssl_opens_what_we_stream(openssl: OpenSsl, cipher: ContentCipher) -> None:
    options = ("-recip", "rsa.pem", "-inkey", "rsa.key")
    encrypting = Encrypting(recipients=[certificate("rsa")], cipher=cipher)
    encrypted = written(encrypt_file, ENTITY, encrypting)
    assert openssl.run("-decrypt", "-inform", "DER", "-binary", *options, data=encrypted) == ENTITY
    encrypted = written(encrypt_mail_file, MESSAGE, encrypting)
    assert openssl.run("-decrypt", *options, data=encrypted) == ENTITY


@CIPHERS
@pytest.mark.parametrize(
    "form", [["-outform", "DER", "-stream"], ["-outform", "PEM"], ["-crlfeol", "-stream"]], ids=" ".join
)
def test_we_open_what_openssl_streams(openssl: OpenSsl, cipher: ContentCipher, form: list[str]) -> None:
    encrypted = openssl.run("-encrypt", "-binary", f"-{cipher.name.lower()}", *form, "rsa.pem", data=ENTITY)
    opened = written(decrypt_file, encrypted, Keys(identities=[identity("rsa")]))
    assert opened.endswith(ENTITY.partition(b"\r\n\r\n")[2])
