"""The outermost CMS layer of a message, whatever form the message has (RFC 8551 section 3).

The content type inside CMS decides the kind of a layer; a MIME header is not enough. This module neither verifies nor
decrypts. It serves the functions that examine messages and those that only describe messages.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer, Tlv
from smime_core.asn1.file_values import is_whole_element
from smime_core.asn1.pem import BEGIN_LINE, END_LINE, PEM_BEGIN, find_base64
from smime_core.cms.authenticated_data import AuthenticatedData, parse_authenticated_data
from smime_core.cms.compressed_data import CompressedData, parse_compressed_data
from smime_core.cms.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_AUTHENTICATED_DATA,
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENCRYPTED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    PROTECTING_TYPES,
    ContentInfo,
    is_content_info,
    missing_header,
    parse_content_info,
    unarmor,
)
from smime_core.cms.digested_data import DigestedData, parse_digested_data
from smime_core.cms.encrypted_data import EncryptedData, parse_encrypted_data
from smime_core.cms.enveloped_data import EnvelopedData, parse_enveloped_data
from smime_core.cms.signed_data import SignedData, parse_signed_data
from smime_core.errors import LimitExceeded, MalformedMessage, OpenPgpContent, SmimeError, UnsupportedAlgorithm
from smime_core.limits import (
    MAX_HEADER_BYTES,
)
from smime_core.mail.header_protection import HeaderScheme, find_scheme
from smime_core.mime import (
    Entity,
    SignedParts,
    decode_body,
    find_signed_parts,
    is_multipart_signed,
    looks_like_cms_part,
    parse_entity,
    to_crlf,
)
from smime_core.mime.entity import TEXT_ENCODINGS
from smime_core.mime.mail_file import open_mail_file
from smime_core.mime.transfer import decode_base64_leniently
from smime_core.text.base64 import ExactBase64, decode_all

_HEADER_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}:")
_BARE_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]{16,}+={0,2}\s*+")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_MBOX_START: Final = (b"From ", b">From ")
_OPENPGP: Final = b"PGP "
_MAX_TEXT_LEVELS: Final = 2  # As in `asn1.file_values`.
HEAD_BYTES: Final = 128
PEM_HEAD_BYTES: Final = 4_096
"""The bytes at the start of a file in which PEM begins. Programs write up to some hundred bytes of text before it."""
# The content octets of each CMS content type's OID begin with the arc of PKCS #7 or the arc of S/MIME (RFC 5652 section
# 14, RFC 8551).
_CMS_ARCS: Final = (bytes.fromhex("2a864886f70d0107"), bytes.fromhex("2a864886f70d01091001"))

_RARE_PARSERS: Final[dict[str, Callable[[Tlv], EncryptedData | DigestedData | AuthenticatedData]]] = {
    ID_ENCRYPTED_DATA: parse_encrypted_data,
    ID_DIGESTED_DATA: parse_digested_data,
    ID_AUTHENTICATED_DATA: parse_authenticated_data,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLayer:
    """SignedData with the bytes that its signatures cover.

    `content` is None in a certificates-only message, and if detached content was not given. `micalg` is the parameter
    of multipart/signed, and "" in other forms. If a multipart/signed has no readable signature, `fault` says why, and
    `fault` is the only signer in `signed_data`. `damage` names faults of the multipart that change neither the content
    nor the signature.
    """

    signed_data: SignedData
    content: Buffer | None
    detached: bool
    micalg: str = ""
    fault: MalformedMessage | UnsupportedAlgorithm | None = None
    damage: tuple[str, ...] = ()

    @property
    def lacks_content(self) -> bool:
        """Whether there are signers, and nothing that they signed."""
        return self.content is None and bool(self.signed_data.signer_infos)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedLayer:
    enveloped: EnvelopedData


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedLayer:
    """CompressedData. `compressed_data.decompress` decompresses it; no key is needed."""

    compressed: CompressedData


@dataclass(frozen=True, slots=True, kw_only=True)
class RareLayer:
    """EncryptedData, DigestedData or AuthenticatedData, which are rare in mail.

    A message with such a layer is only described; the module of each structure decrypts or checks it. `content_type` is
    the OID of the structure itself, not of its content.
    """

    content_type: str
    structure: EncryptedData | DigestedData | AuthenticatedData


Layer = SignedLayer | EncryptedLayer | CompressedLayer | RareLayer


def parse_message(data: Buffer) -> Entity | bytes:
    """Parse a message. Returns its MIME entity, or the bytes of a CMS structure that is not inside MIME.

    Such a bare structure may be DER, BER, PEM or base64; the mail may be in any form of `mime.mail_file`. Raises
    MalformedMessage.
    """
    opened = data if is_content_info(data) else open_mail_file(data)
    structure = _find_bare_cms(opened)
    return parse_entity(opened) if structure is None else bytes(structure)


def _find_bare_cms(data: Buffer) -> Buffer | None:
    # As in `stream.mail.locate_cms`, the first bytes decide.
    if is_content_info(data):
        return data
    if is_bare_base64(data):
        decoded = decode_all(ExactBase64(), bytes(data))
        return decoded if is_content_info(decoded) else _find_bare_cms(decoded)
    start = find_pem_start(data)
    return None if start is None else _unarmor_first_block(bytes(data), start)


def _unarmor_first_block(text: bytes, start: int) -> Buffer:
    end = text.find(b"-", start)
    if end < 0 or not END_LINE.match(text, end):
        raise MalformedMessage("the block is cut short", where="PEM")
    if b"\\" not in text[start:end]:
        cms = decode_all(ExactBase64(), text[start:end])
        if is_content_info(cms):
            return cms
    # `unarmor` also reads line ends that are written as two characters, and its error names other kinds of values.
    return unarmor(text)


def is_mail(data: Buffer) -> bool:
    """Whether a file in any form of `mime.mail_file` begins as a mail.

    Raises MalformedMessage for a file of another program, or for an .emlx whose number is wrong.
    """
    return not is_whole_element(data) and _begins_as_mail(open_mail_file(data))


def _begins_as_mail(data: Buffer) -> bool:
    # A mail begins with a header field and has no PEM block in its header section. Other text before a PEM block may
    # resemble header fields, as OpenSSL's does. A mail may quote PEM in its body.
    head = bytes(data[:MAX_HEADER_BYTES]).lstrip()
    if not (_HEADER_FIELD.match(head) or head.startswith(_MBOX_START)):
        return False
    end = _BLANK_LINE.search(head)
    return PEM_BEGIN not in head[: end.start() if end else len(head)]


def find_pem_start(data: Buffer) -> int | None:
    """The start of the base64 of the first PEM block, with any label, or None in a mail and in other text.

    The first PEM_HEAD_BYTES decide; text before the block is left out. Raises OpenPgpContent.
    """
    head = bytes(data[:PEM_HEAD_BYTES])
    begin = BEGIN_LINE.search(head)
    if begin is None or _begins_as_mail(head):
        return None
    if begin[1].startswith(_OPENPGP):
        raise OpenPgpContent
    return find_base64(head, begin.end())


def is_bare_base64(data: Buffer) -> bool:
    """Whether text begins as base64 of CMS or of PEM, without a label, or as base64 of such text.

    The first 128 bytes of the text are enough.
    """
    head = bytes(data[:HEAD_BYTES])
    for _ in range(_MAX_TEXT_LEVELS):
        head = head.lstrip()
        if not _BARE_BASE64.fullmatch(head):
            return False
        head = decode_base64_leniently(head)
        if _begins_as_cms(head) or BEGIN_LINE.match(head):
            return True
    return False


def find_layer(node: Entity | bytes, detached_content: Buffer | None = None) -> SignedLayer | EncryptedLayer | None:
    """The outermost signed or encrypted layer of `node`, or None if there is no CMS.

    `detached_content` is the content of a bare detached signature. Raises MalformedMessage, LimitExceeded or
    UnsupportedAlgorithm. UnsupportedAlgorithm is also raised for compressed and rare layers: use `find_any_layer` for
    them.
    """
    if isinstance(node, Entity) and is_multipart_signed(node):
        return _find_detached(node)
    cms = find_cms(node)
    return parse_layer(cms, detached_content) if cms is not None else None


def find_signed_layer(data: Buffer, *, detached_content: Buffer | None = None) -> SignedLayer:
    """The outermost layer of a message, if that layer is signed. Nothing is verified.

    The message is MIME, or bare CMS in DER, BER, PEM or base64. Callers use the layer to reach single signers, for
    example for receipts, labels and countersignatures. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    MalformedMessage is also raised if the outermost layer is encrypted, UnsupportedAlgorithm if it is compressed.
    """
    layer = find_layer(parse_message(data), detached_content)
    if not isinstance(layer, SignedLayer):
        raise MalformedMessage("found nothing signed", where="message")
    return layer


def find_any_layer(node: Entity | bytes, detached_content: Buffer | None = None) -> Layer | None:
    """The outermost CMS layer of `node`, of any kind, or None if there is none.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    if isinstance(node, Entity) and is_multipart_signed(node):
        return _find_detached(node)
    cms = find_cms(node)
    return parse_any_layer(cms, detached_content) if cms is not None else None


