"""EnvelopedData and AuthEnvelopedData: parsing, building, opening (RFC 5652 section 6, RFC 5083, RFC 5084, RFC 8103).

EnvelopedData never holds an AEAD cipher and AuthEnvelopedData holds nothing else: the other way round is refused before
a key is touched (MUSTS 18). In memory: `build_enveloped_data` and `open_enveloped_data`, whose plaintext is returned
whole, after its padding or tag was checked.

For streams the content stands apart from everything else:

- reading: `parse_enveloped_data` takes a structure whose encrypted content was cut out, down to no octets, and
  `open_with_content_key(enveloped, use, ...)` calls `use(cek)` with every key that may be the right one until it raises
  no DecryptionError; `encryption` (cipher, IV, tag length), `tag` and `auth_attrs_der` say what `use` decrypts with;
- writing: `start_envelope(...)` gives an `Envelope` with the fresh `cek` and `encryption`, `prefix(encrypted_length)`
  for what stands before the encrypted content and `suffix(tag)` for what stands behind it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from smime_core import der
from smime_core.algorithms import TAG_LENGTH, CipherMode, ContentCipher, KeyTransport
from smime_core.attributes import (
    CONTENT_TYPE,
    Attributes,
    build_attribute,
    parse_attributes,
    parse_unsigned_attributes,
    single_value,
)
from smime_core.certificate import Certificate
from smime_core.content_encryption import ContentEncryption, build_content_encryption
from smime_core.content_info import ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA
from smime_core.content_keys import OpenedWith, try_content_keys
from smime_core.der import Buffer, Tlv
from smime_core.encrypted_content import ENCRYPTED_CONTENT, EncryptedContent, decrypt_cbc, parse_encrypted_content
from smime_core.errors import ContentTypeMismatch, MalformedMessage, UnsupportedAlgorithm
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder
from smime_core.originator_info import ORIGINATOR_INFO, OriginatorInfo, parse_originator_info
from smime_core.policy import Policy, check_content_cipher
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import (
    RecipientInfo,
    build_recipient_infos,
    default_transport,
    enveloped_version,
    parse_recipient_infos,
)

_T = TypeVar("_T")
_AUTH_ATTRS: Final = 0xA1
_UNPROTECTED_ATTRS: Final = 0xA1
_UNAUTH_ATTRS: Final = 0xA2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopedData:
    """Either of the two structures.

    `tag` (mac) and `auth_attrs_der` (in the SET OF form that is authenticated) stand in AuthEnvelopedData alone.
    `unprotected_attrs` (unauthAttrs there) are anybody's word. `encrypted_content` is empty when a stream keeps it.
    """

    recipients: tuple[RecipientInfo, ...]
    content_type: str
    encryption: ContentEncryption
    encrypted_content: Buffer
    originator_info: OriginatorInfo | None = None
    tag: bytes = b""
    auth_attrs_der: bytes = b""
    unprotected_attrs: Attributes = field(default_factory=dict)

    @property
    def cipher(self) -> ContentCipher:
        return self.encryption.cipher

    @property
    def is_authenticated(self) -> bool:
        return self.encryption.cipher.is_authenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedContent:
    """What stood inside, and which recipient opened it."""

    content: bytes
    recipient: RecipientInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A structure that is being made: all of it but the encrypted content and the tag."""

    content_type: str
    encryption: ContentEncryption
    cek: bytes = field(repr=False)
    recipient_infos: tuple[bytes, ...]
    auth_attrs_der: bytes

    def prefix(self, encrypted_length: int) -> bytes:
        """The octets before `encrypted_length` octets of encrypted content, ContentInfo included."""
        authenticated = self.encryption.cipher.is_authenticated
        head = der.integer(0 if authenticated else enveloped_version(self.recipient_infos))
        head += der.set_of(list(self.recipient_infos))
        inner = der.oid(self.content_type) + build_content_encryption(self.encryption)
        inner += der.header(ENCRYPTED_CONTENT, encrypted_length)
        head += der.header(der.SEQUENCE, len(inner) + encrypted_length) + inner
        after_length = len(self.suffix(bytes(self.encryption.tag_length)))
        head = der.header(der.SEQUENCE, len(head) + encrypted_length + after_length) + head
        head = der.header(0xA0, len(head) + encrypted_length + after_length) + head
        head = der.oid(ID_AUTH_ENVELOPED_DATA if authenticated else ID_ENVELOPED_DATA) + head
        return der.header(der.SEQUENCE, len(head) + encrypted_length + after_length) + head

    def suffix(self, tag: Buffer) -> bytes:
        """The octets behind the encrypted content; nothing without a tag."""
        if not self.encryption.tag_length:
            return b""
        attrs = bytes((_AUTH_ATTRS,)) + self.auth_attrs_der[1:] if self.auth_attrs_der else b""
        return attrs + der.octet_string(tag)


