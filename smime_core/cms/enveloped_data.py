"""EnvelopedData and AuthEnvelopedData: parse, build, decrypt (RFC 5652 section 6, RFC 5083, RFC 5084, RFC 8103).

EnvelopedData never has an AEAD cipher, and AuthEnvelopedData always has one. A mismatch is refused before a key is used
(MUSTS 18). `build_enveloped_data` and `decrypt_enveloped_data` work on the whole content in memory. Plaintext is
returned only after its padding or tag was checked.

Streams handle the content apart from the other fields:

- reading: `parse_enveloped_data` accepts a structure whose encrypted content was cut out. Then
  `use_content_key(enveloped, use, ...)` calls `use(cek)` with each possible content key in turn, until `use` does not
  raise DecryptionError. `encryption` (cipher, IV, tag length), `tag` and `auth_attrs_der` are the other inputs of
  `use`.
- writing: `start_envelope(...)` returns an `Envelope` with the fresh `cek` and `encryption`. Its
  `prefix(encrypted_length)` is written before the encrypted content, and its `suffix(tag)` after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from smime_core.algorithms import AES_256_CBC, TAG_LENGTH, CipherMode, ContentCipher
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    Attributes,
    build_attribute,
    parse_attributes,
    parse_unsigned_attributes,
    single_value,
)
from smime_core.cms.content_encryption import ContentEncryption, build_content_encryption
from smime_core.cms.content_info import ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA
from smime_core.cms.encrypted_content import ENCRYPTED_CONTENT, EncryptedContent, decrypt_cbc, parse_encrypted_content
from smime_core.cms.guessed_content import GUESSED_HEAD_BYTES, is_entity_or_cms
from smime_core.cms.originator_info import ORIGINATOR_INFO, OriginatorInfo, parse_originator_info, with_originators
from smime_core.cms.recipients.content_keys import CekUse, Decrypted, try_content_keys
from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import (
    RecipientInfo,
    build_recipient_infos,
    enveloped_version,
    parse_recipient_infos,
)
from smime_core.errors import ContentTypeMismatch, MalformedMessage, UnsupportedAlgorithm
from smime_core.policy import Policy, check_content_cipher
from smime_core.provider import CryptoProvider

_T = TypeVar("_T")
_AUTH_ATTRS: Final = 0xA1
_UNPROTECTED_ATTRS: Final = 0xA1
_UNAUTH_ATTRS: Final = 0xA2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopedData:
    """An EnvelopedData or AuthEnvelopedData.

    `tag` (the field mac) and `auth_attrs_der` (in the SET OF form that is authenticated) are set only for
    AuthEnvelopedData. `unprotected_attrs` (called unauthAttrs in AuthEnvelopedData) are not authenticated.
    `encrypted_content` is empty if a stream has cut it out.
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
class Envelope:
    """All fields of a new structure except the encrypted content and the tag."""

    content_type: str
    encryption: ContentEncryption
    cek: bytes = field(repr=False)
    recipient_infos: tuple[bytes, ...]
    auth_attrs_der: bytes

    def prefix(self, encrypted_length: int) -> bytes:
        """The bytes before the encrypted content, from the start of ContentInfo.

        `encrypted_length` is the length of the encrypted content in bytes.
        """
        authenticated = self.encryption.cipher.is_authenticated
        version = 0 if authenticated else enveloped_version(self.recipient_infos)
        before, _ = der.frame(
            encrypted_length,
            (ENCRYPTED_CONTENT, b"", b""),
            (der.SEQUENCE, der.oid(self.content_type) + build_content_encryption(self.encryption), b""),
            (
                der.SEQUENCE,
                der.integer(version) + der.set_of(list(self.recipient_infos)),
                self.suffix(bytes(self.encryption.tag_length)),
            ),
            (0xA0, b"", b""),
            (der.SEQUENCE, der.oid(ID_AUTH_ENVELOPED_DATA if authenticated else ID_ENVELOPED_DATA), b""),
        )
        return before

    def suffix(self, tag: Buffer) -> bytes:
        """The bytes after the encrypted content. Empty for a cipher without a tag."""
        if not self.encryption.tag_length:
            return b""
        attrs = bytes((_AUTH_ATTRS,)) + self.auth_attrs_der[1:] if self.auth_attrs_der else b""
        return attrs + der.octet_string(tag)