def is_cms_part(entity: Entity) -> bool:
    """Whether the part is CMS: by its type or name, or, for an application part, by its first bytes."""
    is_application = entity.content_type.type == "application"
    return looks_like_cms_part(entity) or (is_application and _begins_as_cms(decode_head(entity)))


def decode_head(entity: Entity) -> Buffer:
    """The first bytes of the body without its transfer encoding, at least 32 if the body is that long."""
    head = bytes(entity.body[:HEAD_BYTES])
    if entity.transfer_encoding == "base64":
        return decode_base64_leniently(head.lstrip())
    if entity.transfer_encoding not in TEXT_ENCODINGS:
        return head
    # Streams decode the same number of bytes of a part, so that the decision is the same in memory and in streams.
    return decode_body(dataclasses.replace(entity, body=entity.body[:MAX_HEADER_BYTES]))


def inner_node(content: Buffer, outer: Entity | bytes, content_type: str = ID_DATA) -> Entity | bytes:
    """The parsed content of the layer in `outer`. `content_type` is the type that the layer names.

    A CMS structure without a ContentInfo gets one. Other content inside mail is a MIME entity. Other content inside
    bare CMS is bytes, unless it begins as a MIME entity that is itself protected.
    """
    if content_type in PROTECTING_TYPES:
        return b"".join((missing_header(content_type, content, len(content)), content))
    if isinstance(outer, Entity):
        return parse_entity(content)
    octets = bytes(content)
    if is_content_info(octets):
        return octets
    if begins_as_header(octets):
        entity = parse_entity(octets)
        if is_protected_entity(entity) or is_cms_part(entity):
            return entity
    return octets


