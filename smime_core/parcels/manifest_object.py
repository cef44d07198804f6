"""The manifest as an object of its parcel: signed by the sender, then encrypted like a chunk.

The signed content has the content type PARCEL_MANIFEST, so that no other signature of the sender passes as a signature
over a manifest. The signature asks the recipients for signed receipts. A sender without an identity signs nothing.
Such a parcel is like a mail that is only encrypted: nobody vouches for it.

The manifest is read before the first chunk. The verdict on the manifest applies to all files of the parcel.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from smime_core.asn1.der import Buffer
from smime_core.asn1.general_names import mail_name
from smime_core.cms import KeyHolder, OctetsContent, SignatureForm, Signing
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, PARCEL_MANIFEST, is_content_info, parse_content_info
from smime_core.cms.enveloped_data import build_enveloped_data
from smime_core.cms.signed_data import SignedData, build_signed_data, parse_signed_data
from smime_core.errors import MalformedMessage, ParcelMisaddressed, ParcelMixed
from smime_core.ess.receipt_request import AllOrFirstTier, ReceiptRequest, build_receipt_request
from smime_core.limits import MAX_PARCEL_CHUNK_OVERHEAD_BYTES, MAX_PARCEL_MANIFEST_BYTES, check_limit
from smime_core.parcels.envelope import damage, keys_of, parse_envelope, recipients_of
from smime_core.parcels.manifest import Manifest, read_manifest, write_manifest
from smime_core.parcels.parcel_key import ParcelKey
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport
from smime_core.text.mail_address import addresses_match
from smime_core.trust.judging import Judging
from smime_core.verdict.examiner import Examiner
from smime_core.verdict.signers import Claim, judge_signers
from smime_core.verdict.walk import Walk, signed_layer
from smime_core.x509.certificate import Certificate

# The signature with its certificates, and the envelope.
MAX_MANIFEST_OBJECT_BYTES = MAX_PARCEL_MANIFEST_BYTES + 2 * MAX_PARCEL_CHUNK_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedManifest:
    """A manifest with the report on its encryption and its signature.

    The state of the report is ENCRYPTED_ONLY if nobody has signed. The state is VERIFIED only if the signer's
    certificate is trusted for the address in `manifest.sender`. A caller shows the state before it shows or saves a
    file. `content` is the JSON as it was signed.
    """

    manifest: Manifest
    report: MessageReport
    content: bytes = field(repr=False)


async def build_manifest(
    manifest: Manifest,
    provider: CryptoProvider,
    *,
    key: ParcelKey | None = None,
    certificates: Sequence[Certificate] = (),
    signing: Signing | None = None,
) -> bytes:
    """DER of the manifest, signed if `signing` is given, for the same recipients as the chunks.

    The signature asks for receipts. Raises MalformedMessage for a manifest that `open_manifest` would refuse, without
    recipients, or for a detached signature; LimitExceeded; UnsupportedAlgorithm for a certificate that may not be used
    for encryption.
    """
    content = write_manifest(manifest)
    if signing is not None:
        if signing.form is SignatureForm.DETACHED:
            raise MalformedMessage("a detached signature would leave the content out", where="parcel manifest")
        asking = _asking_for_receipts(signing, parcel=manifest.parcel, sender=manifest.sender)
        content = await build_signed_data(content, asking, provider, PARCEL_MANIFEST)
    cms = await build_enveloped_data(content, recipients_of(key, certificates), provider, ID_DATA)
    check_limit("bytes of a parcel manifest", len(cms), MAX_MANIFEST_OBJECT_BYTES)
    return cms


async def open_manifest(
    cms: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    *,
    parcel: str | None,
    key: ParcelKey | None = None,
    identities: Sequence[KeyHolder] = (),
    readers: Collection[str] = (),
) -> OpenedManifest:
    """The manifest of the parcel with the id `parcel`; None if the reader expects no particular id.

    `readers` are the reader's own addresses, as far as known.

    (1) It is encrypted with authentication, and each of its password recipients has the parcel's key derivation. (2) It
    is decrypted. (3) The signature, if there is one, is judged. (4) The JSON is read. (5) The manifest has the id of
    this parcel. (6) It is addressed to one of `readers`. Nothing is derived from a password.

    Raises ParcelDamaged, ParcelMixed, ParcelMisaddressed, ParcelNotAuthenticated, WrongPassphrase, NoMatchingRecipient,
    LimitExceeded or UnsupportedAlgorithm. A signature that does not verify raises nothing: the report states the
    failure.
    """
    what = "the manifest"
    check_limit("bytes of a parcel manifest", len(cms), MAX_MANIFEST_OBJECT_BYTES)
    # (1) The encryption.
    enveloped = parse_envelope(cms, key, what=what)
    examiner = Examiner(
        keys=keys_of(key, identities), judging=judging, provider=provider, signed_types=(PARCEL_MANIFEST,)
    )
    with damage(what):
        # (2) The decryption.
        opened = await examiner.decrypt(enveloped)
        walk = Walk()
        walk.add_encrypted(enveloped, opened, examiner)
        # (3) The signature.
        content = await _judge_signature(opened.content, walk, examiner)
        walk.enter(content)
        # (4) The JSON.
        manifest = read_manifest(content)
    # (5) The id of the parcel.
    if parcel not in (None, manifest.parcel):
        raise ParcelMixed("the manifest is that of another parcel")
    # (6) The address of the reader.
    is_for_reader = any(addresses_match(recipient, reader) for recipient in manifest.recipients for reader in readers)
    if readers and not is_for_reader:
        raise ParcelMisaddressed(f"the sender made this parcel for {', '.join(manifest.recipients) or 'nobody'}")
    report = walk.report(examiner, claim=Claim.FROM_FIELD, sender=manifest.sender, further=())
    return OpenedManifest(manifest=manifest, report=report, content=content)


def _asking_for_receipts(signing: Signing, *, parcel: str, sender: str) -> Signing:
    """The signing, with a request for receipts to `sender`. It stays unchanged if the address is not ASCII.

    The signedContentIdentifier of the request is the id of the parcel, so a server can find the parcel of a receipt
    without reading the manifest. All recipients are asked, and nobody has to give a receipt (RFC 2634 section 2.2).
    """
    if not sender.isascii():
        return signing
    request = ReceiptRequest(
        signed_content_identifier=parcel.encode("ascii"),
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name(sender),),),
    )
    attributes = (*signing.options.further_attributes, build_receipt_request(request))
    return replace(signing, options=replace(signing.options, further_attributes=attributes))


async def _judge_signature(content: bytes, walk: Walk, examiner: Examiner) -> bytes:
    # Returns the JSON in the content. Content that does not begin like CMS is the JSON itself.
    if not is_content_info(content):
        return content
    signed_data, e_content = _parse_signed(content)
    walk.certificates |= dict.fromkeys(signed_data.certificates)
    signers = await judge_signers(
        signed_data, OctetsContent(e_content, provider=examiner.provider), examiner, tuple(walk.certificates)
    )
    walk.add(signed_layer(signers, len(walk.layers), detached=False))
    return bytes(e_content)


def _parse_signed(content: bytes) -> tuple[SignedData, Buffer]:
    info = parse_content_info(content)
    if info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage(f"content type {info.content_type}, expected SignedData")
    signed_data = parse_signed_data(info.content)
    if signed_data.e_content is None or not signed_data.signer_infos:
        raise MalformedMessage("the content or every signature is missing", where="SignedData")
    if signed_data.e_content_type != PARCEL_MANIFEST:
        raise MalformedMessage(f"signed content of type {signed_data.e_content_type}", where="SignedData")
    return signed_data, signed_data.e_content
