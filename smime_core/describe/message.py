"""The structure of a message, without keys and without a verdict, for `inspect` and for bug reports.

Every CMS structure is described with its attributes, including the structures of protected parts below the top.
`describe_layer` also describes a large message whose content a stream reads apart (`stream.structure`).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace

from smime_core.algorithms import parse_hash_identifier, parse_signature_identifier
from smime_core.asn1 import Buffer, der
from smime_core.asn1.distinguished_name import comparable_name
from smime_core.cades import cades_level
from smime_core.cms import SignerInfo, find_countersignatures, find_nested_layers
from smime_core.cms.attributes import COUNTERSIGNATURE, parse_attributes
from smime_core.cms.authenticated_data import AuthenticatedData
from smime_core.cms.compressed_data import decompress
from smime_core.cms.digested_data import DigestedData
from smime_core.cms.encrypted_data import EncryptedData
from smime_core.cms.enveloped_data import EnvelopedData
from smime_core.cms.layers import (
    CompressedLayer,
    EncryptedLayer,
    Layer,
    RareLayer,
    SignedLayer,
    find_any_layer,
    parse_message,
)
from smime_core.cms.recipients.recipient_info import RecipientInfo, recipient_algorithm
from smime_core.cms.signed_data import SignedData
from smime_core.cms.signed_frame import node_inside
from smime_core.describe.attributes import AttributeDescription, describe_attributes
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_MIME_DEPTH, MAX_NESTED_LAYERS, check_limit
from smime_core.mail.header_protection import HeaderScheme, find_scheme
from smime_core.mime import Entity, OpenPgp, find_openpgp
from smime_core.report.report import LayerKind, RecipientReport
from smime_core.x509 import Certificate, RevocationList, parse_revocation_list


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerDescription:
    """A SignerInfo, not verified. `problem` is the error if it cannot be read, otherwise "".

    `countersigners` is a flat list: each countersignature on this signature is followed by the countersignatures on
    that countersignature. `path` is the position of a countersignature: (1,) is the second countersignature on the
    signer, and (1, 0) the first countersignature on that countersignature. `level` is the CAdES level that the
    attributes have by their structure, or "".
    """

    sid: str
    algorithm: str
    signing_time: datetime.datetime | None
    problem: str = ""
    signed_attributes: tuple[AttributeDescription, ...] = ()
    unsigned_attributes: tuple[AttributeDescription, ...] = ()
    countersigners: tuple[SignerDescription, ...] = ()
    path: tuple[int, ...] = ()
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDescription:
    """A layer. `algorithm` is the cipher, hash or MAC, and "" for a signed layer.

    `path` is the number of the part that the layer protects ("1.2"), or "" for the whole message. `problem` is the
    error if the layer cannot be read, otherwise "". `unreadable_certificates` has a text for each certificate that
    cannot be read: its name, if found, and the error.
    """

    kind: LayerKind
    content_type: str
    algorithm: str
    detached: bool = False
    signers: tuple[SignerDescription, ...] = ()
    recipients: tuple[RecipientReport, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    unreadable_certificates: tuple[str, ...] = ()
    revocation_lists: tuple[RevocationList, ...] = ()
    authenticated_attributes: tuple[AttributeDescription, ...] = ()
    unprotected_attributes: tuple[AttributeDescription, ...] = ()
    path: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A message, as far as it can be read without a key.

    `layers` has the layers at the top, outermost first, then the layers of parts below the top. `media_type` is the
    type of the innermost entity. `header_scheme` is how the message's header fields are protected. `openpgp` says how
    OpenPGP protects the innermost entity or a part of it, or is None.
    """

    layers: tuple[LayerDescription, ...]
    headers: tuple[tuple[str, str], ...]
    media_type: str
    header_scheme: HeaderScheme = HeaderScheme.NONE
    openpgp: OpenPgp | None = None


