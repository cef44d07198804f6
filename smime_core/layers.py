"""One CMS layer at a time: what the input is, and what its outermost layer holds (RFC 8551 section 3).

Detection is by the CMS content, never by a header alone. Nothing is verified or opened here, so that the examination
and the mere description of a message walk the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from smime_core.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    is_content_info,
    parse_content_info,
    unarmor,
)
from smime_core.der import Buffer
from smime_core.enveloped_data import EnvelopedData, parse_enveloped_data
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.mime import (
    Entity,
    decode_body,
    is_multipart_signed,
    looks_like_cms_part,
    parse_entity,
    split_signed,
    to_crlf,
)
from smime_core.signed_data import SignedData, parse_signed_data

_HEADER_FIELD: Final = re.compile(rb"[!-9;-~]{1,76}:")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLayer:
    """SignedData with the octets it covers; `content` is None for certificates only."""

    signed_data: SignedData
    content: Buffer | None
    detached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptedLayer:
    enveloped: EnvelopedData
    authenticated: bool


Layer = SignedLayer | EncryptedLayer


def parse_message(data: Buffer) -> Entity | bytes:
    """A MIME entity, or the octets of a bare CMS structure (DER, BER or PEM). Raises MalformedMessage."""
    head = bytes(data[:64]).lstrip()
    if is_content_info(data):
        return bytes(data)
    if head.startswith((b"-----BEGIN CMS", b"-----BEGIN PKCS")):
        return bytes(unarmor(data))
    return parse_entity(data)


def find_layer(node: Entity | bytes, *, detached_content: Buffer | None = None) -> Layer | None:
    """The outermost CMS layer of `node`, or None when there is none.

    `detached_content` is what a bare detached signature covers. Raises MalformedMessage, LimitExceeded or
    UnsupportedAlgorithm.
    """
    if isinstance(node, bytes):
        return parse_layer(node, detached_content=detached_content) if is_content_info(node) else None
    if is_multipart_signed(node):
        content, signature = split_signed(node)
        cms = decode_body(signature)
        if not is_content_info(cms):
            raise MalformedMessage("the second part is no CMS structure", where="multipart/signed")
        layer = parse_layer(cms, detached_content=_transport_form(content))
        # RFC 8551 section 3.5.3.1: eContent is absent in application/pkcs7-signature (MUSTS 8).
        if not isinstance(layer, SignedLayer) or not layer.detached:
            raise MalformedMessage("the second part is no detached signature", where="multipart/signed")
        return layer
    if not looks_like_cms_part(node):
        return None
    cms = unarmor(decode_body(node))
    return parse_layer(cms, detached_content=detached_content)


def inner_node(content: Buffer, outer: Entity | bytes) -> Entity | bytes:
    """What stands inside a layer: an entity inside mail; inside bare CMS whatever the octets show themselves to be."""
    if isinstance(outer, Entity):
        return parse_entity(content)
    octets = bytes(content)
    if is_content_info(octets):
        return octets
    if _HEADER_FIELD.match(octets):
        entity = parse_entity(octets)
        if is_multipart_signed(entity) or looks_like_cms_part(entity):
            return entity
    return octets


def parse_layer(cms: Buffer, *, detached_content: Buffer | None) -> Layer:
    """The layer that a CMS structure is. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    content_info = parse_content_info(cms)
    if content_info.content_type == ID_SIGNED_DATA:
        return _signed_layer(parse_signed_data(content_info.content), detached_content)
    if content_info.content_type in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        return EncryptedLayer(
            enveloped=parse_enveloped_data(content_info.content, content_type=content_info.content_type),
            authenticated=content_info.content_type == ID_AUTH_ENVELOPED_DATA,
        )
    raise UnsupportedAlgorithm(content_info.content_type, "content type")


def _signed_layer(signed_data: SignedData, detached_content: Buffer | None) -> SignedLayer:
    detached = signed_data.e_content is None
    if not detached and detached_content is not None:
        raise MalformedMessage("content stands both inside and beside the signature", where="SignedData")
    return SignedLayer(
        signed_data=signed_data, content=detached_content if detached else signed_data.e_content, detached=detached
    )


def _transport_form(content: Buffer) -> Buffer:
    # Hashed as received (MUSTS 33). A copy stored with bare LF throughout is put back into transport form first, as
    # every mail store does with it.
    octets = bytes(content)
    return octets if b"\r\n" in octets else to_crlf(octets)
