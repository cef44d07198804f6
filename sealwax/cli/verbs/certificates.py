"""`sealwax certificates`: certificates and revocation lists from files, written to a file of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import click

from sealwax.cli.messages.operations import load_whole
from sealwax.cli.options.parameters import FILE, OUTPUT
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import STANDARD_STREAM, write_output
from smime_core.asn1 import build_pem, der, find_pem_blocks
from smime_core.cms import SignedLayer, build_certificates_only, find_any_layer, parse_message
from smime_core.errors import MalformedMessage
from smime_core.mime import build_pkcs7_mime
from smime_core.x509 import Certificate, is_revocation_list, parse_certificate, parse_certificates

_CRL_LABEL: Final = "X509 CRL"
_PEM_BEGIN: Final = b"-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesRequest:
    """Files, and the form in which their certificates are written."""

    sources: tuple[str, ...] = given_by(click.Argument(["sources"], metavar="IN...", nargs=-1, type=FILE))
    target: str = given_by(OUTPUT)
    form: str | None = given_by(
        click.Option(["--p7c", "form"], flag_value="p7c", help="Write one certificates-only structure in DER."),
        click.Option(["--mail", "form"], flag_value="mail", help="Write it as a mail part, to be sent."),
    )


@verb(CertificatesRequest)
def certificates(request: CertificatesRequest) -> None:
    """Collect certificates and CRLs from files.

    IN are certificates and CRLs (PEM, DER), .p7b and .p7c files, and signed messages. They are written as PEM, or
    with --p7c and --mail as a certificates-only message. Nothing is verified.
    """
    found: dict[Certificate, None] = {}
    crls: dict[bytes, None] = {}
    for source in request.sources or (STANDARD_STREAM,):
        own, lists = collect(load_whole(source), source)
        found |= dict.fromkeys(own)
        crls |= dict.fromkeys(lists)
    if request.form is None:
        pem = [build_pem("CERTIFICATE", one.der) for one in found] + [build_pem(_CRL_LABEL, one) for one in crls]
        write_output(request.target, b"".join(pem))
        return
    cms = build_certificates_only(tuple(found), crls=tuple(crls))
    write_output(request.target, build_pkcs7_mime(b"", cms, "certs-only") if request.form == "mail" else cms)


def collect(data: bytes, name: str) -> tuple[Iterable[Certificate], Iterable[bytes]]:
    """The certificates and the DER of the CRLs in a file. Raises MalformedMessage if there are neither."""
    if data[:1] == bytes([der.SEQUENCE]):
        tags = [field.tag for field in der.read_sequence(data, where=name)[:1]]
        if tags != [der.OID]:
            return ((), (data,)) if is_revocation_list(data) else ((parse_certificate(data),), ())
    elif _PEM_BEGIN in data[:65_536] and (found := _from_pem(data)):
        return found
    layer = find_any_layer(parse_message(data))
    if not isinstance(layer, SignedLayer):
        raise MalformedMessage("found no certificates", where=name)
    return layer.signed_data.certificates, layer.signed_data.crls


def _from_pem(data: bytes) -> tuple[Iterable[Certificate], Iterable[bytes]] | None:
    labels = {block.label for block in find_pem_blocks(data)}
    crls = [block.octets for block in find_pem_blocks(data) if block.label == _CRL_LABEL]
    has_certificates = any(label.endswith("CERTIFICATE") for label in labels)
    own = parse_certificates(data) if has_certificates else ()
    return (own, crls) if own or crls else None
