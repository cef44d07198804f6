"""The multipart/mixed between a clear signature and content that mail programs do not expect directly inside it.

Thunderbird calls a signature directly around compressed or signed content invalid, and Courier alters a forwarded mail
that is the whole signed part. Inside a multipart/mixed Thunderbird accepts the signature, and Courier leaves the mail
unchanged. Encrypted content gets no frame, because it is decrypted only directly inside a signature (RFC 8551 section
3.7).
"""

from __future__ import annotations

from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.content_info import ID_COMPRESSED_DATA, ID_SIGNED_DATA, is_content_info
from smime_core.cms.layers import (
    HEAD_BYTES,
    Layer,
    SignedLayer,
    decode_head,
    inner_node,
    is_cms_part,
    type_inside,
)
from smime_core.errors import MalformedMessage
from smime_core.mail.header_protection import HeaderScheme, find_scheme
from smime_core.mime import EMBEDDED_MESSAGES, Entity, is_multipart_signed, parse_parts
from smime_core.provider import CryptoProvider

_FRAMED_TYPES: Final = (ID_SIGNED_DATA, ID_COMPRESSED_DATA)


def needs_frame(entity: Entity, *, protects: bool) -> bool:
    """Whether an entity that is signed in clear gets a frame. The first MAX_HEADER_BYTES of its body are enough.

    If the signature also `protects` header fields, signed and compressed content gets no frame, because fields are
    protected before the first layer (RFC 9788 section 4).
    """
    return _is_forwarded(entity) or (not protects and is_framed_kind(entity))


def new_boundary(provider: CryptoProvider) -> str:
    """A boundary with 128 random bits, which cannot occur in the message."""
    return f"sealwax-{provider.random_bytes(16).hex()}"


def build_frame(boundary: str) -> tuple[bytes, bytes, bytes]:
    """Returns (the frame's header section, the bytes before the framed part, the bytes after it).

    The caller makes `boundary` from random bytes.
    """
    head = f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\n'
    return head.encode("ascii"), f"--{boundary}\r\n".encode("ascii"), f"\r\n--{boundary}--\r\n".encode("ascii")


def find_framed(entity: Entity) -> Entity | None:
    """The part inside a frame, or None if the entity is no frame around one signed or compressed part.

    A frame that protects header fields is the payload itself.
    """
    if not is_frame(entity):
        return None
    try:
        parts = parse_parts(entity)
    except MalformedMessage:
        return None
    return parts[0] if len(parts) == 1 and is_framed_kind(parts[0]) else None


def is_frame(entity: Entity) -> bool:
    """Whether the header section is that of a frame."""
    return entity.content_type.media_type == "multipart/mixed" and find_scheme(entity) is HeaderScheme.NONE


def is_framed_kind(entity: Entity) -> bool:
    """Whether an entity is signed or compressed, as far as its header and its first bytes show."""
    if is_multipart_signed(entity):
        return True
    if not is_cms_part(entity):
        return False
    head = bytes(decode_head(entity)[:HEAD_BYTES])
    if not is_content_info(head):
        return False
    start = 2 if head[1] <= 0x80 else 2 + (head[1] & 0x7F)
    try:
        return der.parse_oid(der.read_tlv(head[start:])[0]) in _FRAMED_TYPES
    except MalformedMessage:
        return False


def _is_forwarded(entity: Entity) -> bool:
    # RFC 8551 section 3.1: a message/rfc822 with `forwarded=no` is not a forwarded mail, but the wrapped message
    # itself.
    is_wrapped = entity.content_type.parameters.get("forwarded", "").strip().lower() == "no"
    return entity.content_type.media_type in EMBEDDED_MESSAGES and not is_wrapped


def node_inside(layer: Layer, content: Buffer, outer: Entity | bytes) -> Entity | bytes:
    """The parsed content of `layer`, which is in `outer`, without the frame that a signature may have around it."""
    node = inner_node(content, outer, type_inside(layer))
    framed = find_framed(node) if isinstance(layer, SignedLayer) and isinstance(node, Entity) else None
    return node if framed is None else framed
