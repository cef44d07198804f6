"""EnvelopedData and AuthEnvelopedData: parsing, building, opening (RFC 5652 section 6, RFC 5083, RFC 5084).

EnvelopedData never holds an AEAD cipher and AuthEnvelopedData holds nothing else: the other way round is refused before
a key is touched (MUSTS 18). Plaintext is returned whole, after its padding or tag was checked.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from smime_core import der
from smime_core.algorithms import (
    CONTENT_CIPHERS,
    GCM_TAG_LENGTH,
    CipherMode,
    ContentCipher,
    HashName,
    KeyTransport,
    TransportScheme,
    parse_algorithm_identifier,
)
from smime_core.attributes import CONTENT_TYPE, build_attribute, parse_attributes, single_value
from smime_core.certificate import Certificate
from smime_core.content_info import ID_AUTH_ENVELOPED_DATA, ID_DATA, ID_ENVELOPED_DATA, build_content_info
from smime_core.der import Buffer, Tlv
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.key_management import KeyHolder
from smime_core.password_recipient import (
    PWRI,
    PasswordRecipient,
    build_password_recipient,
    unwrap_with_password,
)
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import (
    RecipientInfo,
    build_recipient_info,
    find_holders,
    parse_recipient_infos,
    unwrap_cek,
)

_ENCRYPTED_CONTENT: Final = 0x80  # [0] IMPLICIT OCTET STRING


class _Unwrap(Protocol):
    """A recipient with one of the keys that may open it."""

    async def __call__(self, *, cek_length: int, provider: CryptoProvider) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopedData:
    """Either of the two structures.

    `tag` (mac) and `auth_attrs_der` (in the SET OF form that is authenticated) stand in AuthEnvelopedData alone.
    """

    recipients: tuple[RecipientInfo, ...]
    content_type: str
    cipher: ContentCipher
    iv: bytes
    encrypted_content: Buffer
    tag: bytes = b""
    auth_attrs_der: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedContent:
    """What stood inside, and which recipient opened it."""

    content: bytes
    recipient: RecipientInfo


def parse_enveloped_data(content: Tlv, *, content_type: str) -> EnvelopedData:
    """The structure inside a ContentInfo of `content_type`, either of the two.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    authenticated = content_type == ID_AUTH_ENVELOPED_DATA
    where = "AuthEnvelopedData" if authenticated else "EnvelopedData"
    fields = der.read_children(der.expect(content, der.SEQUENCE, where=where), where=where)
    fields = fields[1:]  # version: a wrong one alone refuses nothing (MUSTS 32)
    if fields and fields[0].tag == 0xA0:  # originatorInfo
        fields = fields[1:]
    if len(fields) < (3 if authenticated else 2):
        raise MalformedMessage("cut short", where=where)
    recipients = parse_recipient_infos(fields[0])
    inner_type, cipher, iv, encrypted_content = _parse_encrypted_content(fields[1], authenticated=authenticated)
    if not authenticated:
        return EnvelopedData(
            recipients=recipients, content_type=inner_type, cipher=cipher, iv=iv, encrypted_content=encrypted_content
        )
    auth_attrs = fields[2] if fields[2].tag == 0xA1 else None
    mac_field = fields[3] if auth_attrs and len(fields) > 3 else fields[2]
    tag = bytes(der.read_octets(mac_field, where="mac"))
    if len(tag) != GCM_TAG_LENGTH:
        # RFC 5084 allows 12 to 16 bytes; WebCrypto and OpenSSL write 16 and a shorter one only helps a forger.
        raise UnsupportedAlgorithm(cipher.oid, "mac", text=f"a tag of {len(tag)} bytes is not supported, only 16")
    return EnvelopedData(
        recipients=recipients,
        content_type=inner_type,
        cipher=cipher,
        iv=iv,
        encrypted_content=encrypted_content,
        tag=tag,
        auth_attrs_der=_parse_auth_attrs(auth_attrs, inner_type),
    )


