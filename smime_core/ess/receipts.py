"""Signed receipts: proof that a recipient could verify a signed message (RFC 2634 sections 2.4, 2.6, 2.8 and 2.10).

A receipt is SignedData directly over a Receipt, without a MIME entity (MUSTS 47). A receipt is made only after the
original was verified. To encrypt a receipt, use `cms.enveloped_data`. Section numbers in this module are from RFC 2634.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import SignatureAlgorithm, parse_hash_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    ML_EXPANSION_HISTORY,
    MSG_SIG_DIGEST,
    RECEIPT_REQUEST,
    build_attribute,
    check_definite,
    single_value,
)
from smime_core.cms.content_info import parse_signed_content
from smime_core.cms.signed_content import OctetsContent, SignedContent
from smime_core.cms.signed_data import SignedData, build_signed_data, find_certificate, only_signer, parse_signed_data
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    MessageDigestMismatch,
    SignatureMismatch,
    VerificationError,
)
from smime_core.ess.hints import ContentReference, parse_reference_fields, reference_fields
from smime_core.ess.receipt_request import parse_receipt_request
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.x509.certificate import Certificate

ID_CT_RECEIPT: Final = "1.2.840.113549.1.9.16.1.1"
_ESS_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """A verified receipt. `original` is the SignerInfo of the original message whose request the receipt answers.

    The caller must check whether `certificate` is trusted and belongs to a person who was asked for a receipt.
    """

    signer: SignerInfo
    certificate: Certificate
    algorithm: SignatureAlgorithm
    original: SignerInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedReceipt:
    """The values that a receipt for a sent message must have: the DER of its Receipt, and its msgSigDigest."""

    content: bytes
    msg_sig_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReceipt:
    """A receipt as it arrived. Nothing is verified. `content` is the DER of its Receipt."""

    signed_data: SignedData
    signer: SignerInfo
    content: bytes
    msg_sig_digest: bytes


async def build_receipt(
    signer: SignerInfo,
    content: SignedContent,
    signing: Signing,
    provider: CryptoProvider,
    *,
    content_type: str,
    certificate: Certificate,
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """DER of a ContentInfo with the receipt, made by `signing`, for the message that `signer` signed.

    `signer`, `content`, `content_type` and `certificate` are those of the original, which is first verified with them.
    First call `receipt_request.receipt_recipients`, which returns the people to send the receipt to, if any. Raises
    VerificationError or UnsupportedAlgorithm if the original does not verify, MalformedMessage if the original asks for
    no receipt or if `signing` has more than one signer.
    """
    await verify_signer(signer, content, provider, certificate, content_type, policy)
    if content_type == ID_CT_RECEIPT:
        raise MalformedMessage("a receipt is given for no receipt", where="receiptRequest")
    expected = await expect_receipt(signer, provider)
    if len(signing.identities) != 1:
        raise MalformedMessage(f"{len(signing.identities)} signers, expected the one who received", where="Receipt")
    digest = build_attribute(MSG_SIG_DIGEST, der.octet_string(expected.msg_sig_digest))
    attributes = (*signing.options.further_attributes, digest)
    options = dataclasses.replace(signing.options, further_attributes=attributes)
    signing = dataclasses.replace(signing, form=SignatureForm.OPAQUE, options=options)
    return await build_signed_data(expected.content, signing, provider, ID_CT_RECEIPT)


async def expect_receipt(signer: SignerInfo, provider: CryptoProvider) -> ExpectedReceipt:
    """The values of every receipt for the message that `signer` signed (section 2.6). Keep them to check receipts.

    Raises MalformedMessage if the signer asks for no receipt.
    """
    return ExpectedReceipt(
        content=der.sequence(der.integer(_ESS_VERSION), *reference_fields(_reference(signer))),
        msg_sig_digest=await _signed_attributes_digest(signer, provider),
    )


async def verify_receipt(
    cms: Buffer,
    original: SignedData,
    provider: CryptoProvider,
    *,
    certificates: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> VerifiedReceipt:
    """Verify a signed receipt for a sent message, whose SignedData is `original` (section 2.6).

    (1) The receipt is SignedData by one signer directly over a Receipt. (2) The Receipt names a signer of the original
    who asked for it. (3) msgSigDigest is the digest of that signer's attributes. (4) message-digest is the digest of
    the Receipt that we build ourselves, and the signature covers message-digest and msgSigDigest. The certificate of
    the receipt's signer is looked up in the receipt and in `certificates`. Raises VerificationError,
    UnsupportedAlgorithm or MalformedMessage.
    """
    # (1)
    receipt = parse_signed_receipt(cms)
    signer = receipt.signer
    # (2)
    answered = _find_answered(parse_receipt(receipt.content), original)
    expected = await expect_receipt(answered, provider)
    # (3)
    if not hmac.compare_digest(receipt.msg_sig_digest, expected.msg_sig_digest):
        raise MessageDigestMismatch("the receipt is for other signed attributes than were sent")
    # (4)
    certificate = find_certificate(signer.sid, (*receipt.signed_data.certificates, *certificates))
    if certificate is None:
        raise VerificationError("the receipt does not carry its signer's certificate")
    algorithm = await verify_signer(
        signer, OctetsContent(expected.content, provider), provider, certificate, ID_CT_RECEIPT, policy
    )
    return VerifiedReceipt(signer=signer, certificate=certificate, algorithm=algorithm, original=answered)


def parse_signed_receipt(cms: Buffer) -> SignedReceipt:
    """Parse SignedData by one signer directly over a Receipt. Raises ContentTypeMismatch or MalformedMessage."""
    signed_data = _parse_receipt_signed_data(cms)
    # Several signers would need several verdicts. That there is one signer is our own rule.
    signer = only_signer(signed_data, where="receipt")
    for attribute_type in (RECEIPT_REQUEST, ML_EXPANSION_HISTORY):
        # Sections 2.2 and 2.4.1: a receipt asks for no receipt, and mailing lists do not change its attributes.
        if attribute_type in signer.attributes:
            raise MalformedMessage(f"attribute {attribute_type} appears in a receipt", where="Receipt")
    content = signed_data.e_content or b""
    parse_receipt(content)
    digest = single_value(signer.attributes, MSG_SIG_DIGEST, "msgSigDigest")
    return SignedReceipt(
        signed_data=signed_data,
        signer=signer,
        content=bytes(content),
        msg_sig_digest=bytes(der.expect(digest, der.OCTET_STRING, where="msgSigDigest").content),
    )


def parse_receipt(octets: Buffer) -> ContentReference:
    """Parse the content of a receipt (section 2.8), which must be DER. Raises MalformedMessage."""
    where = "Receipt"
    tlv = der.expect(der.read_one(octets, where), der.SEQUENCE, where)
    check_definite(tlv, where)
    version, *fields = der.read_children(tlv, where) or [tlv]
    if version.tag != der.INTEGER or der.parse_integer(version) != _ESS_VERSION:
        raise MalformedMessage("expected version 1", where)
    return parse_reference_fields(fields, where)


def _parse_receipt_signed_data(cms: Buffer) -> SignedData:
    signed_data = parse_signed_data(parse_signed_content(cms, where="receipt"))
    if signed_data.e_content_type != ID_CT_RECEIPT:
        raise ContentTypeMismatch(f"signed as {signed_data.e_content_type}, presented as a receipt")
    return signed_data


def _find_answered(receipt: ContentReference, original: SignedData) -> SignerInfo:
    for signer in original.signer_infos:
        if isinstance(signer, SignerInfo) and RECEIPT_REQUEST in signer.attributes and _reference(signer) == receipt:
            return signer
    raise SignatureMismatch("the receipt is for another message, or for a message that asked for none")


def _reference(signer: SignerInfo) -> ContentReference:
    # Section 2.4 step 2: the receipt copies these values from the original SignerInfo.
    request = parse_receipt_request(signer.attributes)
    if request is None:
        raise MalformedMessage("no receipt was asked for", where="receiptRequest")
    return ContentReference(
        content_type=der.parse_oid(single_value(signer.attributes, CONTENT_TYPE, "content-type")),
        signed_content_identifier=request.signed_content_identifier,
        originator_signature_value=signer.signature,
    )


async def _signed_attributes_digest(signer: SignerInfo, provider: CryptoProvider) -> bytes:
    # Section 2.10: the digest of the original's signedAttrs in DER, with the original's digest algorithm.
    if signer.signed_attrs is None or signer.signed_attrs.tolerances:
        raise MalformedMessage("the original's signed attributes are not DER", where="msgSigDigest")
    return await provider.digest(parse_hash_identifier(signer.digest_algorithm_der), signer.signed_attrs.received_der)
