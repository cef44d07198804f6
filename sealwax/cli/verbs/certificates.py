"""`sealwax certificates`: certificates and revocation lists out of files, and into a file of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from smime_core import der
from smime_core.certificate import Certificate, parse_certificate, parse_certificates
from smime_core.certificates_only import build_certificates_only
from smime_core.cli.files import STANDARD_STREAM, open_input, write_output
from smime_core.cli.operations import read_whole
from smime_core.cli.options import FILE, output_option
from smime_core.errors import MalformedMessage
from smime_core.layers import SignedLayer, find_any_layer, parse_message
from smime_core.mime import build_pkcs7_mime
from smime_core.pem import build_pem, find_pem_blocks
from smime_core.revocation_list import is_revocation_list

_CRL_LABEL: Final = "X509 CRL"
_PEM_BEGIN: Final = b"-----BEGIN "


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, type=FILE)
@output_option
@click.option("--p7c", "form", flag_value="p7c", help="Write one certificates-only structure in DER.")
@click.option("--mail", "form", flag_value="mail", help="Write it as a mail part, to be sent.")
def certificates(sources: tuple[str, ...], target: str, form: str | None) -> None:
    """Collect certificates and CRLs from files.

    IN are certificates and CRLs (PEM, DER), .p7b and .p7c files, and signed messages. They are written as PEM, or
    with --p7c and --mail as a certificates-only message. Nothing is verified.
    """
    found: dict[Certificate, None] = {}
    crls: dict[bytes, None] = {}
    for source in sources or (STANDARD_STREAM,):
        with open_input(source) as opened:
            data = read_whole(opened)
        own, lists = collect(data, source)
        found |= dict.fromkeys(own)
        crls |= dict.fromkeys(lists)
    if form is None:
        pem = [build_pem("CERTIFICATE", one.der) for one in found] + [build_pem(_CRL_LABEL, one) for one in crls]
        write_output(target, b"".join(pem))
        return
    cms = build_certificates_only(tuple(found), crls=tuple(crls))
    write_output(target, build_pkcs7_mime(b"", cms, "certs-only") if form == "mail" else cms)


def collect(data: bytes, name: str) -> tuple[Iterable[Certificate], Iterable[bytes]]:
    """The certificates and the DER of the CRLs in a file. Raises MalformedMessage where there are neither."""
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
