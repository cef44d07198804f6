"""The trees that `sealwax inspect` draws. Every text from a file goes through `printable`, and none is markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from smime_core.certificate import Certificate
from smime_core.cli.files import printable
from smime_core.description import Description, LayerDescription, SignerDescription
from smime_core.report import LayerKind
from smime_core.report_json import key_label, time_to_json
from smime_core.revocation_list import RevocationList

_SHOWN_SERIAL_NUMBERS = 100  # a list may name a hundred thousand
_SHOWN_HEADERS = ("from", "to", "cc", "subject", "date")


def draw_message(description: Description) -> Tree:
    """Layer in layer, outermost first, as far as it can be seen without a key."""
    root = Tree(_text("message" if description.layers else "message: neither signed nor encrypted"))
    for name, value in description.headers:
        if name.lower() in _SHOWN_HEADERS:
            root.add(_text(f"{name}: {value}"))
    branch = root
    for layer in description.layers:
        branch = branch.add(_text(_layer_label(layer)))
        for signer in layer.signers:
            branch.add(_text(_signer_label(signer)))
        for recipient in layer.recipients:
            branch.add(_text(f"recipient: {recipient.rid}, {recipient.kind}, {recipient.algorithm}"))
        for certificate in layer.certificates:
            draw_certificate(branch, certificate)
    if not description.layers or description.layers[-1].kind is LayerKind.SIGNED:
        branch.add(_text(f"content: {description.media_type or 'octets'}"))
    return root


def draw_keys_and_certificates(title: str, *, keys: Sequence[str], certificates: Sequence[Certificate]) -> Tree:
    """A file that is no message."""
    root = Tree(_text(title))
    for key in keys:
        root.add(_text(f"private key: {key}"))
    for certificate in certificates:
        draw_certificate(root, certificate)
    return root


def draw_revocation_list(revocation_list: RevocationList) -> Tree:
    """Whose list, for how long, and whom it names."""
    root = Tree(_text(f"certificate revocation list: {revocation_list.issuer}"))
    until = time_to_json(revocation_list.next_update) if revocation_list.next_update else "not said"
    root.add(_text(f"issued: {time_to_json(revocation_list.this_update)}, next: {until}"))
    root.add(_text(f"signature: {revocation_list.algorithm}"))
    branch = root.add(_text(f"revoked: {len(revocation_list.revoked)}"))
    for serial_number in revocation_list.revoked[:_SHOWN_SERIAL_NUMBERS]:
        branch.add(_text(f"serial number {serial_number:x}"))
    if len(revocation_list.revoked) > _SHOWN_SERIAL_NUMBERS:
        branch.add(_text("and more: --json has all"))
    return root


def draw_certificate(parent: Tree, certificate: Certificate) -> None:
    """One certificate under `parent`."""
    kind = "CA certificate" if certificate.is_ca else "certificate"
    branch = parent.add(_text(f"{kind}: {certificate.subject}"))
    if certificate.email_addresses:
        branch.add(_text(f"addresses: {', '.join(certificate.email_addresses)}"))
    branch.add(_text(f"issuer: {certificate.issuer}, serial number {certificate.serial_number:x}"))
    branch.add(_text(f"valid: {time_to_json(certificate.not_before)} to {time_to_json(certificate.not_after)}"))
    branch.add(_text(f"key: {key_label(certificate.public_key)}"))
    branch.add(_text(f"SHA-256: {certificate.fingerprint}"))


def _layer_label(layer: LayerDescription) -> str:
    if layer.kind is LayerKind.ENCRYPTED:
        return f"encrypted: {layer.algorithm}"
    if layer.kind is LayerKind.CERTIFICATES:
        return "certificates only"
    return "signed, detached" if layer.detached else "signed"


def _signer_label(signer: SignerDescription) -> str:
    if signer.problem:
        return f"signer: {signer.sid}: {signer.problem}"
    time = f", {time_to_json(signer.signing_time)}" if signer.signing_time else ""
    return f"signer: {signer.sid}, {signer.algorithm}{time}"


def _text(text: str) -> Text:
    return Text(printable(text), overflow="fold")
