"""Make signatures long-term: add a timestamp (level B-T) and the evidence to verify them later (level B-LT).

The formats are those of EN 319 122-1 sections 5.3 and 6.3. The signed bytes stay unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime_core.algorithms import HashName
from smime_core.asn1.der import Buffer
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP, build_attribute
from smime_core.cms.content_info import parse_content_info
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import build_ocsp_choice, parse_signed_data
from smime_core.cms.signed_data_editing import add_revocation_data, add_unsigned_attribute
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import UnsignedAttributes
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.provider import CryptoProvider
from smime_core.timestamp import Ask, TimestampToken, check_token, obtain_timestamp
from smime_core.x509.certificate import Certificate


def timestamp_when_signed(
    ask: Ask, provider: CryptoProvider, *, hash_name: HashName = HashName.SHA256
) -> UnsignedAttributes:
    """A function for `SignerOptions.unsigned_attributes`. It gets a timestamp of each new signature through `ask`."""

    async def unsigned_attributes(signature: bytes) -> tuple[bytes, ...]:
        token = await obtain_timestamp(signature, ask, provider, hash_name)
        return (build_attribute(SIGNATURE_TIME_STAMP, token.der),)

    return unsigned_attributes


async def add_signature_timestamp(
    cms: Buffer, token: TimestampToken, provider: CryptoProvider, number: int = 0
) -> bytes:
    """DER of the same SignedData with a timestamp on the signature of signer `number` in `cms`.

    The signers stay in their order. Raises TimestampMismatch for a token over other data, and the errors of
    `check_token`.
    """
    signature = OctetsContent(signature_value(cms, number), provider)
    await check_token(token, signature, provider)
    return add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, token.der), number)


def add_validation_data(
    cms: Buffer,
    *,
    certificates: Sequence[Certificate] = (),
    crls: Sequence[bytes] = (),
    ocsp_responses: Sequence[bytes] = (),
) -> bytes:
    """DER of the same SignedData with the evidence to verify its signatures and their timestamps later.

    `crls` has the DER of each CertificateList, and `ocsp_responses` the DER of each OCSPResponse. The responses are
    written as RFC 5940 defines. Raises MalformedMessage or LimitExceeded.
    """
    return add_revocation_data(cms, certificates=certificates, crls=[*crls, *map(build_ocsp_choice, ocsp_responses)])


def signature_value(cms: Buffer, number: int = 0) -> bytes:
    """The signature value of signer `number` in `cms`. A timestamp on the signature covers these bytes.

    Raises MalformedMessage or the signer's error.
    """
    return _signer(cms, number).signature


def _signer(cms: Buffer, number: int) -> SignerInfo:
    signers = parse_signed_data(parse_content_info(cms).content).signer_infos
    if not 0 <= number < len(signers):
        raise MalformedMessage(f"there is no signer [{number}]", where="SignedData")
    signer = signers[number]
    if isinstance(signer, SmimeError):
        raise signer
    return signer