def parse_enveloped_data(content: Tlv, *, content_type: str) -> EnvelopedData:
    """The structure inside a ContentInfo of `content_type`, either of the two.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    authenticated = content_type == ID_AUTH_ENVELOPED_DATA
    where = "AuthEnvelopedData" if authenticated else "EnvelopedData"
    fields = der.read_children(der.expect(content, der.SEQUENCE, where=where), where=where)
    fields = der.pass_version(fields, where=where)
    originator_info = None
    if fields and fields[0].tag == ORIGINATOR_INFO:
        originator_info = parse_originator_info(fields[0])
        fields = fields[1:]
    if len(fields) < (3 if authenticated else 2):
        raise MalformedMessage("cut short", where=where)
    recipients = parse_recipient_infos(fields[0])
    inside = parse_encrypted_content(fields[1], authenticated=authenticated)
    if not authenticated:
        return EnvelopedData(
            recipients=recipients,
            content_type=inside.content_type,
            encryption=inside.encryption,
            encrypted_content=inside.octets,
            originator_info=originator_info,
            unprotected_attrs=_parse_trailing_attrs(fields[2:], _UNPROTECTED_ATTRS, where=where),
        )
    return _parse_authenticated(fields[2:], inside, recipients, originator_info)


async def open_enveloped_data(
    enveloped: EnvelopedData,
    *,
    holders: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    originators: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> OpenedContent:
    """The content, by the first recipient that one of the keys is for and whose content key opens it.

    Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm (AlgorithmForbidden by `policy`) or
    MalformedMessage; see `content_keys.try_content_keys`.
    """

    async def decrypt(cek: bytes) -> bytes:
        return await _decrypt(enveloped, cek, provider)

    opened = await open_with_content_key(
        enveloped,
        decrypt,
        holders=holders,
        provider=provider,
        passwords=passwords,
        keks=keks,
        originators=originators,
        policy=policy,
    )
    return OpenedContent(content=opened.result, recipient=opened.recipient)


async def open_with_content_key(
    enveloped: EnvelopedData,
    use: Callable[[bytes], Awaitable[_T]],
    *,
    holders: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    originators: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> OpenedWith[_T]:
    """What `use` gives for the content key; it is called with each that may be the right one.

    `use` raises DecryptionError for a wrong key, after which the next is tried. `originators` are certificates beside
    those of originatorInfo, for static key agreement. Raises what `open_enveloped_data` raises.
    """
    check_content_cipher(enveloped.encryption.cipher, policy)
    carried = enveloped.originator_info.certificates if enveloped.originator_info else ()
    return await try_content_keys(
        enveloped.recipients,
        use,
        cek_length=enveloped.encryption.cipher.key_length,
        holders=holders,
        provider=provider,
        passwords=passwords,
        keks=keks,
        originators=(*carried, *originators),
        policy=policy,
    )


async def find_content_key(
    enveloped: EnvelopedData,
    *,
    holders: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """The content key, proved by decrypting the content. Raises what `open_enveloped_data` raises."""

    async def prove(cek: bytes) -> bytes:
        await _decrypt(enveloped, cek, provider)
        return cek

    opened = await open_with_content_key(
        enveloped, prove, holders=holders, provider=provider, passwords=passwords, keks=keks, policy=policy
    )
    return opened.result


async def start_envelope(
    *,
    recipients: Sequence[Certificate],
    content_type: str,
    cipher: ContentCipher,
    transport: KeyTransport | None,
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> Envelope:
    """A structure with a fresh content key for every recipient, before any content.

    `transport` None is RSA v1.5 beside CBC, which every reader knows, and OAEP with SHA-256 beside an AEAD cipher.
    Raises UnsupportedAlgorithm for a certificate that may not receive or a cipher that is only read, MalformedMessage
    without recipients.
    """
    if not (recipients or passwords or keks):
        raise MalformedMessage("there is nobody to encrypt to", where="recipients")
    _check_is_made(cipher)
    cek = provider.random_bytes(cipher.key_length)
    infos = await build_recipient_infos(
        cek,
        recipients=recipients,
        provider=provider,
        transport=transport or default_transport(cipher),
        passwords=passwords,
        keks=keks,
    )
    # RFC 5083 section 2.1: authenticated attributes are required when the content is not id-data.
    auth_attrs_der = b""
    if cipher.is_authenticated and content_type != ID_DATA:
        auth_attrs_der = der.set_of([build_attribute(CONTENT_TYPE, der.oid(content_type))])
    return Envelope(
        content_type=content_type,
        encryption=ContentEncryption(
            cipher=cipher,
            iv=provider.random_bytes(cipher.iv_length),
            tag_length=TAG_LENGTH if cipher.is_authenticated else 0,
        ),
        cek=cek,
        recipient_infos=tuple(infos),
        auth_attrs_der=auth_attrs_der,
    )


async def build_enveloped_data(
    content: Buffer,
    *,
    recipients: Sequence[Certificate],
    content_type: str,
    cipher: ContentCipher,
    transport: KeyTransport | None,
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
) -> bytes:
    """DER of a ContentInfo with EnvelopedData (CBC) or AuthEnvelopedData (GCM, ChaCha20-Poly1305) for everybody named.

    Raises what `start_envelope` raises.
    """
    envelope = await start_envelope(
        recipients=recipients,
        content_type=content_type,
        cipher=cipher,
        transport=transport,
        provider=provider,
        passwords=passwords,
        keks=keks,
    )
    encrypted = memoryview(
        await provider.encrypt_content(
            cipher, envelope.cek, envelope.encryption.iv, content, aad=envelope.auth_attrs_der
        )
    )
    end = len(encrypted) - envelope.encryption.tag_length
    return b"".join((envelope.prefix(end), encrypted[:end], envelope.suffix(encrypted[end:])))


def _check_is_made(cipher: ContentCipher) -> None:
    check_content_cipher(cipher, Policy.SEND)
    if cipher.mode is CipherMode.CCM:
        raise UnsupportedAlgorithm(cipher.oid, "content encryption", text=f"{cipher.name} is read and never made")


def _parse_authenticated(
    fields: list[Tlv],
    inside: EncryptedContent,
    recipients: tuple[RecipientInfo, ...],
    originator_info: OriginatorInfo | None,
) -> EnvelopedData:
    where = "AuthEnvelopedData"
    auth_attrs = fields.pop(0) if fields[0].tag == _AUTH_ATTRS else None
    if not fields:
        raise MalformedMessage("the mac is missing", where=where)
    tag = bytes(der.read_octets(fields[0], where="mac"))
    # RFC 5084 section 3.2: the length of the mac is aes-ICVlen (MUSTS 19).
    if len(tag) != inside.encryption.tag_length:
        raise MalformedMessage(f"{len(tag)} bytes, expected {inside.encryption.tag_length}", where="mac")
    return EnvelopedData(
        recipients=recipients,
        content_type=inside.content_type,
        encryption=inside.encryption,
        encrypted_content=inside.octets,
        originator_info=originator_info,
        tag=tag,
        auth_attrs_der=_parse_auth_attrs(auth_attrs, inside.content_type),
        unprotected_attrs=_parse_trailing_attrs(fields[1:], _UNAUTH_ATTRS, where=where),
    )


def _parse_trailing_attrs(fields: list[Tlv], tag: int, *, where: str) -> Attributes:
    if not fields:
        return {}
    if len(fields) > 1:
        raise MalformedMessage(f"{len(fields) - 1} fields too many", where=where)
    return parse_unsigned_attributes(der.expect(fields[0], tag, where=where), where=where)


async def _decrypt(enveloped: EnvelopedData, cek: bytes, provider: CryptoProvider) -> bytes:
    encryption = enveloped.encryption
    ciphertext = enveloped.encrypted_content
    if not encryption.tag_length:
        return await decrypt_cbc(encryption, cek, ciphertext, provider=provider)
    return await provider.decrypt_content(
        encryption.cipher,
        cek,
        encryption.iv,
        b"".join((ciphertext, enveloped.tag)),
        aad=enveloped.auth_attrs_der,
        tag_length=encryption.tag_length,
    )


def _parse_auth_attrs(auth_attrs: Tlv | None, content_type: str) -> bytes:
    # RFC 5083 section 2.2: authenticated in the SET OF form. The content type binds the kind of content, so that what
    # was sealed as a mail is never opened as a field.
    where = "authAttrs"
    if auth_attrs is None:
        if content_type != ID_DATA:
            raise MalformedMessage("absent, though the content is not id-data", where=where)
        return b""
    auth_attrs_der, attributes = parse_attributes(auth_attrs, where=where)
    if content_type != ID_DATA or CONTENT_TYPE in attributes:
        authenticated_type = der.parse_oid(single_value(attributes, CONTENT_TYPE, "content-type"), where=where)
        if authenticated_type != content_type:
            raise ContentTypeMismatch(f"authenticated as {authenticated_type}, presented as {content_type}")
    return auth_attrs_der
