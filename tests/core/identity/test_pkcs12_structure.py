"""PKCS#12 structures with a field too few or too many: each error names the fault and its place."""

from __future__ import annotations

import asyncio
import hmac
from typing import Final

import pytest

from smime_core.algorithms import HashName, Pbkdf2, RepeatedHash
from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.passphrase import FilePassphrase
from smime_core.identity.pkcs12 import Pkcs12Contents, parse_pkcs12
from smime_core.identity.pkcs12.contents import (
    CERT_BAG,
    DATA,
    ENCRYPTED_DATA,
    FRIENDLY_NAME,
    LOCAL_KEY_ID,
    PBMAC1,
    SHROUDED_KEY_BAG,
    X509_CERTIFICATE,
)
from smime_core.identity.pkcs12.integrity import check_mac
from smime_core.keys.kdf import Purpose, build_hmac_identifier, build_pbkdf2, derive_pkcs12
from smime_core.providers.native import NativeProvider

VERSION: Final = der.integer(3)
NOTHING: Final = der.sequence()
SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
SALT: Final = der.octet_string(b"salt")


def parse(p12: bytes) -> Pkcs12Contents:
    return asyncio.run(parse_pkcs12(p12, b"", provider=NativeProvider()))


def data(content: bytes) -> bytes:
    return der.sequence(der.oid(DATA), der.explicit(0, der.octet_string(content)))


def with_safe(content_info: bytes) -> bytes:
    return der.sequence(VERSION, data(der.sequence(content_info)))


def with_bag(*fields: bytes) -> bytes:
    return with_safe(data(der.sequence(der.sequence(*fields))))


def with_mac(mac_data: bytes) -> bytes:
    return der.sequence(VERSION, data(NOTHING), mac_data)


def failure(p12: bytes) -> SmimeError:
    """The error about the only part of the file that could not be read."""
    (error,) = parse(p12).failures
    return error


@pytest.mark.parametrize(
    ("p12", "complaint"),
    [
        (der.sequence(VERSION), "PFX: expected version 3, authSafe and macData"),
        (der.sequence(VERSION, data(NOTHING), NOTHING, NOTHING), "PFX: expected version 3"),
        (der.sequence(VERSION, der.sequence(der.oid(DATA))), "authSafe: a ContentInfo of 1 fields"),
        (der.sequence(VERSION, der.octet_string(b"")), "authSafe: found tag 0x04, expected 0x30"),
        (with_mac(NOTHING), "macData: expected mac, macSalt and iterations"),
        (with_mac(der.sequence(der.sequence(SHA256, SALT))), "macData: expected mac"),
        (with_mac(der.sequence(der.sequence(SHA256), SALT)), "macData: expected mac"),
        (
            with_mac(der.sequence(der.sequence(SHA256, SALT), SALT, der.integer(1), der.integer(1))),
            "macData: expected mac",
        ),
        (with_mac(der.sequence(der.sequence(der.sequence(der.oid(PBMAC1)), SALT), SALT)), "PBMAC1-params"),
        (
            with_mac(der.sequence(der.sequence(der.sequence(der.oid(PBMAC1), der.sequence(SALT)), SALT), SALT)),
            "PBMAC1-params: 1 fields, expected 2",
        ),
    ],
)
def test_file_with_a_field_too_few_or_too_many_is_malformed(p12: bytes, complaint: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(p12)
    assert complaint in str(caught.value)


def encrypted(*info: bytes) -> bytes:
    return der.sequence(der.oid(ENCRYPTED_DATA), der.explicit(0, der.sequence(der.integer(0), der.sequence(*info))))


def attribute(*fields: bytes) -> bytes:
    return der.element(der.SET, der.sequence(*fields))


VALUE: Final = der.explicit(0, NOTHING)


@pytest.mark.parametrize(
    ("p12", "complaint"),
    [
        (with_safe(der.sequence(der.oid(DATA))), "AuthenticatedSafe: a ContentInfo of 1 fields"),
        (with_safe(der.sequence(der.oid(ENCRYPTED_DATA))), "AuthenticatedSafe: a ContentInfo of 1 fields"),
        (with_safe(encrypted()), "encryptedContentInfo is incomplete"),
        (with_safe(encrypted(der.oid(DATA), SHA256)), "encryptedContentInfo is incomplete"),
        (with_safe(der.sequence(der.oid(ENCRYPTED_DATA), der.explicit(0, NOTHING))), "encryptedContentInfo is"),
        (with_bag(der.oid(CERT_BAG)), "SafeBag: 1 fields, expected 2 or 3"),
        (with_bag(der.oid(CERT_BAG), VALUE, NOTHING, NOTHING), "SafeBag: 4 fields"),
        (with_bag(der.oid(CERT_BAG), VALUE), "CertBag: 0 fields, expected 2"),
        (with_bag(der.oid(SHROUDED_KEY_BAG), VALUE), "EncryptedPrivateKeyInfo: 0 fields, expected 2"),
        (
            with_bag(der.oid(CERT_BAG), VALUE, attribute(der.oid(FRIENDLY_NAME))),
            "bagAttributes: an attribute of 1 fields",
        ),
        (
            with_bag(der.oid(CERT_BAG), VALUE, attribute(der.oid(LOCAL_KEY_ID), der.element(der.SET, NOTHING))),
            "localKeyID: found tag 0x30",
        ),
    ],
)
def test_part_with_a_field_too_few_or_too_many_fails_alone(p12: bytes, complaint: str) -> None:
    error = failure(p12)
    assert isinstance(error, MalformedMessage)
    assert complaint in str(error)


def test_mac_of_an_unknown_hash_is_unsupported() -> None:
    gost = der.sequence(der.oid("1.2.643.7.1.1.2.2"))
    with pytest.raises(UnsupportedAlgorithm, match="PKCS#12 MAC"):
        parse(with_mac(der.sequence(der.sequence(gost, SALT), SALT)))


def test_pbmac1_of_an_unknown_derivation_is_unsupported() -> None:
    unknown = der.sequence(der.oid("1.2.3.4"))
    parameters = der.sequence(unknown, build_hmac_identifier(HashName.SHA256))
    identifier = der.sequence(der.oid(PBMAC1), parameters)
    with pytest.raises(UnsupportedAlgorithm, match=r"key derivation: 1\.2\.3\.4"):
        parse(with_mac(der.sequence(der.sequence(identifier, SALT), SALT)))


def pbmac1(iterations: int, mac_hash: HashName = HashName.SHA256) -> bytes:
    """MacData whose MAC is wrong for every passphrase."""
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=iterations)
    parameters = der.sequence(build_pbkdf2(kdf, key_length=32), build_hmac_identifier(mac_hash))
    identifier = der.sequence(der.oid(PBMAC1), parameters)
    return der.sequence(der.sequence(identifier, SALT), SALT)


