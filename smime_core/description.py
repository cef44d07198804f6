"""What a message is made of, without keys and without a verdict: for `inspect` and for bug reports."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.algorithms import parse_hash_identifier, parse_signature_identifier
from smime_core.certificate import Certificate
from smime_core.der import Buffer
from smime_core.errors import SmimeError
from smime_core.layers import EncryptedLayer, SignedLayer, find_layer, inner_node, parse_message
from smime_core.limits import MAX_MIME_DEPTH, check_limit
from smime_core.mime import Entity
from smime_core.recipient_info import recipient_algorithm
from smime_core.report import LayerKind, RecipientReport
from smime_core.signer_info import SignerInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerDescription:
    """A SignerInfo as it stands; `problem` says why it cannot be read."""

    sid: str
    algorithm: str
    signing_time: datetime.datetime | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDescription:
    """`algorithm` is the content cipher of an encrypted layer, empty otherwise."""

    kind: LayerKind
    content_type: str
    algorithm: str
    detached: bool
    signers: tuple[SignerDescription, ...]
    recipients: tuple[RecipientReport, ...]
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """`layers` outermost first, as far as they can be seen without a key; `media_type` is the innermost entity's."""

    layers: tuple[LayerDescription, ...]
    headers: tuple[tuple[str, str], ...]
    media_type: str


def describe_message(data: Buffer, *, detached_content: Buffer | None = None) -> Description:
    """The structure of an .eml, a MIME entity, DER or PEM.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    node = parse_message(data)
    headers = tuple((field.name, field.text) for field in node.headers.fields) if isinstance(node, Entity) else ()
    layers: list[LayerDescription] = []
    while (found := find_layer(node, detached_content=detached_content)) is not None:
        check_limit("CMS layers", len(layers) + 1, MAX_MIME_DEPTH)
        detached_content = None
        layers.append(_describe(found))
        if isinstance(found, EncryptedLayer) or found.content is None:
            break
        node = inner_node(found.content, node)
    media_type = node.content_type.media_type if isinstance(node, Entity) else ""
    return Description(layers=tuple(layers), headers=headers, media_type=media_type)


def _describe(found: SignedLayer | EncryptedLayer) -> LayerDescription:
    if isinstance(found, EncryptedLayer):
        enveloped = found.enveloped
        return LayerDescription(
            kind=LayerKind.ENCRYPTED,
            content_type=enveloped.content_type,
            algorithm=enveloped.cipher.name,
            detached=False,
            signers=(),
            recipients=tuple(
                RecipientReport(rid=str(r.rid), kind=r.kind, algorithm=recipient_algorithm(r), opened=False)
                for r in enveloped.recipients
            ),
            certificates=(),
        )
    signed_data = found.signed_data
    return LayerDescription(
        kind=LayerKind.SIGNED if signed_data.signer_infos else LayerKind.CERTIFICATES,
        content_type=signed_data.e_content_type,
        algorithm="",
        detached=found.detached,
        signers=tuple(_describe_signer(info) for info in signed_data.signer_infos),
        recipients=(),
        certificates=signed_data.certificates,
    )


def _describe_signer(info: SignerInfo | SmimeError) -> SignerDescription:
    if isinstance(info, SmimeError):
        return SignerDescription(sid="unreadable", algorithm="", signing_time=None, problem=str(info))
    try:
        digest = parse_hash_identifier(info.digest_algorithm_der)
        algorithm = parse_signature_identifier(info.signature_algorithm_der, digest=digest).label
        return SignerDescription(sid=str(info.sid), algorithm=algorithm, signing_time=info.signing_time)
    except SmimeError as error:
        return SignerDescription(sid=str(info.sid), algorithm="", signing_time=None, problem=str(error))
