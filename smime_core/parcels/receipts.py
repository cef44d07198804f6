"""Signed receipts for parcels (RFC 2634 section 2).

A receipt covers the signature of the manifest, and through the manifest the hash of each chunk. A receipt is made only
if the sender is verified, because otherwise a recipient would send a confirmation to a stranger. The sender compares a
receipt with the receipt that the manifest implies.
"""

from __future__ import annotations

import hmac

from smime_core.algorithms import HashName
from smime_core.asn1.der import Buffer
from smime_core.cms import OctetsContent, SignerInfo, Signing, parse_signed_data
from smime_core.cms.content_info import PARCEL_MANIFEST, is_content_info, parse_content_info
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.errors import MalformedMessage
from smime_core.ess import build_receipt, expect_receipt, parse_receipt, parse_receipt_request, parse_signed_receipt
from smime_core.parcels.envelope import keys_of, parse_envelope
from smime_core.parcels.manifest import Manifest
from smime_core.parcels.manifest_object import OpenedManifest
from smime_core.parcels.parcel_key import ParcelKey
from smime_core.provider import CryptoProvider
from smime_core.report.report import SignerReport, State
from smime_core.text.mail_address import addresses_match


def asks_for_receipt(opened: OpenedManifest) -> bool:
    """Whether the sender of the parcel is verified, and asks for receipts."""
    return _find_asking(opened) is not None


async def build_parcel_receipt(opened: OpenedManifest, signing: Signing, provider: CryptoProvider) -> bytes:
    """DER of the receipt for a parcel, signed by the one recipient of `signing`.

    Raises MalformedMessage if the sender is not verified or asks for none, and the errors of `build_receipt`.
    """
    asking = _find_asking(opened)
    if asking is None or asking.info is None or asking.certificate is None:
        raise MalformedMessage("no verified sender asks for a receipt", where="parcel")
    return await build_receipt(
        asking.info,
        OctetsContent(opened.content, provider),
        signing,
        provider,
        content_type=PARCEL_MANIFEST,
        certificate=asking.certificate,
    )


async def expect_parcel_receipt(cms: Buffer, key: ParcelKey, provider: CryptoProvider) -> bytes | None:
    """SHA-256 of the Receipt that recipients will sign for a manifest that its sender has just made.

    Returns None if the manifest is not signed, or does not ask for receipts. Raises the errors of parsing and of
    decryption.
    """
    enveloped = parse_envelope(cms, key, what="the manifest")
    content = (await decrypt_enveloped_data(enveloped, keys_of(key, ()), provider)).content
    if not is_content_info(content):
        return None
    for signer in parse_signed_data(parse_content_info(content).content).signer_infos:
        if isinstance(signer, SignerInfo) and parse_receipt_request(signer.attributes) is not None:
            return await provider.digest(HashName.SHA256, (await expect_receipt(signer, provider)).content)
    return None


async def check_parcel_receipt(
    cms: Buffer, provider: CryptoProvider, *, parcel: str, expected: bytes | None = None
) -> None:
    """Check that a receipt is for this parcel and is the expected receipt, if known. Its signature is not verified.

    Raises MalformedMessage.
    """
    content = parse_signed_receipt(cms).content
    if not hmac.compare_digest(parse_receipt(content).signed_content_identifier, parcel.encode("ascii")):
        raise MalformedMessage("it is for another parcel", where="receipt")
    if expected is not None and not hmac.compare_digest(await provider.digest(HashName.SHA256, content), expected):
        raise MalformedMessage("it is for another manifest than was sent", where="receipt")


def _find_asking(opened: OpenedManifest) -> SignerReport | None:
    if opened.report.state is not State.VERIFIED:
        return None
    return next((signer for signer in opened.report.deciding_signers if _is_asking(signer, opened.manifest)), None)


def _is_asking(signer: SignerReport, manifest: Manifest) -> bool:
    is_sender = any(addresses_match(address, manifest.sender) for address in signer.addresses)
    if signer.info is None or signer.state is not State.VERIFIED or not is_sender:
        return False
    try:
        request = parse_receipt_request(signer.info.attributes)
    except MalformedMessage:
        # A damaged request is no request.
        return False
    return request is not None and request.signed_content_identifier == manifest.parcel.encode("ascii")