def parse_enveloped_data(content: Tlv, *, content_type: str) -> EnvelopedData:
    """Parse the structure inside a ContentInfo. `content_type` is the OID of EnvelopedData or AuthEnvelopedData.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    authenticated = content_type == ID_AUTH_ENVELOPED_DATA
    where = "AuthEnvelopedData" if authenticated else "EnvelopedData"
    fields = der.pass_version(der.read_fields(content, where), where)
    originator_info = None
    if fields and fields[0].tag == ORIGINATOR_INFO:
        originator_info = parse_originator_info(fields[0])
        fields = fields[1:]
    if len(fields) < (3 if authenticated else 2):
        raise MalformedMessage("cut short", where)
    recipients = parse_recipient_infos(fields[0])
    inside = parse_encrypted_content(fields[1], authenticated=authenticated)
    if not authenticated:
        return EnvelopedData(
            recipients=recipients,
            content_type=inside.content_type,
            encryption=inside.encryption,
            encrypted_content=inside.octets,
            originator_info=originator_info,
            unprotected_attrs=_parse_trailing_attrs(fields[2:], _UNPROTECTED_ATTRS, where),
        )
    return _parse_authenticated(fields[2:], inside, recipients, originator_info)


async def decrypt_enveloped_data(
    enveloped: EnvelopedData,
    keys: Keys,
    provider: CryptoProvider,
    *,
    policy: Policy = Policy.RECEIVE,
    budget: DecryptionBudget | None = None,
) -> Decrypted[bytes]:
    """The content, decrypted with the first of `keys` that works. All layers of one message share `budget`.

    Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm (AlgorithmForbidden if `policy` forbids an
    algorithm) or MalformedMessage; see `content_keys.try_content_keys`.
    """

    async def decrypt(cek: bytes) -> bytes:
        return await _decrypt(enveloped, cek, provider)

    async def head_of(content: bytes) -> bytes:
        return content[:GUESSED_HEAD_BYTES]

    return await use_content_key(enveloped, decrypt, keys, provider, policy, budget, head_of)


async def use_content_key(
    enveloped: EnvelopedData,
    use: Callable[[bytes], Awaitable[_T]],
    keys: Keys,
    provider: CryptoProvider,
    policy: Policy = Policy.RECEIVE,
    budget: DecryptionBudget | None = None,
    head_of: Callable[[_T], Awaitable[bytes]] | None = None,
) -> Decrypted[_T]:
    """The result of `use` for the right content key.

    `use` is called with each possible key in turn. `use` raises DecryptionError for a wrong key; then the next key is
    tried. If the encrypted content was cut out, `use` counts it in `budget`. `head_of` gives the first
    GUESSED_HEAD_BYTES of the content that `use` has decrypted; without it, only keys that a recipient names are tried.
    Raises the errors of `decrypt_enveloped_data`.
    """
    cipher = enveloped.cipher
    check_content_cipher(cipher, policy)
    budget = budget or DecryptionBudget()
    return await try_content_keys(
        enveloped.recipients,
        CekUse(
            use=budget.limit_content(use, cipher.work(len(enveloped.encrypted_content))),
            cek_length=cipher.key_length,
            is_plausible=_plausibility(enveloped, head_of) if head_of is not None else None,
        ),
        with_originators(keys, enveloped.originator_info),
        provider,
        policy=policy,
        budget=budget,
    )


def _plausibility(
    enveloped: EnvelopedData, head_of: Callable[[_T], Awaitable[bytes]]
) -> Callable[[_T], Awaitable[bool]]:
    async def is_plausible(used: _T) -> bool:
        return enveloped.is_authenticated or is_entity_or_cms(await head_of(used), enveloped.content_type)

    return is_plausible


async def find_content_key(
    enveloped: EnvelopedData, keys: Keys, provider: CryptoProvider, policy: Policy = Policy.RECEIVE
) -> bytes:
    """The content key, checked by decrypting the content. Raises the errors of `decrypt_enveloped_data`."""

    async def prove(cek: bytes) -> tuple[bytes, bytes]:
        return cek, (await _decrypt(enveloped, cek, provider))[:GUESSED_HEAD_BYTES]

    async def head_of(proved: tuple[bytes, bytes]) -> bytes:
        return proved[1]

    return (await use_content_key(enveloped, prove, keys, provider, policy, head_of=head_of)).content[0]


async def start_envelope(encrypting: Encrypting, provider: CryptoProvider, content_type: str) -> Envelope:
    """The fields of a new structure without its content, with a fresh content key that is encrypted for each recipient.

    Raises UnsupportedAlgorithm for a certificate that may not be used for encryption, or for a cipher that we read but
    never write. Raises MalformedMessage if there are no recipients.
    """
    if not encrypting:
        raise MalformedMessage("there is nobody to encrypt to", where="recipients")
    cipher = encrypting.cipher or AES_256_CBC
    _check_is_made(cipher)
    cek = provider.random_bytes(cipher.key_length)
    infos = await build_recipient_infos(cek, encrypting, provider, cipher=cipher)
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
    content: Buffer, encrypting: Encrypting, provider: CryptoProvider, content_type: str
) -> bytes:
    """DER of a ContentInfo with EnvelopedData (CBC) or AuthEnvelopedData (GCM, ChaCha20-Poly1305) for all recipients.

    Raises the errors of `start_envelope`.
    """
    envelope = await start_envelope(encrypting, provider, content_type)
    encryption = envelope.encryption
    encrypted = memoryview(
        await provider.encrypt_content(encryption.cipher, envelope.cek, encryption.iv, content, envelope.auth_attrs_der)
    )
    end = len(encrypted) - encryption.tag_length
    return b"".join((envelope.prefix(end), encrypted[:end], envelope.suffix(encrypted[end:])))


def enveloped_smime_type(encrypting: Encrypting) -> str:
    """The smime-type parameter of the structure (RFC 8551 section 3.2.2)."""
    return "authEnveloped-data" if (encrypting.cipher or AES_256_CBC).is_authenticated else "enveloped-data"


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
        raise MalformedMessage("the mac is missing", where)
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
        unprotected_attrs=_parse_trailing_attrs(fields[1:], _UNAUTH_ATTRS, where),
    )


def _parse_trailing_attrs(fields: list[Tlv], tag: int, where: str) -> Attributes:
    if not fields:
        return {}
    if len(fields) > 1:
        raise MalformedMessage(f"{len(fields) - 1} fields too many", where)
    return parse_unsigned_attributes(der.expect(fields[0], tag, where), where)


async def _decrypt(enveloped: EnvelopedData, cek: bytes, provider: CryptoProvider) -> bytes:
    encryption = enveloped.encryption
    ciphertext = enveloped.encrypted_content
    if not encryption.tag_length:
        return await decrypt_cbc(encryption, cek, ciphertext, provider)
    return await provider.decrypt_content(
        encryption.cipher,
        cek,
        encryption.iv,
        b"".join((ciphertext, enveloped.tag)),
        enveloped.auth_attrs_der,
        tag_length=encryption.tag_length,
    )


def _parse_auth_attrs(auth_attrs: Tlv | None, content_type: str) -> bytes:
    # RFC 5083 section 2.2: the attributes are authenticated in the SET OF form. They include the content type, so that
    # content that was encrypted as a mail is never decrypted as a field.
    where = "authAttrs"
    if auth_attrs is None:
        if content_type != ID_DATA:
            raise MalformedMessage("absent, though the content is not id-data", where)
        return b""
    auth_attrs_der, attributes = parse_attributes(auth_attrs, where)
    if content_type != ID_DATA or CONTENT_TYPE in attributes:
        authenticated_type = der.parse_oid(single_value(attributes, CONTENT_TYPE, "content-type"), where)
        if authenticated_type != content_type:
            raise ContentTypeMismatch(f"authenticated as {authenticated_type}, presented as {content_type}")
    return auth_attrs_der
