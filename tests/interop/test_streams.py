"""Files that `openssl cms -stream` writes and ours, in the indefinite and the definite form, each read by the other."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import pytest

from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.message import SignatureForm
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import State
from smime_core.stream import (
    copy_content,
    decrypt_file,
    encrypt_mail_file,
    examine_file,
    seal_file,
    sign_file,
    sign_mail_file,
)
from tests.interop import ours
from tests.interop.openssl import OpenSsl
from tests.interop.peer import Peer
from tests.interop.people import address, certificate, identity, trust

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


def written(write: Callable[..., None], source: bytes, **arguments: object) -> bytes:
    target = io.BytesIO()
    write(io.BytesIO(source), target, provider=PROVIDER, **arguments)
    return target.getvalue()


def test_openssl_verifies_the_file_that_we_stream(openssl: OpenSsl) -> None:
    signed = written(sign_file, ENTITY, identities=[identity("rsa"), identity("p256")], signing_time=ours.now())
    assert openssl.run("-verify", "-inform", "DER", "-binary", "-CAfile", "ca.pem", data=signed) == ENTITY


@pytest.mark.parametrize("form", list(SignatureForm))
def test_openssl_verifies_the_mail_that_we_stream(openssl: OpenSsl, form: SignatureForm) -> None:
    signed = written(sign_mail_file, MESSAGE, identities=[identity("rsa")], signing_time=ours.now(), form=form)
    assert openssl.run("-verify", "-CAfile", "ca.pem", data=signed) == ENTITY


@pytest.mark.parametrize("options", [["-nodetach"], []], ids=["opaque", "detached"])
def test_we_verify_the_mail_that_openssl_streams(openssl: OpenSsl, options: list[str]) -> None:
    whose = ("-signer", "rsa.pem", "-inkey", "rsa.key", "-from", address("rsa"))
    signed = openssl.run("-sign", "-stream", "-crlfeol", *whose, *options, data=ENTITY)
    report = examine_file(io.BytesIO(signed), provider=PROVIDER, trust_store=trust(), at=ours.now())
    assert report.report.state is State.VERIFIED, report.report.reasons
    content = io.BytesIO()
    copy_content(report, content)
    assert content.getvalue() == ENTITY


@CIPHERS
def test_openssl_opens_what_we_stream(openssl: OpenSsl, cipher: ContentCipher) -> None:
    options = ("-recip", "rsa.pem", "-inkey", "rsa.key")
    sealed = written(seal_file, ENTITY, recipients=[certificate("rsa")], cipher=cipher)
    assert openssl.run("-decrypt", "-inform", "DER", "-binary", *options, data=sealed) == ENTITY
    sealed = written(encrypt_mail_file, MESSAGE, recipients=[certificate("rsa")], cipher=cipher)
    assert openssl.run("-decrypt", *options, data=sealed) == ENTITY


@CIPHERS
@pytest.mark.parametrize(
    "form", [["-outform", "DER", "-stream"], ["-outform", "PEM"], ["-crlfeol", "-stream"]], ids=" ".join
)
def test_we_open_what_openssl_streams(openssl: OpenSsl, cipher: ContentCipher, form: list[str]) -> None:
    sealed = openssl.run("-encrypt", "-binary", f"-{cipher.name.lower()}", *form, "rsa.pem", data=ENTITY)
    opened = written(decrypt_file, sealed, identities=[identity("rsa")])
    assert opened.endswith(ENTITY.partition(b"\r\n\r\n")[2])
