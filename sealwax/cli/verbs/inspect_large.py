"""The structure of a message that is too large for memory: each layer is read in streams, without its content."""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms import CompressedLayer, SignedLayer, build_content_info, parse_any_layer
from smime_core.describe import Description, LayerDescription, describe_layer
from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mail import HeaderScheme, find_scheme
from smime_core.mime import OPENPGP_HEAD_BYTES, Entity, find_openpgp
from smime_core.stream.content import InflatedOctets
from smime_core.stream.mail import (
    StreamedEntity,
    locate_cms,
    locate_cms_part,
    locate_signed,
    open_mail_octets,
    read_entity_head,
)
from smime_core.stream.octets import FileOctets, Octets
from smime_core.stream.structure import split_structure


def describe_file(source: BinaryIO) -> Description:
    """The structure of an .eml, a MIME entity, DER, BER or PEM of any size, as `describe_message` returns it.

    Parts below the top are left out. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    return run(_describe_octets(FileOctets(source)))


async def _describe_octets(octets: Octets) -> Description:
    octets = await open_mail_octets(octets)
    is_bare = await locate_cms(octets) is not None
    first = entity = None if is_bare else await read_entity_head(octets)
    layers: list[LayerDescription] = []
    while (next_layer := await _describe_next(octets, entity)) is not None:
        check_limit("CMS layers", len(layers) + 1, MAX_MIME_DEPTH)
        layer, inside = next_layer
        layers.append(layer)
        if inside is None:
            return _describe(layers, first, None)
        octets = inside
        entity = None if is_bare else await read_entity_head(octets)
    described = _describe(layers, first, entity)
    return dataclasses.replace(
        described, openpgp=find_openpgp(await entity.with_body(OPENPGP_HEAD_BYTES)) if entity else None
    )


async def _describe_next(
    octets: Octets, entity: StreamedEntity | None
) -> tuple[LayerDescription, Octets | None] | None:
    # Returns one layer and the bytes inside it (None if they cannot be read), or None if there is no further layer.
    if entity is not None and (signed := await locate_signed(entity)) is not None:
        return describe_layer(SignedLayer(signed_data=signed.signed_data, content=b"", detached=True)), signed.content
    cms = await (locate_cms_part(entity) if entity is not None else locate_cms(octets))
    if cms is None:
        return None
    structure = await split_structure(cms)
    kind = structure.skeleton.content_type
    layer = parse_any_layer(build_content_info(kind, der.to_definite(structure.skeleton.content, where="CMS")))
    inside = structure.content if isinstance(layer, SignedLayer) else None
    if isinstance(layer, CompressedLayer) and structure.content is not None:
        inside = InflatedOctets(structure.content)
    return describe_layer(layer), inside


def _describe(layers: list[LayerDescription], first: StreamedEntity | None, last: StreamedEntity | None) -> Description:
    head: Entity | None = last.head if last else None
    return Description(
        layers=tuple(layers),
        headers=tuple((field.name, field.text) for field in first.head.headers.fields) if first else (),
        media_type=head.content_type.media_type if head else "",
        header_scheme=find_scheme(head) if head and layers else HeaderScheme.NONE,
    )
