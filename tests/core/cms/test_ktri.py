"""Key transport: RSA v1.5, which reveals nothing about its padding, and OAEP (RFC 3218, RFC 4055, MUSTS 23 to 25)."""

from __future__ import annotations

import dataclasses
import statistics
import time
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from smime_core.algorithms import (
    AES_256_CBC,
    AES_256_GCM,
    ContentCipher,
    HashName,
    KeyTransport,
    TransportScheme,
    build_transport_identifier,
    parse_transport_identifier,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.ktri import KeyTransRecipient, build_ktri, unwrap_ktri
from smime_core.cms.recipients.recipient_info import RSA_OAEP, RSA_V15, recipient_algorithm
from smime_core.errors import DecryptionError, NoMatchingRecipient, SmimeError, UnsupportedAlgorithm
from smime_core.identity.identity import Identity
from smime_core.policy import Policy
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from tests.support.envelopes import CEK, CONTENT, decrypt, envelope, parse, version_of
from tests.support.people import PROVIDER, person

ALICE: Final = person("alice")
V15: Final = der.sequence(der.oid("1.2.840.113549.1.1.1"), b"\x05\0")
OAEP: Final = "1.2.840.113549.1.1.7"


def ktri(
    encrypted_key: bytes, *, identifier: bytes = V15, rid: bytes | None = None, version: int = 0, to: Identity = ALICE
) -> bytes:
    named = rid or build_issuer_and_serial(to.certificate)
    return der.sequence(der.integer(version), named, identifier, der.octet_string(encrypted_key))


def encrypt_v15(octets: bytes) -> bytes:
    key = load_der_public_key(ALICE.certificate.public_key.spki_der)
    assert isinstance(key, rsa.RSAPublicKey)
    return key.encrypt(octets, padding.PKCS1v15())


def encrypt_raw(block: bytes) -> bytes:
    """The block encrypted by the bare RSA function, so that its padding may be wrong."""
    key = load_der_public_key(ALICE.certificate.public_key.spki_der)
    assert isinstance(key, rsa.RSAPublicKey)
    numbers = key.public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(256, "big")


GOOD: Final = encrypt_v15(CEK)
BAD: Final = {
    "no block type": encrypt_raw(b"\0\1" + b"\xaa" * 221 + b"\0" + CEK),
    "no zero octet": encrypt_raw(b"\0\2" + b"\xaa" * 254),
    "a short key": encrypt_v15(CEK[:16]),
    "a long key": encrypt_v15(CEK + CEK),
    "no key": encrypt_v15(b""),
    "a short padding": encrypt_raw(b"\0\2" + b"\xaa" * 7 + b"\0" + bytes(214) + CEK),
}


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA384, HashName.SHA512])
@pytest.mark.parametrize("mgf_hash", [HashName.SHA1, HashName.SHA256])
def test_must_24_oaep_opens_with_any_hash(hash_name: HashName, mgf_hash: HashName) -> None:
    transport = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=mgf_hash)
    info = run(build_ktri(ALICE.certificate, CEK, transport=transport, provider=PROVIDER))
    assert decrypt(envelope(info), ALICE) == CONTENT


def labelled(label: bytes, *, source: str = "1.2.840.113549.1.1.9") -> bytes:
    """OAEP with SHA-1 and a label, as OpenSSL writes it with `-keyopt rsa_oaep_label`."""
    return der.sequence(der.oid(OAEP), der.sequence(der.explicit(2, der.sequence(der.oid(source), label))))


def encrypt_labelled(label: bytes) -> bytes:
    key = load_der_public_key(ALICE.certificate.public_key.spki_der)
    assert isinstance(key, rsa.RSAPublicKey)
    return key.encrypt(CEK, padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=label))  # noqa: S303  # the default of RFC 4055


@pytest.mark.parametrize("label", [b"label", b"\0", bytes(1000)])
def test_must_24_oaep_opens_with_any_label(label: bytes) -> None:
    info = ktri(encrypt_labelled(label), identifier=labelled(der.octet_string(label)))
    assert decrypt(envelope(info), ALICE) == CONTENT


@pytest.mark.parametrize("label", [b"", b"labels"])
def test_must_24_oaep_with_another_label_is_one_decryption_error(label: bytes) -> None:
    info = ktri(encrypt_labelled(b"label"), identifier=labelled(der.octet_string(label)))
    with pytest.raises(DecryptionError):
        decrypt(envelope(info), ALICE)


def test_must_24_oaep_with_another_source_of_the_label_is_refused() -> None:
    info = ktri(GOOD, identifier=labelled(der.octet_string(b"label"), source="1.2.840.113549.1.1.99"))
    with pytest.raises(UnsupportedAlgorithm, match="label"):
        decrypt(envelope(info), ALICE)


def test_must_24_oaep_writes_the_label_that_it_reads() -> None:
    identifier = labelled(der.octet_string(b"label"))
    assert build_transport_identifier(parse_transport_identifier(identifier)) == identifier


