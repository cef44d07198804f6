"""The public operations on messages and bytes (RFC 8551 section 3).

`*_message` functions accept and return RFC 5322 messages. `*_bytes` functions work on CMS without MIME. A layer at the
top is around the whole content of the message, not around one of its parts. The async functions await only the
provider.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.cms.compressed_data import build_compressed_data, decompress
from smime_core.cms.content_info import ID_DATA, unarmor
from smime_core.cms.enveloped_data import build_enveloped_data, enveloped_smime_type
from smime_core.cms.layers import (
    CompressedLayer,
    EncryptedLayer,
    Layer,
    SignedLayer,
    find_any_layer,
    find_layer,
    parse_layer,
    parse_message,
)
from smime_core.cms.nested_parts import find_encrypted_parts, may_hold_parts
from smime_core.cms.recipients.content_keys import Decrypted
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signed_frame import build_frame, needs_frame, new_boundary, node_inside
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import (
    MalformedMessage,
    OnlyPartsEncrypted,
    OpenPgpContent,
    SmimeError,
    UnsupportedAlgorithm,
    VerificationError,
)
from smime_core.limits import MAX_LOOKED_INSIDE_BYTES, MAX_MIME_DEPTH
from smime_core.mail.header_protection import HeaderScheme, ProtectionMode, protect_headers, unprotect_headers
from smime_core.mime import (
    Entity,
    Headers,
    Preparation,
    build_pkcs7_mime,
    build_signed,
    find_openpgp,
    join_message,
    micalg,
    outer_headers_of,
    parse_entity,
    split_message,
)
from smime_core.mime.preparation_scan import cut_field_bytes
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.verdict.examiner import Decryptor, Examiner
from smime_core.verdict.signers import Claim
from smime_core.verdict.walk import bytes_of, examine


async def sign_message(
    message: bytes, signing: Signing, provider: CryptoProvider, protection: ProtectionMode | None = None
) -> bytes:
    """The signed message. Its Content-* fields and body become the signed entity; the other header fields stay outside.

    The entity is first made canonical and 7-bit (RFC 8551 sections 3.1.1 and 3.1.3). In a clear signature, a
    multipart/mixed is put around signed content, compressed content or a forwarded mail. With `protection` the header
    fields are signed too (RFC 9788): CLEAR, or CIPHER if the result will be encrypted. Raises MalformedMessage, and
    UnsupportedAlgorithm for a key that cannot sign.
    """
    outer_headers, entity = split_message(message, Preparation.SEVEN_BIT)
    if signing.mail_form(cut_field_bytes(entity)) is SignatureForm.DETACHED:
        entity = _framed(entity, provider, protection)
    outer_headers, entity = _protected(outer_headers, entity, protection)
    return outer_headers + await sign_entity(entity, signing, provider)


async def sign_entity(entity: bytes, signing: Signing, provider: CryptoProvider) -> bytes:
    """A MIME entity that contains the signed `entity`, which must be canonical and 7-bit, as from `split_message`.

    Raises the errors of `sign_bytes` and `Signing.mail_form`.
    """
    signing = dataclasses.replace(signing, form=signing.mail_form(cut_field_bytes(entity)))
    signature_der = await build_signed_data(entity, signing, provider, ID_DATA)
    if signing.form is SignatureForm.OPAQUE:
        return build_pkcs7_mime(b"", signature_der, "signed-data")
    names = micalg(algorithm.hash_name for algorithm in signing.algorithms)
    return build_signed(b"", entity, signature_der, names, new_boundary(provider))


async def encrypt_message(
    message: bytes, encrypting: Encrypting, provider: CryptoProvider, protection: ProtectionMode | None = None
) -> bytes:
    """The message, encrypted for the recipients.

    The entity is first made canonical (RFC 8551 section 3.1.1). Its parts keep their transfer encodings, because no
    transport alters what is encrypted (section 3.1.2).

    The message's headers stay outside and readable. With `protection` CIPHER they are encrypted too, and the outer
    fields that only people read, above all the Subject, are hidden (RFC 9788).

    The default cipher is AES-256-CBC, which every mail program can read (RFC 8551 section 2.7). AES_256_GCM makes
    AuthEnvelopedData. Raises MalformedMessage, or UnsupportedAlgorithm for a certificate that does not allow
    encryption.
    """
    outer_headers, entity = _protected(*split_message(message, Preparation.CANONICAL), protection)
    return outer_headers + await encrypt_entity(entity, encrypting, provider)


async def encrypt_entity(entity: bytes, encrypting: Encrypting, provider: CryptoProvider) -> bytes:
    """A MIME entity that contains the encrypted `entity`. Raises the errors of `encrypt_bytes`."""
    cms_der = await build_enveloped_data(entity, encrypting, provider, ID_DATA)
    return build_pkcs7_mime(b"", cms_der, enveloped_smime_type(encrypting))


def compress_message(message: bytes) -> bytes:
    """The message, compressed with zlib (RFC 3274, RFC 8551 section 3.6), to be signed or encrypted afterwards.

    The message's headers stay outside. Few mail programs read compressed mail. If the result is encrypted, its size
    reveals more about the text: do not compress text that an attacker can partly choose. Raises MalformedMessage.
    """
    outer_headers, entity = split_message(message)
    return outer_headers + build_pkcs7_mime(b"", build_compressed_data(entity, content_type=ID_DATA), "compressed-data")


async def decrypt_message(
    message: bytes, keys: Keys, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> bytes:
    """The decrypted entity under the message's headers. Every encrypted layer at the top is decrypted.

    Signatures around encrypted layers are removed; signatures inside the innermost encrypted layer stay.
    `examine_message` judges all of them. For CMS without MIME, the result is the content. Protected header fields (RFC
    9788) replace the outer ones. Raises NoMatchingRecipient, DecryptionError, MalformedMessage (also if nothing is
    encrypted) or UnsupportedAlgorithm.
    """
    node = parse_message(message)
    inside, layer = await _open_layers(node, Decryptor(keys=keys, provider=provider, policy=policy, other_types=True))
    if not isinstance(node, Entity) or not isinstance(inside, Entity):
        return bytes_of(inside)
    signed = layer if isinstance(layer, SignedLayer) else None
    return join_message(_shown_headers(node, signed), bytes(inside.encoded))


async def decrypt_entity(
    message: bytes, keys: Keys, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> bytes:
    """The content inside all encrypted layers at the top, unchanged and without the outer headers.

    Raises the errors of `decrypt_message`.
    """
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, other_types=True)
    return bytes_of((await _open_layers(parse_message(message), decryptor))[0])


async def read_headers(
    message: bytes, keys: Keys, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> Headers:
    """The header fields that `read_unverified` returns for a mail. Raises the same errors."""
    return (await read_unverified(message, keys, provider, policy=policy)).headers


class UnverifiedMessage(NamedTuple):
    """A mail whose signatures nobody has checked, so any part of it may be forged.

    `content` is the MIME entity inside all layers at the top, or bytes if the content is no MIME entity.
    """

    headers: Headers
    content: Entity | bytes
    is_encrypted: bool


async def read_unverified(
    message: bytes, keys: Keys, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> UnverifiedMessage:
    """A mail with every layer at the top decrypted, without a verdict, for lists and searches.

    The header fields are those that `examine_message` shows. Raises NoMatchingRecipient, DecryptionError,
    MalformedMessage or UnsupportedAlgorithm.
    """
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, other_types=True)
    outer = parse_entity(message)
    inside: Entity | bytes = outer
    encrypted = False
    async for node, was_encrypted in _walk_inwards(outer, decryptor):
        inside, encrypted = node, encrypted or was_encrypted
    if not isinstance(inside, Entity):
        return UnverifiedMessage(outer.headers, inside, encrypted)
    headers = unprotect_headers(outer.headers, inside, signed=False, encrypted=encrypted).headers
    return UnverifiedMessage(headers, inside, encrypted)


async def _open_layers(node: Entity | bytes, decryptor: Decryptor) -> tuple[Entity | bytes, Layer | None]:
    # Returns the content of the innermost encrypted layer, and the outermost layer of that content, or None.
    opened: Entity | bytes | None = None
    innermost = node
    try:
        async for inside, was_encrypted in _walk_inwards(node, decryptor):
            innermost, opened = inside, inside if was_encrypted else opened
    except SmimeError:
        # After an encrypted layer was decrypted, an unreadable layer inside it is left to `examine_message`. An error
        # here would describe plaintext that may not be authenticated.
        if opened is None:
            raise
    if opened is None:
        if isinstance(node, Entity) and find_openpgp(node) is not None:
            raise OpenPgpContent
        raise nothing_encrypted(innermost)
    with contextlib.suppress(SmimeError):
        return opened, find_any_layer(opened)
    return opened, None


def nothing_encrypted(innermost: Entity | bytes) -> MalformedMessage:
    """The error for a message that is not encrypted as a whole; `innermost` is the content inside its layers.

    Raises LimitExceeded.
    """
    if not isinstance(innermost, Entity) or not may_hold_parts(innermost):
        return MalformedMessage("found nothing encrypted", where="message")
    if len(innermost.body) > MAX_LOOKED_INSIDE_BYTES:
        return MalformedMessage("found nothing encrypted around the whole, and it is too large to look inside")
    parts = find_encrypted_parts(innermost)
    return OnlyPartsEncrypted(parts) if parts else MalformedMessage("found nothing encrypted", where="message")


async def _walk_inwards(node: Entity | bytes, decryptor: Decryptor) -> AsyncIterator[tuple[Entity | bytes, bool]]:
    # Yields (content, flag) for each layer at the top. The flag is True if the layer was encrypted, or if it was
    # compressed inside an encrypted layer. Signatures around encrypted layers are left out (RFC 8551 section 3.7,
    # RFC 2634 section 1.1).
    was_encrypted = False
    for _ in range(MAX_MIME_DEPTH):
        layer = find_any_layer(node)
        content: Buffer | None = None
        if isinstance(layer, EncryptedLayer | CompressedLayer):
            was_encrypted = was_encrypted or isinstance(layer, EncryptedLayer)
            content = await _open_layer(layer, decryptor)
        elif isinstance(layer, SignedLayer):
            was_encrypted = False
            content = layer.content if layer.signed_data.signer_infos else None
        elif layer is not None:
            raise UnsupportedAlgorithm(layer.content_type, "content type")
        if layer is None or content is None:
            return
        node = node_inside(layer, content, node)
        yield node, was_encrypted


async def examine_message(
    data: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    keys: Keys = NO_KEYS,
    sender: str | None = None,
    *,
    detached_content: Buffer | None = None,
    policy: Policy = Policy.RECEIVE,
) -> MessageReport:
    """The report on an .eml, a MIME entity, DER or PEM; see `verdict.walk`.

    `sender` is the author if there is no From and no Sender field. Without any key, an encrypted layer is not
    decrypted. Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError or
    UnsupportedAlgorithm.
    """
    examiner = Examiner(keys=keys, judging=judging, provider=provider, policy=policy, other_types=True)
    return await examine(data, examiner=examiner, sender=sender, detached_content=detached_content)


async def verify_message(
    data: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    *,
    keys: Keys = NO_KEYS,
    sender: str | None = None,
    detached_content: Buffer | None = None,
    policy: Policy = Policy.RECEIVE,
) -> MessageReport:
    """The report, if its state is `verified`.

    Raises VerificationError, with the report, for the other four states, and the errors of `examine_message`.
    """
    report = await examine_message(
        data, judging, provider, keys, sender, detached_content=detached_content, policy=policy
    )
    if report.state is not State.VERIFIED:
        why = ", ".join(reason.code for reason in report.reasons)
        raise VerificationError(f"{report.state}: {why}" if why else str(report.state), report=report)
    return report


async def sign_bytes(
    content: Buffer, signing: Signing, provider: CryptoProvider, *, content_type: str = ID_DATA
) -> bytes:
    """DER of SignedData over `content` as it is, with the signers' certificates and chains (RFC 5652 section 5).

    `content_type` is a dotted OID. Raises UnsupportedAlgorithm for a key that cannot sign with the scheme,
    MalformedMessage for contradictory options.
    """
    return await build_signed_data(content, signing, provider, content_type)


async def verify_bytes(
    cms: Buffer,
    judging: Judging,
    provider: CryptoProvider,
    *,
    content_type: str = ID_DATA,
    detached_content: Buffer | None = None,
    sender: str | None = None,
    policy: Policy = Policy.RECEIVE,
) -> MessageReport:
    """The report on CMS without MIME.

    The signer is compared with `sender` if the content names no sender itself. Without `sender`, the signer is not
    compared with any author. Raises MalformedMessage, UnsupportedAlgorithm or LimitExceeded.
    """
    examiner = Examiner(
        judging=judging,
        provider=provider,
        signed_types=(content_type,),
        encrypted_types=(content_type,),
        policy=policy,
    )
    claim = Claim.NONE if sender is None else Claim.FROM_FIELD
    return await examine(unarmor(cms), examiner=examiner, claim=claim, sender=sender, detached_content=detached_content)


async def encrypt_bytes(
    content: Buffer, encrypting: Encrypting, provider: CryptoProvider, *, content_type: str = ID_DATA
) -> bytes:
    """DER of EnvelopedData or AuthEnvelopedData over `content` as it is.

    Raises MalformedMessage without recipients, UnsupportedAlgorithm for a certificate that does not allow encryption.
    """
    return await build_enveloped_data(content, encrypting, provider, content_type)


async def decrypt_bytes(
    cms: Buffer,
    keys: Keys,
    provider: CryptoProvider,
    *,
    content_type: str = ID_DATA,
    policy: Policy = Policy.RECEIVE,
) -> Decrypted[bytes]:
    """The content of one encrypted layer, and the recipient whose key decrypted it.

    Raises ContentTypeMismatch, NoMatchingRecipient, DecryptionError, MalformedMessage or UnsupportedAlgorithm.
    """
    layer = parse_layer(unarmor(cms))
    if not isinstance(layer, EncryptedLayer):
        raise MalformedMessage("found nothing encrypted", where="CMS")
    decryptor = Decryptor(keys=keys, provider=provider, policy=policy, encrypted_types=(content_type,))
    return await decryptor.decrypt(layer.enveloped)


def recipient_ids(data: Buffer) -> tuple[str, ...]:
    """The recipients of the outermost layer as readable text; empty if that layer is not encrypted.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    layer = find_layer(parse_message(data))
    if not isinstance(layer, EncryptedLayer):
        return ()
    return tuple(str(recipient.rid) for recipient in layer.enveloped.recipients)