async def open_enveloped_data(
    enveloped: EnvelopedData, *, holders: Sequence[KeyHolder], provider: CryptoProvider, passwords: Sequence[bytes] = ()
) -> OpenedContent:
    """The content, by the first recipient that one of the holders or passwords is and whose key opens it.

    "Not mine" goes on. When mine fails, the next of mine is tried (renewed certificates), and the failure of all is one
    DecryptionError. Raises NoMatchingRecipient, DecryptionError, UnsupportedAlgorithm or MalformedMessage.
    """
    failure: SmimeError | None = None
    for recipient in enveloped.recipients:
        for unwrap in _ways_to_unwrap(recipient, holders, passwords):
            try:
                content = await _open_with(enveloped, unwrap, provider)
            except SmimeError as error:
                failure = error
                continue
            return OpenedContent(content=content, recipient=recipient)
    raise failure or NoMatchingRecipient(tuple(str(recipient.rid) for recipient in enveloped.recipients))


async def build_enveloped_data(
    content: Buffer,
    *,
    recipients: Sequence[Certificate],
    content_type: str,
    cipher: ContentCipher,
    transport: KeyTransport | None,
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
) -> bytes:
    """DER of a ContentInfo with EnvelopedData (CBC) or AuthEnvelopedData (GCM) for every recipient and password.

    `transport` None is RSA v1.5 beside CBC, which every reader knows, and OAEP with SHA-256 beside GCM.
    Raises UnsupportedAlgorithm for a certificate that may not receive, MalformedMessage without recipients.
    """
    if not recipients and not passwords:
        raise MalformedMessage("there is nobody to encrypt to", where="recipients")
    cek = provider.random_bytes(cipher.key_length)
    iv = provider.random_bytes(cipher.iv_length)
    authenticated = cipher.mode is CipherMode.GCM
    if transport is None:
        transport = (
            KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA256, mgf_hash=HashName.SHA256)
            if authenticated
            else KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
        )
    unique = dict.fromkeys(recipients)
    infos = [await build_recipient_info(c, cek, transport=transport, provider=provider) for c in unique]
    infos += [await build_password_recipient(password, cek, provider=provider) for password in passwords]
    # RFC 5083 section 2.1: authenticated attributes are required when the content is not id-data.
    auth_attrs_der = b""
    if authenticated and content_type != ID_DATA:
        auth_attrs_der = der.set_of([build_attribute(CONTENT_TYPE, der.oid(content_type))])
    encrypted = memoryview(await provider.encrypt_content(cipher, cek, iv, content, aad=auth_attrs_der))
    after = b""
    if authenticated:
        attrs_field = b"\xa1" + auth_attrs_der[1:] if auth_attrs_der else b""
        after = attrs_field + der.octet_string(encrypted[-GCM_TAG_LENGTH:])
        encrypted = encrypted[:-GCM_TAG_LENGTH]
    before = der.integer(0 if authenticated else _version(infos)) + der.set_of(infos)
    content_info = _build_encrypted_content(content_type, cipher, iv, encrypted)
    length = len(before) + sum(map(len, content_info)) + len(after)
    outer_type = ID_AUTH_ENVELOPED_DATA if authenticated else ID_ENVELOPED_DATA
    return build_content_info(outer_type, der.header(der.SEQUENCE, length), before, *content_info, after)


def _version(infos: Sequence[bytes]) -> int:
    # RFC 5652 section 6.1: 3 with a pwri, 2 with a kari, else 0. AuthEnvelopedData is 0 (RFC 5083 section 2.1).
    if any(info[0] == PWRI for info in infos):
        return 3
    return 0 if all(info[0] == der.SEQUENCE for info in infos) else 2


def _ways_to_unwrap(
    recipient: RecipientInfo, holders: Sequence[KeyHolder], passwords: Sequence[bytes]
) -> list[_Unwrap]:
    if isinstance(recipient, PasswordRecipient):
        return [functools.partial(unwrap_with_password, recipient, password) for password in passwords]
    return [functools.partial(unwrap_cek, recipient, holder) for holder in find_holders(recipient, holders)]