def is_protected_entity(entity: Entity) -> bool:
    """Whether an entity is signed in clear, or protects its header fields, and so belongs to a mail."""
    return is_multipart_signed(entity) or find_scheme(entity) is not HeaderScheme.NONE


def type_inside(layer: Layer) -> str:
    """The type of the content inside a layer."""
    match layer:
        case SignedLayer():
            return layer.signed_data.e_content_type
        case EncryptedLayer():
            return layer.enveloped.content_type
        case CompressedLayer():
            return layer.compressed.e_content_type
        case RareLayer(structure=EncryptedData() as encrypted):
            return encrypted.content_type
        case RareLayer(structure=DigestedData() | AuthenticatedData() as digested):
            return digested.e_content_type
    raise AssertionError(layer)


def begins_as_header(octets: Buffer) -> bool:
    """Whether bytes inside bare CMS begin with a MIME header field. The first 128 bytes are enough."""
    return _HEADER_FIELD.match(octets) is not None


def parse_layer(cms: Buffer, detached_content: Buffer | None = None) -> SignedLayer | EncryptedLayer:
    """Parse a CMS structure as a signed or encrypted layer. Raises the errors of `find_layer`."""
    return _layer_of(parse_content_info(cms), detached_content)


def _layer_of(content_info: ContentInfo, detached_content: Buffer | None) -> SignedLayer | EncryptedLayer:
    kind, content = content_info.content_type, content_info.content
    if kind == ID_SIGNED_DATA:
        return _signed_layer(parse_signed_data(content), detached_content)
    if kind in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        return EncryptedLayer(enveloped=parse_enveloped_data(content, content_type=kind))
    raise UnsupportedAlgorithm(kind, "content type")


