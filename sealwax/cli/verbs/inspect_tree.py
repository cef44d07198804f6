"""The trees that `sealwax inspect` draws. Text from a file is made `printable`, and never read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text
from rich.tree import Tree

from sealwax.cli.streams.files import printable
from smime_core.cms import ID_DATA
from smime_core.describe import (
    AttributeDescription,
    Description,
    KeysAndCertificates,
    LayerDescription,
    SignerDescription,
    content_type_name,
)
from smime_core.mail import HeaderScheme
from smime_core.report import LayerKind, describe_certificate, key_label, time_to_json
from smime_core.x509 import Certificate, RevocationList

_SHOWN_SERIAL_NUMBERS: Final = 100  # Shown of one CRL, which may have 100,000; --json has all.
_SHOWN_CHARACTERS: Final = 200  # Shown of one value; --json has all.
_SHOWN_HEADERS: Final = ("from", "to", "cc", "subject", "date")
_KINDS: Final = {
    LayerKind.SIGNED: "signed",
    LayerKind.CERTIFICATES: "certificates only",
    LayerKind.ENCRYPTED: "encrypted",
    LayerKind.COMPRESSED: "compressed",
    LayerKind.DIGESTED: "with a digest, which proves nothing",
    LayerKind.AUTHENTICATED: "authenticated by a shared key",
}
_SCHEMES: Final = {
    HeaderScheme.CLEAR: "header fields: signed (RFC 9788)",
    HeaderScheme.CIPHER: "header fields: signed and encrypted (RFC 9788)",
    HeaderScheme.LEGACY: "header fields: protected, old form",
    HeaderScheme.WRAPPED: "header fields: inside an embedded message",
}


def draw_message(description: Description) -> Tree:
    """The tree of a message: its nested layers as far as they are readable without a key, then its protected parts."""
    label = "message" if description.layers else "message: neither signed nor encrypted"
    if description.openpgp is not None:
        label = f"message: {description.openpgp} with OpenPGP, which is not S/MIME"
    root = Tree(_text(label))
    for name, value in description.headers:
        if name.lower() in _SHOWN_HEADERS:
            root.add(_text(f"{name}: {value}"))
    branch = root
    whole = [layer for layer in description.layers if not layer.path]
    for layer in whole:
        branch = _draw_layer(branch, layer)
    if description.header_scheme in _SCHEMES:
        branch.add(_text(_SCHEMES[description.header_scheme]))
    if not whole or whole[-1].kind not in (LayerKind.ENCRYPTED, LayerKind.CERTIFICATES):
        branch = branch.add(_text(f"content: {description.media_type or 'bytes'}"))
    path, part = "", branch
    for layer in description.layers:
        if layer.path:
            # The inner layers of a part come after it and have the same path.
            part = _draw_layer(part if layer.path == path else branch, layer)
            path = layer.path
    return root


def draw_keys_and_certificates(findings: KeysAndCertificates) -> Tree:
    """The tree of a file with keys and certificates."""
    root = Tree(_text(findings.title))
    for key in findings.keys:
        root.add(_text(f"private key: {key}"))
    for certificate in findings.certificates:
        _draw_page(root, certificate)
    _draw_unreadable(root, findings.unreadable_certificates)
    return root


def add_further_parts(root: Tree, further: Sequence[str]) -> None:
    """Add a line for each part that the core does not read."""
    for line in further:
        root.add(_text(line))


def draw_revocation_list(revocation_list: RevocationList) -> Tree:
    """The tree of a CRL: its issuer, its dates and its entries."""
    root = Tree(_text(f"certificate revocation list: {revocation_list.issuer}"))
    _fill_revocation_list(root, revocation_list)
    return root


def _draw_page(parent: Tree, certificate: Certificate) -> None:
    page = describe_certificate(certificate)
    branch = parent.add(_text(_certificate_label(certificate)))
    for row in page.rows:
        branch.add(_text(f"{row.label}: {', '.join(row.texts)}"))


def _certificate_label(certificate: Certificate) -> str:
    kind = "CA certificate" if certificate.is_ca else "certificate"
    return f"{kind}: {certificate.subject}"


def draw_certificate(parent: Tree, certificate: Certificate) -> None:
    """Draw one certificate under `parent`."""
    branch = parent.add(_text(_certificate_label(certificate)))
    if addresses := certificate.email_addresses:
        branch.add(_text(f"addresses: {', '.join(addresses)}"))
    branch.add(_text(f"issuer: {certificate.issuer}, serial number {certificate.serial_number:x}"))
    branch.add(_text(f"valid: {time_to_json(certificate.not_before)} to {time_to_json(certificate.not_after)}"))
    branch.add(_text(f"key: {key_label(certificate.public_key)}"))
    branch.add(_text(f"SHA-256: {certificate.fingerprint}"))


def _draw_layer(parent: Tree, layer: LayerDescription) -> Tree:
    branch = parent.add(_text(_layer_label(layer)))
    for signer in layer.signers:
        _draw_signer(branch, signer, "signer")
    for recipient in layer.recipients:
        branch.add(_text(f"recipient: {recipient.rid}, {recipient.kind}, {recipient.algorithm}"))
    _draw_attributes(branch, layer.authenticated_attributes, "authenticated")
    _draw_attributes(branch, layer.unprotected_attributes, "unprotected")
    for certificate in layer.certificates:
        draw_certificate(branch, certificate)
    _draw_unreadable(branch, layer.unreadable_certificates)
    for revocation_list in layer.revocation_lists:
        own = branch.add(_text(f"certificate revocation list: {revocation_list.issuer}"))
        _fill_revocation_list(own, revocation_list)
    return branch


def _draw_unreadable(parent: Tree, descriptions: Sequence[str]) -> None:
    for description in descriptions:
        parent.add(_text(f"certificate that cannot be read: {description}"))


def _layer_label(layer: LayerDescription) -> str:
    label = f"part {layer.path}: " if layer.path else ""
    label += _KINDS[layer.kind]
    if layer.detached and layer.kind is not LayerKind.CERTIFICATES:
        label += ", detached"
    if layer.algorithm:
        label += f": {layer.algorithm}"
    if layer.content_type not in ("", ID_DATA):
        label += f", content type {content_type_name(layer.content_type)}"
    state = "damaged" if layer.signers else "unreadable"
    return f"{label}: {state}: {layer.problem}" if layer.problem else label


def _draw_signer(parent: Tree, signer: SignerDescription, role: str) -> None:
    time = f", {time_to_json(signer.signing_time)}" if signer.signing_time else ""
    algorithm = f", {signer.algorithm}" if signer.algorithm else ""
    problem = f": {signer.problem}" if signer.problem else ""
    level = f", CAdES {signer.level}" if signer.level else ""
    branch = parent.add(_text(f"{role}: {signer.sid}{algorithm}{time}{level}{problem}"))
    _draw_attributes(branch, signer.signed_attributes, "signed")
    _draw_attributes(branch, signer.unsigned_attributes, "unsigned")
    for countersigner in signer.countersigners:
        on = "countersigner"
        if len(countersigner.path) > 1:
            on += f" on countersignature {'.'.join(str(number + 1) for number in countersigner.path[:-1])}"
        _draw_signer(branch, countersigner, on)


def _draw_attributes(parent: Tree, attributes: Sequence[AttributeDescription], protection: str) -> None:
    for attribute in attributes:
        values = "; ".join(map(_shorten, attribute.values))
        name = attribute.name or attribute.oid
        parent.add(_text(f"{protection}: {name}: {values}" if values else f"{protection}: {name}"))


def _shorten(value: str) -> str:
    if len(value) <= _SHOWN_CHARACTERS:
        return value
    return f"{value[:_SHOWN_CHARACTERS]}... ({len(value)} characters, --json has all)"


def _fill_revocation_list(branch: Tree, revocation_list: RevocationList) -> None:
    until = time_to_json(revocation_list.next_update) if revocation_list.next_update else "not said"
    branch.add(_text(f"issued: {time_to_json(revocation_list.this_update)}, next: {until}"))
    branch.add(_text(f"signature: {revocation_list.algorithm}"))
    numbers = branch.add(_text(f"revoked: {len(revocation_list.revoked)}"))
    for serial_number in revocation_list.revoked[:_SHOWN_SERIAL_NUMBERS]:
        numbers.add(_text(f"serial number {serial_number:x}"))
    if len(revocation_list.revoked) > _SHOWN_SERIAL_NUMBERS:
        numbers.add(_text("and more: --json has all"))


def _text(text: str) -> Text:
    return Text(printable(text), overflow="fold")