async def _open_with(enveloped: EnvelopedData, unwrap: _Unwrap, provider: CryptoProvider) -> bytes:
    cipher = enveloped.cipher
    cek = await unwrap(cek_length=cipher.key_length, provider=provider)
    ciphertext = enveloped.encrypted_content
    if enveloped.tag:
        ciphertext = b"".join((ciphertext, enveloped.tag))
    elif not len(ciphertext) or len(ciphertext) % cipher.iv_length:
        raise DecryptionError
    return await provider.decrypt_content(cipher, cek, enveloped.iv, ciphertext, aad=enveloped.auth_attrs_der)


def _parse_encrypted_content(tlv: Tlv, *, authenticated: bool) -> tuple[str, ContentCipher, bytes, Buffer]:
    where = "EncryptedContentInfo"
    fields = der.read_children(der.expect(tlv, der.SEQUENCE, where=where), where=where)
    if len(fields) != 3:
        raise MalformedMessage(f"{len(fields)} fields, expected 3 (encrypted content is never detached)", where=where)
    oid, parameters = parse_algorithm_identifier(der.to_definite(fields[1], where=where))
    cipher = CONTENT_CIPHERS.get(oid)
    if cipher is None:
        raise UnsupportedAlgorithm(oid, "contentEncryptionAlgorithm")
    if authenticated is not (cipher.mode is CipherMode.GCM):
        raise MalformedMessage(f"{cipher.name} does not belong here", where=where)
    if parameters is None:
        raise MalformedMessage("the parameters are absent", where="contentEncryptionAlgorithm")
    encrypted = der.read_octets(fields[2], tag=_ENCRYPTED_CONTENT, where="encryptedContent")
    return der.parse_oid(fields[0], where=where), cipher, _parse_iv(cipher, parameters), encrypted


def _parse_iv(cipher: ContentCipher, parameters: bytes) -> bytes:
    where = "contentEncryptionAlgorithm"
    if cipher.mode is CipherMode.CBC:
        iv = bytes(der.expect(der.read_one(parameters, where=where), der.OCTET_STRING, where=where).content)
        if len(iv) != cipher.iv_length:
            raise MalformedMessage(f"an IV of {len(iv)} bytes, expected {cipher.iv_length}", where=where)
        return iv
    # RFC 5084 section 3.2: GCMParameters, aes-ICVlen DEFAULT 12; what counts is the mac's length (checked there).
    fields = der.read_sequence(parameters, where=where)
    if not 1 <= len(fields) <= 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 1 or 2", where=where)
    icv_length = der.parse_integer(fields[1], where=where) if len(fields) == 2 else 12
    if icv_length != GCM_TAG_LENGTH:
        raise UnsupportedAlgorithm(cipher.oid, where, text=f"{where}: a tag of {icv_length} bytes is not supported")
    nonce = bytes(der.expect(fields[0], der.OCTET_STRING, where=where).content)
    if len(nonce) != cipher.iv_length:
        raise MalformedMessage(f"a nonce of {len(nonce)} bytes, expected {cipher.iv_length}", where=where)
    return nonce


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


def _build_encrypted_content(
    content_type: str, cipher: ContentCipher, iv: bytes, encrypted: memoryview
) -> tuple[Buffer, ...]:
    # In pieces, so that bulk content is copied once, into the whole.
    parameters = der.octet_string(iv)
    if cipher.mode is CipherMode.GCM:
        parameters = der.sequence(parameters, der.integer(GCM_TAG_LENGTH))
    head = der.oid(content_type) + der.sequence(der.oid(cipher.oid), parameters)
    string_header = der.header(_ENCRYPTED_CONTENT, len(encrypted))
    sequence_header = der.header(der.SEQUENCE, len(head) + len(string_header) + len(encrypted))
    return sequence_header, head, string_header, encrypted
