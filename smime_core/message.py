"""The public operations on messages and octets (RFC 8551 section 3).

`*_message` take and give RFC 5322 messages; `*_bytes` are CMS without MIME. All are async: they wait for the provider
and for nothing else.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from smime_core.algorithms import AES_256_CBC, CipherMode, ContentCipher, KeyTransport, SignatureScheme
from smime_core.certificate import Certificate
from smime_core.compressed_data import build_compressed_data, decompress
from smime_core.contacts import NO_CONTACTS, Contacts
from smime_core.content_info import ID_DATA, unarmor
from smime_core.der import Buffer
from smime_core.enveloped_data import build_enveloped_data, open_enveloped_data
from smime_core.errors import (
    ContentTypeMismatch,
    MalformedMessage,
    SmimeError,
    UnsupportedAlgorithm,
    VerificationError,
)
from smime_core.examination import check_compressed_type, check_sealed_type, examine
from smime_core.examiner import Examiner, Opener
from smime_core.header_protection import HeaderScheme, ProtectionMode, protect_headers, unprotect_headers
from smime_core.judgement import Claim
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder, choose_holder_algorithm
from smime_core.layers import (
    AnyLayer,
    CompressedLayer,
    EncryptedLayer,
    SignedLayer,
    find_any_layer,
    find_layer,
    inner_node,
    parse_layer,
    parse_message,
)
from smime_core.limits import MAX_MIME_DEPTH
from smime_core.mime import (
    Entity,
    build_pkcs7_mime,
    build_signed,
    join_message,
    micalg,
    outer_headers_of,
    parse_entity,
    split_message,
)
from smime_core.pkix import TrustStore
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import RecipientInfo
from smime_core.report import MessageReport, State
from smime_core.signed_data import build_signed_data
from smime_core.signer_info import DEFAULT_OPTIONS, SignerOptions


class SignatureForm(StrEnum):
    """DETACHED is multipart/signed, readable everywhere; OPAQUE travels as one application/pkcs7-mime part."""

    DETACHED = "detached"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a sealed CMS structure held, and which of its recipients opened it."""

    content: bytes
    recipient: RecipientInfo


async def sign_message(
    message: bytes,
    *,
    identity: KeyHolder,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    form: SignatureForm = SignatureForm.DETACHED,
    scheme: SignatureScheme | None = None,
    co_signers: Sequence[KeyHolder] = (),
    options: SignerOptions = DEFAULT_OPTIONS,
    crls: Sequence[bytes] = (),
    protection: ProtectionMode | None = None,
) -> bytes:
    """The message signed: its own headers stay outside, its Content-* fields and body become the signed entity.

    The entity is made canonical and 7-bit first (RFC 8551 sections 3.1.1 and 3.1.3). With `protection` the header
    fields are signed too (RFC 9788): CLEAR, or CIPHER where the result is to be encrypted. `crls` (DER of each) are
    carried along. Raises MalformedMessage, and
    UnsupportedAlgorithm for a key that signs nothing.
    """
    outer_headers, entity = _split_protected(message, protection)
    return outer_headers + await sign_entity(
        entity,
        identity=identity,
        provider=provider,
        signing_time=signing_time,
        form=form,
        scheme=scheme,
        co_signers=co_signers,
        options=options,
        crls=crls,
    )


async def sign_entity(
    entity: bytes,
    *,
    identity: KeyHolder,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    form: SignatureForm = SignatureForm.DETACHED,
    scheme: SignatureScheme | None = None,
    co_signers: Sequence[KeyHolder] = (),
    options: SignerOptions = DEFAULT_OPTIONS,
    crls: Sequence[bytes] = (),
) -> bytes:
    """A MIME entity, canonical and 7-bit as `compose` and `split_message` give it, inside an entity that signs it.

    Raises what `sign_bytes` raises.
    """
    holders = [identity, *co_signers]
    signature_der = await build_signed_data(
        entity,
        holders=holders,
        content_type=ID_DATA,
        detached=form is SignatureForm.DETACHED,
        signing_time=signing_time,
        provider=provider,
        scheme=scheme,
        options=options,
        crls=crls,
    )
    if form is SignatureForm.OPAQUE:
        return build_pkcs7_mime(b"", signature_der, "signed-data")
    names = micalg(choose_holder_algorithm(holder, scheme).hash_name for holder in holders)
    boundary = f"sealwax-{provider.random_bytes(16).hex()}"
    return build_signed(b"", entity, signature_der, names, boundary=boundary)


