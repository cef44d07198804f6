"""Write PKCS#12 files, in three forms: see `Pkcs12Form`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from smime_core.algorithms import HashName
from smime_core.asn1 import der
from smime_core.identity.passphrase import encrypt_pbes2
from smime_core.identity.pkcs12.contents import (
    BMP_STRING,
    CERT_BAG,
    DATA,
    ENCRYPTED_DATA,
    FRIENDLY_NAME,
    LOCAL_KEY_ID,
    PFX_VERSION,
    SHROUDED_KEY_BAG,
    X509_CERTIFICATE,
    Pkcs12Certificate,
    Pkcs12Contents,
)
from smime_core.identity.pkcs12.integrity import build_old_mac, build_pbmac1
from smime_core.identity.pkcs12.legacy import encrypt_legacy
from smime_core.provider import CryptoProvider


class Pkcs12Form(StrEnum):
    """The encryption and the MAC of a file."""

    COMPATIBLE = "compatible"
    """The default: PBES2 with AES-256-CBC, and a MAC with HMAC-SHA-256 and the KDF of RFC 7292, as OpenSSL 3 writes.

    Readers: OpenSSL from 1.0 on, NSS, GnuTLS, Java from 8u301 on, Windows from 10 1709 and Server 2019 on, and .NET
    within its default limits on iterations.
    """
    MODERN = "modern"
    """The same encryption with PBMAC1 as the MAC (RFC 9579), which OpenSSL reads from 3.4 on."""
    LEGACY = "legacy"
    """3DES with HMAC-SHA-1 as the MAC, only for programs that read nothing else: older Windows and macOS. Weak."""


# OWASP recommends 600,000 iterations of PBKDF2-HMAC-SHA-256, which take about 0.2 s natively. .NET accepts at most
# 300,000 iterations in a MAC or in one encryption, and 1,000,000 in all encryptions together: one for the certificates
# and one for each key. The KDF of LEGACY runs three times for each encryption.
DEFAULT_ITERATIONS: Final = {Pkcs12Form.COMPATIBLE: 200_000, Pkcs12Form.MODERN: 600_000, Pkcs12Form.LEGACY: 50_000}


async def build_pkcs12(
    contents: Pkcs12Contents,
    passphrase: bytes,
    provider: CryptoProvider,
    iterations: int,
    *,
    form: Pkcs12Form = Pkcs12Form.COMPATIBLE,
) -> bytes:
    """DER of a PKCS#12 file, with `iterations` for each derivation. `passphrase` is UTF-8."""
    passphrase = bytes(passphrase)
    protect = encrypt_legacy if form is Pkcs12Form.LEGACY else encrypt_pbes2
    certificate_bags = der.sequence(*map(_build_certificate_bag, contents.certificates))
    encryption, ciphertext = await protect(certificate_bags, passphrase, provider=provider, iterations=iterations)
    content_info = der.sequence(der.oid(DATA), encryption, der.element(0x80, ciphertext))
    encrypted_data = der.sequence(der.integer(0), content_info)
    key_bags: list[bytes] = []
    for key in contents.keys:
        encryption, ciphertext = await protect(key.pkcs8_der, passphrase, provider=provider, iterations=iterations)
        shrouded = der.sequence(encryption, der.octet_string(ciphertext))
        key_bags.append(_build_bag(SHROUDED_KEY_BAG, shrouded, key.friendly_name, key.local_key_id))
    auth_safe = der.sequence(
        der.sequence(der.oid(ENCRYPTED_DATA), der.explicit(0, encrypted_data)),
        _build_data(der.sequence(*key_bags)),
    )
    if form is Pkcs12Form.MODERN:
        mac_data = await build_pbmac1(auth_safe, passphrase, provider, iterations)
    else:
        hash_name = HashName.SHA1 if form is Pkcs12Form.LEGACY else HashName.SHA256
        mac_data = await build_old_mac(auth_safe, passphrase, hash_name, provider, iterations)
    return der.sequence(der.integer(PFX_VERSION), _build_data(auth_safe), mac_data)


def _build_data(content: bytes) -> bytes:
    return der.sequence(der.oid(DATA), der.explicit(0, der.octet_string(content)))


def _build_certificate_bag(certificate: Pkcs12Certificate) -> bytes:
    value = der.explicit(0, der.octet_string(certificate.certificate_der))
    bag = der.sequence(der.oid(X509_CERTIFICATE), value)
    return _build_bag(CERT_BAG, bag, certificate.friendly_name, certificate.local_key_id)


def _build_bag(oid: str, value: bytes, friendly_name: str | None, local_key_id: bytes | None) -> bytes:
    attributes: list[bytes] = []
    if friendly_name is not None:
        # Characters beyond the BMP become pairs of surrogates, which every program reads. An unpaired surrogate is no
        # character and is replaced.
        name = der.element(BMP_STRING, friendly_name.encode("utf-16-be", "replace"))
        attributes.append(der.sequence(der.oid(FRIENDLY_NAME), der.element(der.SET, name)))
    if local_key_id is not None:
        key_id = der.octet_string(local_key_id)
        attributes.append(der.sequence(der.oid(LOCAL_KEY_ID), der.element(der.SET, key_id)))
    return der.sequence(der.oid(oid), der.explicit(0, value), der.set_of(attributes) if attributes else b"")
