"""Every obligation has tests that name it. The tests of obligations that fit no other file are here too."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core import AES_256_CBC, AES_256_GCM, State, blocking, stream
from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import FIELD, ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA, parse_content_info
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.errors import DecryptionError, SignatureMismatch, WrongPassphrase
from smime_core.identity.pkcs12 import Pkcs12Form
from smime_core.mime import Preparation, decode_body, parse_entity, parse_parts
from smime_core.provider import NewKey, PublicKey
from smime_core.providers import python_keys
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.stream.octets import read_head
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import names_match
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust
from tools import musts

Verify = Callable[[PublicKey, SignatureAlgorithm, bytes, bytes], Coroutine[Any, Any, None]]
CONTENT = b"Content-Type: text/plain\r\n\r\nhello\r\n"


def test_every_obligation_has_an_accepting_and_a_refusing_test_that_name_it() -> None:
    assert list(musts.gaps()) == []
    assert list(musts.OBLIGATIONS) == list(range(1, 51))


def test_every_kind_of_bad_input_has_its_tests() -> None:
    assert list(musts.bad_input_gaps()) == []


def test_an_obligation_without_a_test_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = musts.Obligation("x", "ours", ("test_that_nobody_wrote",), ())
    monkeypatch.setattr(musts, "OBLIGATIONS", {1: bare})
    assert list(musts.gaps()) == ["1: test_that_nobody_wrote is gone", "1 has no refusing test"]


def state_of(cms: bytes, *, content_type: str = ID_DATA) -> State:
    return blocking.verify_bytes(
        cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, content_type=content_type
    ).state


@pytest.mark.parametrize("content_type", [ID_DATA, FIELD])
def test_must_3_content_of_the_expected_type_holds(content_type: str) -> None:
    signed = blocking.sign_bytes(
        CONTENT, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER, content_type=content_type
    )
    assert state_of(signed, content_type=content_type) is State.VERIFIED


def test_must_4_both_digest_and_signature_of_what_was_signed_hold() -> None:
    signed = blocking.sign_bytes(CONTENT, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER)
    assert hashlib.sha256(CONTENT).digest() in signed
    assert state_of(signed) is State.VERIFIED


@pytest.mark.parametrize("content", [CONTENT, b"1\x00", b"0\x03\x02\x01\x05", b"1\x03\x02\x01\x05"])
def test_must_5_other_content_without_attributes_holds(content: bytes) -> None:
    """Content that only resembles a set of attributes is content like any other."""
    options = SignerOptions(attributes=AttributesForm.NONE)
    signed = run(
        build_signed_data(
            content,
            Signing(identities=[person("alice")], signing_time=NOW, options=options),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )
    assert state_of(signed) is State.VERIFIED


SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
BARE_INFO = bytes.fromhex("302f300b0609608648016503040201" + "0420")


def v15_block(
    *, start: bytes = b"\0\1", info: bytes = SHA256_INFO, tail: bytes = b"", content: bytes = CONTENT
) -> bytes:
    """An encoded message of 256 bytes (RFC 8017 section 9.2) whose parts can be wrong."""
    end = b"\0" + info + hashlib.sha256(content).digest() + tail
    return start + b"\xff" * (256 - len(start) - len(end)) + end


async def verify_in_python(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, content: bytes) -> None:
    python_keys.verify_in_python(key, algorithm, signature, content)


both_implementations = pytest.mark.parametrize("verify", [PROVIDER.verify, verify_in_python], ids=["native", "python"])


def verify_block(block: bytes, verify: Verify) -> None:
    """Apply alice's private key to the block, and verify the result as her signature of CONTENT."""
    key = serialization.load_der_private_key(person("alice").private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    signature = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
    run(verify(person("alice").certificate.public_key, algorithm, signature, CONTENT))


@both_implementations
def test_must_11_the_expected_block_holds(verify: Verify) -> None:
    verify_block(v15_block(), verify)


@pytest.mark.parametrize(
    "block",
    [
        v15_block(start=b"\0\2"),
        v15_block(start=b"\0\1\xff\xff\xff\xff\xff\xff\xff\xff\0"),
        v15_block(tail=bytes(100)),
        v15_block(info=BARE_INFO),
        v15_block(content=b"other"),
        v15_block().replace(b"\xff\xff\xff", b"\xff\xfe\xff", 1),
    ],
    ids=[
        "block type 2",
        "zero in the padding",
        "bytes behind the digest",
        "no NULL",
        "another digest",
        "other padding",
    ],
)
@both_implementations
def test_must_11_any_other_block_is_refused(block: bytes, verify: Verify) -> None:
    with pytest.raises(SignatureMismatch):
        verify_block(block, verify)


def test_must_18_each_cipher_opens_in_its_own_structure() -> None:
    bob = person("bob")
    for cipher, oid in ((AES_256_CBC, ID_ENVELOPED_DATA), (AES_256_GCM, ID_AUTH_ENVELOPED_DATA)):
        encrypted = blocking.encrypt_bytes(
            CONTENT, Encrypting(recipients=[bob.certificate], cipher=cipher), provider=PROVIDER
        )
        assert parse_content_info(encrypted).content_type == oid
        assert blocking.decrypt_bytes(encrypted, Keys(identities=[bob]), provider=PROVIDER).content == CONTENT


def test_must_21_what_is_whole_is_released() -> None:
    bob, target = person("bob"), io.BytesIO()
    encrypted = blocking.encrypt_bytes(
        CONTENT, Encrypting(recipients=[bob.certificate], cipher=AES_256_GCM), provider=PROVIDER
    )
    stream.decrypt_file(io.BytesIO(encrypted), target, Keys(identities=[bob]), provider=NativeStreamingProvider())
    assert target.getvalue() == CONTENT


def test_must_21_nothing_is_written_of_what_was_altered() -> None:
    bob, target = person("bob"), io.BytesIO()
    long = CONTENT * 100_000
    encrypted = blocking.encrypt_bytes(
        long, Encrypting(recipients=[bob.certificate], cipher=AES_256_GCM), provider=PROVIDER
    )
    altered = encrypted[:-1] + bytes([encrypted[-1] ^ 1])
    with pytest.raises(DecryptionError):
        stream.decrypt_file(io.BytesIO(altered), target, Keys(identities=[bob]), provider=NativeStreamingProvider())
    assert not target.getvalue()


def examine(message: bytes) -> State:
    signed = blocking.sign_message(message, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER)
    return blocking.examine_message(signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER).state


@pytest.mark.parametrize("author", [b"Alice <alice@example.test>", b'"bob@example.test" <alice@EXAMPLE.test>'])
def test_must_37_the_one_author_in_the_certificate_is_verified(author: bytes) -> None:
    assert examine(MESSAGE.replace(b"Alice <alice@example.test>", author)) is State.VERIFIED


@pytest.mark.parametrize(
    "author",
    [
        b"bob@example.test",
        b'"alice@example.test" <bob@example.test>',
        b"alice@example.test, bob@example.test",
        b"alice@example.test\r\nFrom: bob@example.test",
        b"",
        b"alice@example.test.evil.test",
    ],
)
def test_must_37_another_author_a_second_one_or_none_is_not(author: bytes) -> None:
    assert examine(MESSAGE.replace(b"Alice <alice@example.test>", author)) is not State.VERIFIED


@pytest.mark.parametrize("form", list(Pkcs12Form))
@pytest.mark.parametrize("passphrase", ["ascii", "Grüße", "\N{GRINNING FACE}", ""])
def test_must_40_each_form_of_a_passphrase_opens_its_kdf(form: Pkcs12Form, passphrase: str) -> None:
    alice, secret = person("alice", NewKey.P256), passphrase.encode()
    p12 = blocking.export_identity(alice, secret, provider=PROVIDER, iterations=2, form=form)
    assert blocking.load_identity(p12, secret, provider=PROVIDER).certificate == alice.certificate
    with pytest.raises(WrongPassphrase):
        blocking.load_identity(p12, b"another", provider=PROVIDER)


def test_must_42_a_stream_makes_text_canonical_and_nothing_else() -> None:
    """Signed content has CRLF line ends in text only, also in a stream, and however the text came."""
    text = b"Content-Type: text/plain\n\na\rb\n"
    image = b"Content-Type: image/png\nContent-Transfer-Encoding: binary\n\n\x89\n\r\n"
    parts = b"--b\n" + text + b"\n--b\n" + image + b"\n--b--\n"
    message = io.BytesIO(b"From: alice@example.test\nContent-Type: multipart/mixed; boundary=b\n\n" + parts)
    for preparation in Preparation:
        entity = stream.entity_of(message, preparation)
        first, second = parse_parts(parse_entity(run(read_head(entity, 10_000))))
        assert bytes(first.body) == b"a\r\nb\r\n"
        assert decode_body(second) == b"\x89\n\r\n"


def name(*rdns: tuple[str, int, str]) -> bytes:
    """The DER of a distinguished name, of one (type, string tag, text) for each RDN."""
    return der.sequence(
        *(
            der.element(der.SET, der.sequence(der.oid(kind), der.element(tag, text.encode())))
            for kind, tag, text in rdns
        )
    )


COMMON_NAME, ORGANISATION = "2.5.4.3", "2.5.4.10"
UTF8, PRINTABLE = 0x0C, 0x13


def test_must_46_case_blanks_and_string_types_make_no_difference() -> None:
    subject = name((ORGANISATION, UTF8, "Example  Org"), (COMMON_NAME, UTF8, "Alice"))
    assert names_match(subject, name((ORGANISATION, PRINTABLE, "example org"), (COMMON_NAME, PRINTABLE, " ALICE ")))
    pairs = [der.sequence(der.oid(kind), der.element(UTF8, b"x")) for kind in (COMMON_NAME, ORGANISATION)]
    assert names_match(der.sequence(der.element(der.SET, *pairs)), der.sequence(der.element(der.SET, *reversed(pairs))))


@pytest.mark.parametrize(
    "other",
    [
        name((COMMON_NAME, UTF8, "Alice"), (ORGANISATION, UTF8, "Example Org")),
        name((ORGANISATION, UTF8, "Example Org")),
        name((ORGANISATION, UTF8, "Example Org"), (COMMON_NAME, UTF8, "Alice"), (COMMON_NAME, UTF8, "Alice")),
        name((ORGANISATION, UTF8, "ExampleOrg"), (COMMON_NAME, UTF8, "Alice")),
        name((ORGANISATION, UTF8, "Example Org, CN=Alice")),
        name((COMMON_NAME, UTF8, "Example Org"), (ORGANISATION, UTF8, "Alice")),
    ],
)
def test_must_46_another_order_of_rdns_is_another_name(other: bytes) -> None:
    assert not names_match(name((ORGANISATION, UTF8, "Example Org"), (COMMON_NAME, UTF8, "Alice")), other)