def test_must_24_a_damaged_oaep_block_is_one_decryption_error() -> None:
    info = ktri(GOOD, identifier=der.sequence(der.oid(OAEP), der.sequence()))
    with pytest.raises(DecryptionError):
        decrypt(envelope(info), ALICE)


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("name", list(BAD))
def test_must_23_what_is_wrong_with_the_padding_shows_nowhere(cipher: ContentCipher, name: str) -> None:
    # In CBC, one message in 256 ends like valid padding under the random key, so several are tried.
    failures = [error for _ in range(4) if (error := failure(envelope(ktri(BAD[name]), cipher=cipher))) is not None]
    assert failures
    for error in failures:
        assert type(error) is DecryptionError
        assert error.__cause__ is None
        assert error.__context__ is None
        assert str(error) == str(DecryptionError())


def failure(cms: bytes) -> SmimeError | None:
    try:
        decrypt(cms, ALICE)
    except SmimeError as error:
        return error
    return None


@pytest.mark.parametrize("name", list(BAD))
def test_must_23_a_random_key_goes_on(name: str) -> None:
    recipient = parse(envelope(ktri(BAD[name]))).recipients[0]
    assert isinstance(recipient, KeyTransRecipient)
    keys = {run(unwrap_ktri(recipient, ALICE.private_key, cek_length=32, provider=PROVIDER)) for _ in range(3)}
    assert all(len(key) == 32 for key in keys)
    assert CEK not in keys


class CountingProvider(NativeProvider):
    """The native provider, which records the names of the methods that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> object:
        attribute = super().__getattribute__(name)
        if not name.startswith("_") and callable(attribute):
            self.calls.append(name)
        return attribute


def steps(encrypted_key: bytes) -> list[str]:
    provider = CountingProvider()
    encrypted = parse(envelope(ktri(encrypted_key), cipher=AES_256_GCM))
    try:
        run(decrypt_enveloped_data(encrypted, Keys(identities=[ALICE]), provider=provider))
    except DecryptionError:
        return [*provider.calls, "refused"]
    return provider.calls


@pytest.mark.parametrize("name", list(BAD))
def test_must_23_takes_the_same_steps_whether_the_padding_is_right_or_wrong(name: str) -> None:
    assert steps(BAD[name]) == [*steps(GOOD), "refused"]


def test_must_23_takes_the_time_of_the_same_class_whether_the_padding_is_right_or_wrong() -> None:
    recipient = parse(envelope(ktri(GOOD))).recipients[0]
    assert isinstance(recipient, KeyTransRecipient)
    wrong = dataclasses.replace(recipient, encrypted_key=BAD["no block type"])

    def seconds(candidate: KeyTransRecipient) -> float:
        start = time.perf_counter()
        run(unwrap_ktri(candidate, ALICE.private_key, cek_length=32, provider=PROVIDER))
        return time.perf_counter() - start

    def ratio() -> float:
        pairs = [(seconds(recipient), seconds(wrong)) for _ in range(60)]
        good, bad = (statistics.median(column) for column in zip(*pairs, strict=True))
        return float(bad / good)

    # Code that skipped the private operation, or did it twice, would be outside these bounds each time.
    assert any(0.6 < ratio() < 1.6 for _ in range(3))


def test_must_31_a_recipient_is_named_by_its_key_identifier_too() -> None:
    identifier = ALICE.certificate.subject_key_identifier
    assert identifier is not None
    encrypted = envelope(ktri(GOOD, rid=der.element(0x80, identifier), version=2))
    assert decrypt(encrypted, ALICE) == CONTENT
    # RFC 5652 section 6.1: a ktri of version 2 makes EnvelopedData version 2 (MUSTS 32).
    assert version_of(encrypted) == 2
    with pytest.raises(NoMatchingRecipient):
        decrypt(encrypted, person("dave"))


@pytest.mark.parametrize("key", [NewKey.P256, NewKey.X25519, NewKey.ML_KEM_768])
def test_a_ktri_that_names_another_kind_of_key_gives_no_more_than_a_failure(key: NewKey) -> None:
    reader = person("carol", key)
    with pytest.raises(DecryptionError):
        decrypt(envelope(ktri(GOOD, to=reader)), reader)


class CarelessProvider(NativeProvider):
    """A provider that decrypts with any key, and always to a content key of 16 bytes."""

    async def transport_decrypt(
        self, key: PrivateKey, algorithm: KeyTransport, encrypted_key: bytes, cek_length: int
    ) -> bytes:
        return bytes(16)


@pytest.mark.parametrize("reader", [ALICE, person("carol", NewKey.P256)], ids=["the length", "the type of key"])
def test_must_25_the_length_and_the_key_are_checked_whatever_the_provider_does(reader: Identity) -> None:
    recipient = parse(envelope(ktri(GOOD))).recipients[0]
    assert isinstance(recipient, KeyTransRecipient)
    length = 16 if reader is not ALICE else 32
    with pytest.raises(DecryptionError):
        run(unwrap_ktri(recipient, reader.private_key, cek_length=length, provider=CarelessProvider()))
    assert run(unwrap_ktri(recipient, ALICE.private_key, cek_length=16, provider=CarelessProvider())) == bytes(16)


def test_people_read_how_the_key_travels() -> None:
    encrypted = envelope(ktri(GOOD), run(build_ktri(ALICE.certificate, CEK, transport=RSA_OAEP, provider=PROVIDER)))
    assert {recipient_algorithm(r) for r in parse(encrypted).recipients} == {RSA_V15.label, RSA_OAEP.label}
    assert decrypt(encrypted, ALICE, policy=Policy.SEND) == CONTENT