async def encrypt_message(
    message: bytes,
    *,
    recipients: Sequence[Certificate],
    provider: CryptoProvider,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    protection: ProtectionMode | None = None,
) -> bytes:
    """The message sealed for the owners of the certificates and whoever knows a password (UTF-8).

    Its own headers stay outside and readable; with `protection` CIPHER they are sealed too, and what only people read,
    the Subject above all, is hidden outside (RFC 9788).

    The default cipher is what every reader knows (RFC 8551 section 2.7); AES_256_GCM gives AuthEnvelopedData.
    Raises MalformedMessage or UnsupportedAlgorithm for a certificate that may not receive.
    """
    outer_headers, entity = _split_protected(message, protection)
    return outer_headers + await encrypt_entity(
        entity,
        recipients=recipients,
        provider=provider,
        cipher=cipher,
        transport=transport,
        passwords=passwords,
        keks=keks,
    )


async def encrypt_entity(
    entity: bytes,
    *,
    recipients: Sequence[Certificate],
    provider: CryptoProvider,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> bytes:
    """A MIME entity, a signed one perhaps, inside an entity that seals it. Raises what `seal_bytes` raises."""
    cms_der = await build_enveloped_data(
        entity,
        recipients=recipients,
        content_type=ID_DATA,
        cipher=cipher,
        transport=transport,
        provider=provider,
        passwords=passwords,
        keks=keks,
    )
    smime_type = "enveloped-data" if cipher.mode is CipherMode.CBC else "authEnveloped-data"
    return build_pkcs7_mime(b"", cms_der, smime_type)


def compress_message(message: bytes) -> bytes:
    """The message made smaller with zlib (RFC 3274, RFC 8551 section 3.6), to be signed or sealed afterwards.

    Its own headers stay outside. Few mail programs read it. The size of what is sealed then tells more about its
    content: not for text of which an attacker can choose a part. Raises MalformedMessage.
    """
    outer_headers, entity = split_message(message)
    return outer_headers + build_pkcs7_mime(b"", build_compressed_data(entity, content_type=ID_DATA), "compressed-data")


async def decrypt_message(
    message: bytes,
    *,
    identities: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """The inner entity under the outer headers, after every encrypted layer at the top was opened.

    Signatures around encrypted layers are taken off; those inside the innermost one stay. `examine_message` judges
    each. Bare CMS gives its content. Where header fields were protected (RFC 9788), those stand there.
    Raises NoMatchingRecipient, DecryptionError, MalformedMessage (also when nothing is encrypted) or
    UnsupportedAlgorithm.
    """
    node = parse_message(message)
    opener = Opener(identities=identities, passwords=passwords, keks=keks, provider=provider, policy=policy)
    inside, layer = await _open_layers(node, opener)
    if not isinstance(node, Entity) or not isinstance(inside, Entity):
        return _octets_of(inside)
    signed = layer if isinstance(layer, SignedLayer) else None
    return join_message(_shown_headers(node, signed), bytes(inside.encoded))


async def open_message(
    message: bytes,
    *,
    identities: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """What all encrypted layers at the top held, as it is, without the outer headers. Raises as `decrypt_message`."""
    opener = Opener(identities=identities, passwords=passwords, keks=keks, provider=provider, policy=policy)
    return _octets_of((await _open_layers(parse_message(message), opener))[0])


async def _open_layers(node: Entity | bytes, opener: Opener) -> tuple[Entity | bytes, AnyLayer | None]:
    # What the innermost encrypted layer holds, and the layer that it is, if any.
    opened: Entity | bytes | None = None
    try:
        async for inside, was_encrypted in _walk_inwards(node, opener):
            opened = inside if was_encrypted else opened
    except SmimeError:
        # What was encrypted is out. What stands inside and cannot be opened is for whoever examines it, and no error
        # may tell of it where nothing authenticated it.
        if opened is None:
            raise
    if opened is None:
        raise MalformedMessage("found nothing encrypted", where="message")
    with contextlib.suppress(SmimeError):
        return opened, find_any_layer(opened)
    return opened, None


async def _walk_inwards(node: Entity | bytes, opener: Opener) -> AsyncIterator[tuple[Entity | bytes, bool]]:
    # What each layer at the top holds, and whether it was encrypted, or compressed and then encrypted. Signatures
    # around encrypted layers are passed (RFC 8551 section 3.7, RFC 2634 section 1.1).
    was_encrypted = False
    for _ in range(MAX_MIME_DEPTH):
        layer = find_any_layer(node)
        content: Buffer | None = None
        if isinstance(layer, EncryptedLayer | CompressedLayer):
            was_encrypted = was_encrypted or isinstance(layer, EncryptedLayer)
            content = await _open_layer(layer, opener)
        elif isinstance(layer, SignedLayer):
            was_encrypted = False
            content = layer.content if layer.signed_data.signer_infos else None
        elif layer is not None:
            raise UnsupportedAlgorithm(layer.content_type, "content type")
        if content is None:
            return
        node = inner_node(content, node)
        yield node, was_encrypted


async def examine_message(
    data: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    sender: str | None = None,
    detached_content: Buffer | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
    contacts: Contacts = NO_CONTACTS,
) -> MessageReport:
    """The report on an .eml, a MIME entity, DER or PEM; see `examination`.

    `sender` stands in for the From field where there is none. Without any key an encrypted layer stays closed. A
    changed certificate of one of the `contacts` is told.
    Raises MalformedMessage, ContentTypeMismatch, NoMatchingRecipient, DecryptionError or UnsupportedAlgorithm.
    """
    examiner = Examiner(
        identities=identities,
        passwords=passwords,
        keks=keks,
        trust_store=trust_store,
        at=at,
        provider=provider,
        policy=policy,
        contacts=contacts,
    )
    return await examine(data, examiner=examiner, sender=sender, detached_content=detached_content)


async def verify_message(
    data: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    identities: Sequence[KeyHolder] = (),
    sender: str | None = None,
    detached_content: Buffer | None = None,
    policy: Policy = Policy.RECEIVE,
    contacts: Contacts = NO_CONTACTS,
) -> MessageReport:
    """The report, when its state is `verified`.

    Raises VerificationError, with the report, for the other four states; and what `examine_message` raises.
    """
    report = await examine_message(
        data,
        provider=provider,
        trust_store=trust_store,
        at=at,
        identities=identities,
        sender=sender,
        detached_content=detached_content,
        policy=policy,
        contacts=contacts,
    )
    if report.state is not State.VERIFIED:
        why = ", ".join(reason.code for reason in report.reasons)
        raise VerificationError(f"{report.state}: {why}" if why else str(report.state), report=report)
    return report


async def sign_bytes(
    content: Buffer,
    *,
    identity: KeyHolder,
    provider: CryptoProvider,
    signing_time: datetime.datetime,
    content_type: str = ID_DATA,
    form: SignatureForm = SignatureForm.OPAQUE,
    scheme: SignatureScheme | None = None,
    co_signers: Sequence[KeyHolder] = (),
    options: SignerOptions = DEFAULT_OPTIONS,
    crls: Sequence[bytes] = (),
) -> bytes:
    """DER of SignedData over `content` as it is, with the signers' certificates and chains (RFC 5652 section 5).

    `scheme` None takes what most readers know, RSA v1.5 for RSA keys; `content_type` is a dotted OID.
    Raises UnsupportedAlgorithm for a key that does not sign so, MalformedMessage for options that contradict.
    """
    return await build_signed_data(
        content,
        holders=[identity, *co_signers],
        content_type=content_type,
        detached=form is SignatureForm.DETACHED,
        signing_time=signing_time,
        provider=provider,
        scheme=scheme,
        options=options,
        crls=crls,
    )


async def verify_bytes(
    cms: Buffer,
    *,
    provider: CryptoProvider,
    trust_store: TrustStore,
    at: datetime.datetime,
    content_type: str = ID_DATA,
    detached_content: Buffer | None = None,
    sender: str | None = None,
    policy: Policy = Policy.RECEIVE,
) -> MessageReport:
    """The report on CMS without MIME.

    The signer is held against `sender`, where the content names no sender itself. Without one nobody's authorship is
    claimed beside the signature. Raises MalformedMessage, UnsupportedAlgorithm or LimitExceeded.
    """
    examiner = Examiner(
        trust_store=trust_store,
        at=at,
        provider=provider,
        signed_types=(content_type,),
        sealed_types=(content_type,),
        policy=policy,
    )
    claim = Claim.NONE if sender is None else Claim.FROM_FIELD
    return await examine(unarmor(cms), examiner=examiner, claim=claim, sender=sender, detached_content=detached_content)


async def seal_bytes(
    content: Buffer,
    *,
    recipients: Sequence[Certificate],
    provider: CryptoProvider,
    content_type: str = ID_DATA,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> bytes:
    """DER of EnvelopedData or AuthEnvelopedData over `content` as it is.

    Raises MalformedMessage without recipients, UnsupportedAlgorithm for a certificate that may not receive.
    """
    return await build_enveloped_data(
        content,
        recipients=recipients,
        content_type=content_type,
        cipher=cipher,
        transport=transport,
        provider=provider,
        passwords=passwords,
        keks=keks,
    )


async def open_bytes(
    cms: Buffer,
    *,
    identities: Sequence[KeyHolder],
    provider: CryptoProvider,
    content_type: str = ID_DATA,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> Opened:
    """What one encrypted layer holds.

    Raises ContentTypeMismatch, NoMatchingRecipient, DecryptionError, MalformedMessage or UnsupportedAlgorithm.
    """
    layer = parse_layer(unarmor(cms), detached_content=None)
    if not isinstance(layer, EncryptedLayer):
        raise MalformedMessage("found nothing encrypted", where="CMS")
    if layer.enveloped.content_type != content_type:
        raise ContentTypeMismatch(f"sealed as {layer.enveloped.content_type}, expected {content_type}")
    if content_type != ID_DATA and not layer.authenticated:
        raise ContentTypeMismatch(f"content of type {content_type} is sealed without authentication")
    opened = await open_enveloped_data(
        layer.enveloped, holders=identities, provider=provider, passwords=passwords, keks=keks, policy=policy
    )
    return Opened(content=opened.content, recipient=opened.recipient)


def recipient_ids(data: Buffer) -> tuple[str, ...]:
    """Whom the outermost encrypted layer is sealed for, as readable text; nobody when it is not encrypted.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    layer = find_layer(parse_message(data))
    if not isinstance(layer, EncryptedLayer):
        return ()
    return tuple(str(recipient.rid) for recipient in layer.enveloped.recipients)


def _split_protected(message: bytes, protection: ProtectionMode | None) -> tuple[bytes, bytes]:
    outer_headers, entity = split_message(message)
    return (outer_headers, entity) if protection is None else protect_headers(outer_headers, entity, mode=protection)


async def _open_layer(layer: EncryptedLayer | CompressedLayer, opener: Opener) -> Buffer:
    if isinstance(layer, CompressedLayer):
        check_compressed_type(layer.compressed.e_content_type, opener)
        return decompress(layer.compressed)
    check_sealed_type(layer.enveloped, opener)
    opened = await open_enveloped_data(
        layer.enveloped,
        holders=opener.identities,
        provider=opener.provider,
        passwords=opener.passwords,
        keks=opener.keks,
        policy=opener.policy,
    )
    return opened.content


def _octets_of(node: Entity | bytes) -> bytes:
    return bytes(node.encoded) if isinstance(node, Entity) else node


def _shown_headers(outer: Entity, signed: SignedLayer | None) -> bytes:
    # What a signature covers is handed out as it is: its protected fields stand outside in place of the hidden ones.
    if signed is not None and signed.content is not None:
        payload = parse_entity(signed.content)
        protected = unprotect_headers(outer.headers, payload, signed=False, encrypted=True)
        if protected.scheme is not HeaderScheme.NONE:
            return outer_headers_of(protected.headers)
    return outer_headers_of(outer.headers)
