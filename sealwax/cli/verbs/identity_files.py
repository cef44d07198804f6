"""`sealwax identity list` and `sealwax identity export`: show identity files, and convert them."""

from __future__ import annotations

import datetime
import sys
from dataclasses import dataclass
from typing import Final

import click

from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE, OUTPUT, REPORT_JSON, now
from sealwax.cli.options.passphrases import PassphraseSource, new_passphrase
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_json, write_line, write_output
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.describe import description_to_json
from smime_core.errors import PathError
from smime_core.identity import Identity, Pkcs12Form, export_identities, export_private_key
from smime_core.pkix import Purpose, check_end_entity
from smime_core.report import key_label, time_to_json
from smime_core.trust import has_receiving_key
from smime_core.x509 import Certificate

_USES: Final = (("signs", Purpose.SIGN), ("receives", Purpose.ENCRYPT))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIdentitiesRequest:
    """Identity files, and their passphrase."""

    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    as_json: bool = given_by(REPORT_JSON)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """An identity file, and the form and the passphrase of the new one."""

    name: str = given_by(click.Argument(["name"], metavar="P12", type=FILE))
    target: str = given_by(OUTPUT)
    forms: tuple[str, ...] = given_by(
        click.Option(
            ["--compatible", "forms"],
            flag_value=Pkcs12Form.COMPATIBLE.value,
            multiple=True,
            help="The default form.",
        ),
        click.Option(
            ["--modern", "forms"],
            flag_value=Pkcs12Form.MODERN.value,
            multiple=True,
            help="Check value by PBMAC1 (RFC 9579), which OpenSSL reads from 3.4 on.",
        ),
        click.Option(
            ["--legacy", "forms"],
            flag_value=Pkcs12Form.LEGACY.value,
            multiple=True,
            help="3DES and SHA-1, which are weak, for programs that read nothing else. Asks first.",
        ),
    )
    is_confirmed: bool = given_by(
        click.Option(["--yes", "is_confirmed"], is_flag=True, help="With --legacy: do not ask.")
    )
    pem: bool = given_by(click.Option(["--pem"], is_flag=True, help="PEM: the key, encrypted, and the certificates."))
    clear: bool = given_by(
        click.Option(
            ["--clear"], is_flag=True, help="With --pem: leave the key in clear, for everybody who can read the file."
        )
    )
    new_file: str | None = given_by(
        click.Option(
            ["--new-passphrase-file", "new_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase of OUT. It is asked for otherwise.",
        )
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if self.clear and not self.pem:
            raise click.UsageError("--clear goes only with --pem")
        if len({*self.forms, *(["pem"] if self.pem else [])}) > 1:
            raise click.UsageError("give one of --compatible, --modern, --legacy and --pem")

    @property
    def form(self) -> Pkcs12Form:
        """The form of a PKCS#12 file."""
        return Pkcs12Form(self.forms[0]) if self.forms else Pkcs12Form.COMPATIBLE


@verb(ListIdentitiesRequest, "list")
def list_identities(request: ListIdentitiesRequest) -> None:
    """List the identities in PKCS#12 and PEM files: the owner, the end and the use of each."""
    identities = load_all_identities(request.names, request.passphrases)
    if request.as_json:
        write_json(
            description_to_json(
                None,
                certificates=[identity.certificate for identity in identities],
                keys=[key_label(identity.private_key) for identity in identities],
            )
        )
        return
    at = now()
    for identity in identities:
        write_line(_describe(identity, at))


@verb(ExportRequest)
def export(request: ExportRequest) -> None:
    """Write the identities of a PKCS#12 or PEM file to a new file with its own passphrase.

    The file is PKCS#12, encrypted with AES-256, with an HMAC-SHA-256 check value. OpenSSL, NSS, Java and current
    Windows read it.
    """
    if request.form is Pkcs12Form.LEGACY and not request.is_confirmed:
        _confirm_legacy()
    identities = load_all_identities([request.name], request.passphrases)
    passphrase = None if request.clear else new_passphrase(request.new_file)
    if request.pem:
        data = _to_pem(identities, passphrase)
    else:
        data = blocking.run(export_identities(identities, passphrase or b"", provider=PROVIDER, form=request.form))
    write_output(request.target, data, mode=PRIVATE_MODE)


def _confirm_legacy() -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("--legacy writes a weakly encrypted file: say --yes to write it without being asked")
    text = (
        "3DES and SHA-1 are weak: people who get this file can guess its passphrase much faster, and then sign and "
        "decrypt as you. Write it all the same, and delete it after the import?"
    )
    if not click.confirm(text, default=False):
        raise click.ClickException("nothing was written")


def _describe(identity: Identity, at: datetime.datetime) -> str:
    certificate = identity.certificate
    owner = " ".join(certificate.email_addresses) or certificate.subject
    uses = [word for word, purpose in _USES if _allows(certificate, purpose)]
    purpose = " and ".join(uses) or "neither signs nor receives"
    validity = f"until {time_to_json(certificate.not_after)}"
    if at > certificate.not_after:
        validity = f"expired on {time_to_json(certificate.not_after)}"
    elif at < certificate.not_before:
        validity = f"not valid before {time_to_json(certificate.not_before)}"
    return f"{owner}: {key_label(identity.private_key)}, {purpose}, {validity}"


def _allows(certificate: Certificate, purpose: Purpose) -> bool:
    try:
        check_end_entity(certificate, purpose)
    except PathError:
        return False
    return purpose is Purpose.SIGN or has_receiving_key(certificate)


def _to_pem(identities: tuple[Identity, ...], passphrase: bytes | None) -> bytes:
    keys = {identity.private_key.pkcs8_der: identity.private_key for identity in identities}
    blocks = [blocking.run(export_private_key(key, passphrase, provider=PROVIDER)) for key in keys.values()]
    certificates: dict[Certificate, None] = dict.fromkeys(identity.certificate for identity in identities)
    certificates |= dict.fromkeys(certificate for identity in identities for certificate in identity.chain)
    return b"".join([*blocks, *(build_pem("CERTIFICATE", certificate.der) for certificate in certificates)])