@pytest.mark.parametrize("mac_data", [pbmac1(6), der.sequence(der.sequence(SHA256, SALT), SALT, der.integer(6))])
def test_mac_counts_as_work(mac_data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # MUSTS 40.
    with pytest.raises(WrongPassphrase):
        parse(with_mac(mac_data))
    monkeypatch.setattr("smime_core.identity.passphrase.MAX_PASSPHRASE_WORK", 5)
    with pytest.raises(LimitExceeded, match="passphrase iterations"):
        parse(with_mac(mac_data))


def test_form_under_which_the_mac_holds_is_tried_first_on_what_it_covers() -> None:
    # OpenSSL before 1.1.0 made a character of each byte of the UTF-8.
    passphrase = FilePassphrase("ä".encode(), provider=NativeProvider())
    widened = b"\0\xc3\0\xa4\0\0"
    assert passphrase.bmp_forms[0] != widened
    loop = RepeatedHash(hash_name=HashName.SHA256, iterations=1)
    key = asyncio.run(derive_pkcs12(loop, widened, b"salt", Purpose.MAC, 32, passphrase.provider))
    mac = der.octet_string(hmac.digest(key, NOTHING, "sha256"))
    asyncio.run(check_mac(der.read_one(der.sequence(der.sequence(SHA256, mac), SALT)), NOTHING, passphrase))
    assert passphrase.bmp_forms[0] == widened


def test_pbmac1_of_a_hash_that_this_python_lacks_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    mac_data = pbmac1(1, HashName.SHA512_256)
    with pytest.raises(WrongPassphrase):
        parse(with_mac(mac_data))
    monkeypatch.setattr("hashlib.algorithms_available", {"sha256"})
    with pytest.raises(UnsupportedAlgorithm, match="key derivation"):
        parse(with_mac(mac_data))


def test_names_that_are_no_bmp_string_are_passed_over() -> None:
    cert = der.sequence(der.oid(X509_CERTIFICATE), der.explicit(0, der.octet_string(b"certificate")))
    for value, expected in (
        (der.element(0x1E, b"\0A\0\0"), "A"),
        (der.element(0x0C, b"A"), None),
        (b"", None),
        (der.element(0x1E, b"\xd8\x00"), "\ufffd"),
    ):
        name = attribute(der.oid(FRIENDLY_NAME), der.element(der.SET, value))
        (certificate,) = parse(with_bag(der.oid(CERT_BAG), der.explicit(0, cert), name)).certificates
        assert certificate.friendly_name == expected
