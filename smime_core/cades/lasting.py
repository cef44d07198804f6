"""Making signatures last: a timestamp on them, and all that is needed to judge them later (EN 319 122-1 section 5.3 and
6.3, levels B-T and B-LT).

What somebody signed stays as it is, octet for octet.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime_core.algorithms import HashName
from smime_core.attributes import SIGNATURE_TIME_STAMP, build_attribute
from smime_core.certificate import Certificate
from smime_core.content_info import parse_content_info
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent
from smime_core.signed_data import build_ocsp_choice, parse_signed_data
from smime_core.signed_data_editing import add_revocation_data, add_unsigned_attribute
from smime_core.signer_info import SignerInfo, UnsignedAttributes
from smime_core.timestamp import Ask, TimestampToken, check_token, obtain_timestamp


def timestamp_when_signed(
    ask: Ask, *, provider: CryptoProvider, hash_name: HashName = HashName.SHA256
) -> UnsignedAttributes:
    """For `SignerOptions.unsigned_attributes`: every signature gets a timestamp from the service behind `ask`."""

    async def unsigned_attributes(signature: bytes) -> tuple[bytes, ...]:
        token = await obtain_timestamp(signature, ask, provider=provider, hash_name=hash_name)
        return (build_attribute(SIGNATURE_TIME_STAMP, token.der),)

    return unsigned_attributes


async def add_signature_timestamp(
    cms: Buffer, token: TimestampToken, *, provider: CryptoProvider, number: int = 0
) -> bytes:
    """DER of the same SignedData with a timestamp on a signature; `number` says whose, as it stands in `cms`.

    In the result signers may stand in another order. Raises TimestampMismatch for a token of something else, and what
    `check_token` raises.
    """
    signature = OctetsContent(signature_value(cms, number=number), provider=provider)
    await check_token(token, signature, provider=provider)
    return add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, token.der), number=number)


def add_validation_data(
    cms: Buffer,
    *,
    certificates: Sequence[Certificate] = (),
    crls: Sequence[bytes] = (),
    ocsp_responses: Sequence[bytes] = (),
) -> bytes:
    """DER of the same SignedData with what its signatures, and timestamps on them, are judged by.

    `crls` are DER of each CertificateList, `ocsp_responses` of each OCSPResponse, which stand as RFC 5940 has them.
    Raises MalformedMessage or LimitExceeded.
    """
    return add_revocation_data(cms, certificates=certificates, crls=[*crls, *map(build_ocsp_choice, ocsp_responses)])


def signature_value(cms: Buffer, *, number: int = 0) -> bytes:
    """What a timestamp on a signature is about: the octets of its value. Raises MalformedMessage or the signer's error.

    `number` says whose, as it stands in `cms`.
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
