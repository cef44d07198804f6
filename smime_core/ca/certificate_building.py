"""Build certificates: a TBSCertificate from plain values, signed by the issuer (RFC 5280 section 4.1).

All certificates that the core makes are built here.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import build_signature_identifier
from smime_core.asn1 import der
from smime_core.ca.extensions import encode_extension
from smime_core.ca.signing import choose_signature_algorithm, sign_structure
from smime_core.cms.signed_attributes import build_time
from smime_core.provider import CryptoProvider, PrivateKey, PublicKey
from smime_core.x509.certificate import Certificate, Extension, parse_certificate

SERIAL_NUMBER_BYTES: Final = 16
_VERSION_3: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateTemplate:
    """The content of a certificate. `extensions` are written in the given order."""

    serial_number: int
    subject_der: bytes
    public_key: PublicKey
    not_before: datetime.datetime
    not_after: datetime.datetime
    extensions: tuple[Extension, ...]


async def build_certificate(
    template: CertificateTemplate, provider: CryptoProvider, *, issuer_der: bytes, signing_key: PrivateKey
) -> Certificate:
    """The certificate, signed with `signing_key`; `issuer_der` is the Name of the key's owner.

    Raises UnsupportedByProvider for a key that cannot sign.
    """
    tbs_der = der.sequence(
        der.explicit(0, der.integer(_VERSION_3)),
        der.integer(template.serial_number),
        build_signature_identifier(choose_signature_algorithm(signing_key)),
        issuer_der,
        der.sequence(build_time(template.not_before), build_time(template.not_after)),
        template.subject_der,
        template.public_key.spki_der,
        der.explicit(3, der.sequence(*(encode_extension(extension) for extension in template.extensions))),
    )
    return parse_certificate(await sign_structure(tbs_der, signing_key, provider))


def new_serial_number(provider: CryptoProvider) -> int:
    """A positive number of 126 random bits, so that nobody can predict it (RFC 5280 section 4.1.2.2)."""
    # The two highest bits are 01, so that the number is positive and always has the same length.
    octets = bytearray(provider.random_bytes(SERIAL_NUMBER_BYTES))
    octets[0] = octets[0] & 0x3F | 0x40
    return int.from_bytes(octets, "big")