def parse_any_layer(cms: Buffer, detached_content: Buffer | None = None) -> Layer:
    """Parse a CMS structure as a layer of any kind. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    content_info = parse_content_info(cms)
    kind, content = content_info.content_type, content_info.content
    if kind == ID_COMPRESSED_DATA:
        return CompressedLayer(compressed=parse_compressed_data(content))
    if kind in _RARE_PARSERS:
        return RareLayer(content_type=kind, structure=_RARE_PARSERS[kind](content))
    return _layer_of(content_info, detached_content)


def find_cms(node: Entity | bytes) -> Buffer | None:
    """The bytes of the outermost CMS structure, or None if there is none. Raises MalformedMessage.

    None for a multipart/signed, whose structure is in its second part.
    """
    if isinstance(node, bytes):
        return node if is_content_info(node) else None
    if not is_cms_part(node):
        return None
    decoded = decode_body(node)
    structure = _find_bare_cms(decoded)
    return unarmor(decoded) if structure is None else structure


def _find_detached(node: Entity) -> SignedLayer:
    parts = find_signed_parts(node)
    signed_data, fault = read_detached_signature(parts)
    return SignedLayer(
        signed_data=signed_data,
        content=_transport_form(parts.content) if parts.has_content_part else parts.content,
        detached=True,
        micalg=node.content_type.parameters.get("micalg", ""),
        fault=fault,
        damage=parts.damage,
    )


def read_detached_signature(parts: SignedParts) -> tuple[SignedData, MalformedMessage | UnsupportedAlgorithm | None]:
    """Returns (the SignedData in the second part of a multipart/signed, None).

    If the part cannot be read, the error is returned too, and it is the only signer of the SignedData. The signed text
    is then shown as text whose signature nobody can check. Raises LimitExceeded.
    """
    try:
        return _parse_detached(parts), None
    except LimitExceeded:
        raise
    except (MalformedMessage, UnsupportedAlgorithm) as error:
        return SignedData(e_content_type=ID_DATA, e_content=None, certificates=(), signer_infos=(error,)), error


def _parse_detached(parts: SignedParts) -> SignedData:
    if parts.signature is None:
        raise MalformedMessage(parts.problem, where="multipart/signed")
    content_info = parse_content_info(_open_signature(decode_body(parts.signature)))
    if content_info.content_type != ID_SIGNED_DATA:
        raise MalformedMessage("the second part is no detached signature", where="multipart/signed")
    signed_data = parse_signed_data(content_info.content)
    # RFC 8551 section 3.5.3.1: eContent is absent in application/pkcs7-signature (MUSTS 8).
    if signed_data.e_content is not None:
        raise MalformedMessage("the second part is no detached signature", where="multipart/signed")
    return signed_data


def _open_signature(octets: Buffer) -> Buffer:
    # Some programs send PEM, or base64 without naming the encoding.
    try:
        return unarmor(octets)
    except LimitExceeded:
        raise
    except SmimeError:
        raise MalformedMessage("the second part is no CMS structure", where="multipart/signed") from None


def _signed_layer(signed_data: SignedData, detached_content: Buffer | None) -> SignedLayer:
    detached = signed_data.e_content is None
    if not detached and detached_content is not None:
        raise MalformedMessage("the content is both inside the signature and given apart", where="SignedData")
    return SignedLayer(
        signed_data=signed_data, content=detached_content if detached else signed_data.e_content, detached=detached
    )


def _begins_as_cms(octets: Buffer) -> bool:
    # The OID must be of a CMS content type, because many other DER files begin with a SEQUENCE that starts with an OID.
    head = bytes(octets[:32])
    if not is_content_info(head):
        return False
    oid_start = 4 if head[1] <= 0x80 else 4 + (head[1] & 0x7F)
    return head[oid_start:].startswith(_CMS_ARCS)


def _transport_form(content: Buffer) -> Buffer:
    # Content is hashed as received (MUSTS 33). Content with LF only, as mail stores keep it, first gets CRLF line ends.
    octets = bytes(content)
    return octets if b"\r\n" in octets else to_crlf(octets)