def describe_message(data: Buffer, *, detached_content: Buffer | None = None) -> Description:
    """The structure of an .eml, a MIME entity, DER or PEM.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    node = parse_message(data)
    headers = tuple((field.name, field.text) for field in node.headers.fields) if isinstance(node, Entity) else ()
    layers: list[LayerDescription] = []
    innermost = _walk(node, layers, detached_content)
    entity = innermost if isinstance(innermost, Entity) else None
    header_scheme = find_scheme(entity) if entity and layers else HeaderScheme.NONE
    if entity is not None:
        layers += _describe_nested(entity)
    return Description(
        layers=tuple(layers),
        headers=headers,
        media_type=entity.content_type.media_type if entity else "",
        header_scheme=header_scheme,
        openpgp=find_openpgp(entity) if entity else None,
    )


def describe_layer(found: Layer) -> LayerDescription:
    """Describe one layer."""
    match found:
        case SignedLayer():
            return _describe_signed(found)
        case EncryptedLayer(enveloped=enveloped):
            return _describe_enveloped(enveloped)
        case CompressedLayer(compressed=compressed):
            return LayerDescription(kind=LayerKind.COMPRESSED, content_type=compressed.e_content_type, algorithm="zlib")
        case RareLayer(structure=structure):
            return _describe_other(structure)


def _walk(
    node: Entity | bytes, layers: list[LayerDescription], detached_content: Buffer | None = None
) -> Entity | bytes | None:
    # Adds the layers to `layers`. Returns the node inside the layers, or None if that node cannot be read without a
    # key.
    while (layer := find_any_layer(node, detached_content)) is not None:
        check_limit("CMS layers", len(layers) + 1, MAX_MIME_DEPTH)
        detached_content = None
        layers.append(describe_layer(layer))
        content = _content_of(layer)
        if content is None:
            return None
        node = node_inside(layer, content, node)
    return node


def _content_of(layer: Layer) -> Buffer | None:
    if isinstance(layer, SignedLayer):
        return layer.content
    if isinstance(layer, CompressedLayer):
        return decompress(layer.compressed)
    if isinstance(layer, RareLayer) and isinstance(layer.structure, DigestedData | AuthenticatedData):
        return layer.structure.e_content
    return None


def _describe_nested(entity: Entity) -> list[LayerDescription]:
    layers: list[LayerDescription] = []
    for path, part in find_nested_layers(entity):
        inside: list[LayerDescription] = []
        try:
            _walk(part, inside)
        except SmimeError as error:
            # A damaged part below the top does not affect the others.
            kind = LayerKind.SIGNED if part.content_type.type == "multipart" else LayerKind.ENCRYPTED
            inside.append(LayerDescription(kind=kind, content_type="", algorithm="", problem=str(error)))
        layers += [replace(layer, path=path) for layer in inside]
        check_limit("nested layers", len(layers), MAX_NESTED_LAYERS)
    return layers


def _describe_enveloped(enveloped: EnvelopedData) -> LayerDescription:
    return LayerDescription(
        kind=LayerKind.ENCRYPTED,
        content_type=enveloped.content_type,
        algorithm=enveloped.cipher.name,
        recipients=_describe_recipients(enveloped.recipients),
        certificates=enveloped.originator_info.certificates if enveloped.originator_info else (),
        authenticated_attributes=_describe_set(enveloped.auth_attrs_der),
        unprotected_attributes=describe_attributes(enveloped.unprotected_attrs),
    )


def _describe_set(attributes_der: bytes) -> tuple[AttributeDescription, ...]:
    if not attributes_der:
        return ()
    return describe_attributes(parse_attributes(der.read_one(attributes_der), where="authAttrs")[1])


def _describe_other(structure: EncryptedData | DigestedData | AuthenticatedData) -> LayerDescription:
    match structure:
        case EncryptedData():
            return LayerDescription(
                kind=LayerKind.ENCRYPTED,
                content_type=structure.content_type,
                algorithm=structure.encryption.cipher.name,
                unprotected_attributes=describe_attributes(structure.unprotected_attrs),
            )
        case DigestedData():
            return LayerDescription(
                kind=LayerKind.DIGESTED,
                content_type=structure.e_content_type,
                algorithm=structure.hash_name,
                detached=structure.e_content is None,
            )
        case AuthenticatedData():
            return LayerDescription(
                kind=LayerKind.AUTHENTICATED,
                content_type=structure.e_content_type,
                algorithm=f"HMAC with {structure.mac_hash}",
                detached=structure.e_content is None,
                recipients=_describe_recipients(structure.recipients),
                certificates=structure.originator_info.certificates if structure.originator_info else (),
                authenticated_attributes=describe_attributes(
                    structure.auth_attrs.attributes if structure.auth_attrs else {}
                ),
            )


def _describe_recipients(recipients: tuple[RecipientInfo, ...]) -> tuple[RecipientReport, ...]:
    return tuple(
        RecipientReport(rid=_text(r.rid), kind=r.kind, algorithm=recipient_algorithm(r), opened=False)
        for r in recipients
    )


def _text(named: object) -> str:
    # A damaged name must not prevent the description of the other fields.
    try:
        return str(named)
    except MalformedMessage as error:
        return f"unreadable: {error}"


def _describe_signed(layer: SignedLayer) -> LayerDescription:
    signed_data = layer.signed_data
    return LayerDescription(
        kind=LayerKind.SIGNED if signed_data.signer_infos else LayerKind.CERTIFICATES,
        content_type=signed_data.e_content_type,
        algorithm="",
        detached=layer.detached,
        signers=tuple(
            replace(_describe_signer(info), level=_level(info, signed_data)) for info in signed_data.signer_infos
        ),
        certificates=signed_data.certificates,
        unreadable_certificates=tuple(map(str, signed_data.unreadable)),
        problem="; ".join(layer.damage),
        revocation_lists=tuple(crl for crl in map(_readable_list, signed_data.crls) if crl is not None),
    )


def _readable_list(crl_der: bytes) -> RevocationList | None:
    try:
        revocation_list = parse_revocation_list(crl_der)
        comparable_name(revocation_list.issuer_der)  # This call raises an error for a damaged name.
    except SmimeError:
        return None
    return revocation_list


def _describe_signer(info: SignerInfo | SmimeError, *, path: tuple[int, ...] = ()) -> SignerDescription:
    if isinstance(info, SmimeError):
        return SignerDescription(sid="unreadable", algorithm="", signing_time=None, problem=str(info), path=path)
    algorithm, signing_time, problem = "", None, ""
    try:
        digest = parse_hash_identifier(info.digest_algorithm_der)
        algorithm = parse_signature_identifier(info.signature_algorithm_der, digest).label
        signing_time = info.signing_time
    except SmimeError as error:
        problem = str(error)
    return SignerDescription(
        sid=_text(info.sid),
        algorithm=algorithm,
        signing_time=signing_time,
        problem=problem,
        signed_attributes=describe_attributes(info.attributes),
        unsigned_attributes=describe_attributes(info.unsigned_attributes),
        countersigners=() if path else _describe_countersigners(info),
        path=path,
    )


def _level(info: SignerInfo | SmimeError, signed_data: SignedData) -> str:
    if isinstance(info, SmimeError):
        return ""
    return cades_level(info, has_revocation_data=bool(signed_data.crls or signed_data.ocsp_responses)) or ""


def _describe_countersigners(info: SignerInfo) -> tuple[SignerDescription, ...]:
    if COUNTERSIGNATURE not in info.unsigned_attributes:
        return ()
    try:
        return tuple(
            _describe_signer(countersignature.signer, path=countersignature.path)
            for countersignature in find_countersignatures(info)
        )
    except MalformedMessage as error:
        problem = SignerDescription(sid="unreadable", algorithm="", signing_time=None, problem=str(error), path=(0,))
        return (problem,)
