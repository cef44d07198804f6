"""`sealwax certificates`: certificates and revocation lists from files, written to one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import click

from sealwax.cli.messages.operations import load_whole
from sealwax.cli.options.identities import name_unreadable
from sealwax.cli.options.parameters import FILE, OUTPUT
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import STANDARD_STREAM, write_output
from smime_core.asn1 import build_pem
from smime_core.blocking import run
from smime_core.cms import Carried, build_certificates_only
from smime_core.identity import load_carried
from smime_core.mime import build_pkcs7_mime

_CRL_LABEL: Final = "X509 CRL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesRequest:
    """Files, and the form in which to write their certificates."""

    sources: tuple[str, ...] = given_by(click.Argument(["sources"], metavar="IN...", nargs=-1, type=FILE))
    target: str = given_by(OUTPUT)
    form: str | None = given_by(
        click.Option(["--p7c", "form"], flag_value="p7c", help="Write one certificates-only structure in DER."),
        click.Option(["--mail", "form"], flag_value="mail", help="Write it as a mail part, to be sent."),
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(CertificatesRequest)
def certificates(request: CertificatesRequest) -> None:
    """Collect certificates and CRLs from files.

    IN are certificates and CRLs in any form (PEM, DER, base64), .p7b and .p7c files, signed messages, and PKCS#12
    files, which need their passphrase. The certificates and CRLs are written as PEM, or with --p7c and --mail as a
    certificates-only message. Nothing is verified.
    """
    carried = [_load(source, request) for source in request.sources or (STANDARD_STREAM,)]
    collection = dict.fromkeys(certificate for each in carried for certificate in each.certificates)
    crls = dict.fromkeys(crl for each in carried for crl in each.crls)
    if request.form is None:
        pem = [build_pem("CERTIFICATE", certificate.der) for certificate in collection] + [
            build_pem(_CRL_LABEL, crl) for crl in crls
        ]
        write_output(request.target, b"".join(pem))
        return
    cms = build_certificates_only(tuple(collection), crls=tuple(crls))
    write_output(request.target, build_pkcs7_mime(b"", cms, "certs-only") if request.form == "mail" else cms)


def _load(source: str, request: CertificatesRequest) -> Carried:
    data = load_whole(source)
    carried = run(load_carried(data, lambda: request.passphrases.reader()(source), PROVIDER, source))
    name_unreadable(source, carried)
    return carried