def _framed(entity: bytes, provider: CryptoProvider, protection: ProtectionMode | None) -> bytes:
    parsed = parse_entity(entity)
    if not needs_frame(parsed, protects=protection is not None):
        return entity
    head, before, behind = build_frame(new_boundary(provider))
    return b"".join((head, before, entity, behind))


def _protected(outer_headers: bytes, entity: bytes, protection: ProtectionMode | None) -> tuple[bytes, bytes]:
    return (outer_headers, entity) if protection is None else protect_headers(outer_headers, entity, protection)


async def _open_layer(layer: EncryptedLayer | CompressedLayer, decryptor: Decryptor) -> Buffer:
    if isinstance(layer, CompressedLayer):
        decryptor.check_compressed_type(layer.compressed.e_content_type)
        return decompress(layer.compressed)
    return (await decryptor.decrypt(layer.enveloped)).content


def _shown_headers(outer: Entity, signed: SignedLayer | None) -> bytes:
    # Returns the header fields to display above the decrypted entity. Protected fields inside a signed layer replace
    # the outer fields, which may be hidden. The signed content itself stays unchanged.
    if signed is not None and signed.content is not None:
        payload = parse_entity(signed.content)
        protected = unprotect_headers(outer.headers, payload, signed=False, encrypted=True)
        if protected.scheme is not HeaderScheme.NONE:
            return outer_headers_of(protected.headers)
    return outer_headers_of(outer.headers)
