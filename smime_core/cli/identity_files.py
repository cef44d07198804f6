"""`sealwax identity list` and `sealwax identity export`: what identity files hold, and other forms of it."""

from __future__ import annotations

import sys

import click

from smime_core import blocking
from smime_core.certificate import Certificate, KeyUsage
from smime_core.certificate_text import key_label
from smime_core.cli.files import PRIVATE_MODE, write_line, write_output
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, json_option, load_all_identities, output_option, write_json
from smime_core.cli.passphrases import PassphraseSource, new_passphrase, passphrase_options
from smime_core.identity import Identity
from smime_core.pem import build_pem
from smime_core.pkcs12 import Pkcs12Form
from smime_core.report_json import description_to_json, time_to_json

_SIGNING = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
_RECEIVING = KeyUsage.KEY_ENCIPHERMENT | KeyUsage.KEY_AGREEMENT


@click.command("list")
@click.argument("names", metavar="P12...", nargs=-1, required=True, type=FILE)
@json_option
@passphrase_options
def list_identities(
    names: tuple[str, ...], as_json: bool, file: str | None, descriptor: int | None, keyring_entry: str | None
) -> None:
    """List the identities in PKCS#12 and PEM files: whose, until when, for what."""
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    identities = load_all_identities(names, passphrases)
    if as_json:
        keys = [key_label(identity.private_key) for identity in identities]
        write_json(description_to_json(None, certificates=[one.certificate for one in identities], keys=keys))
        return
    for identity in identities:
        write_line(_describe(identity))
    if not identities:
        raise click.ClickException("no private key stands there together with its certificate")


@click.command()
@click.argument("name", metavar="P12", type=FILE)
@output_option
@click.option("--compatible", "forms", flag_value=Pkcs12Form.COMPATIBLE.value, multiple=True, help="The default form.")
@click.option(
    "--modern",
    "forms",
    flag_value=Pkcs12Form.MODERN.value,
    multiple=True,
    help="Check value by PBMAC1 (RFC 9579), which OpenSSL reads from 3.4 on.",
)
@click.option(
    "--legacy",
    "forms",
    flag_value=Pkcs12Form.LEGACY.value,
    multiple=True,
    help="3DES and SHA-1, which are weak, for programs that read nothing else. Asks first.",
)
@click.option("--yes", "is_confirmed", is_flag=True, help="With --legacy: do not ask.")
@click.option("--pem", is_flag=True, help="PEM: the key, encrypted, and the certificates.")
@click.option("--clear", is_flag=True, help="With --pem: leave the key in clear, for whoever reads the file.")
@click.option(
    "--new-passphrase-file",
    "new_file",
    metavar="FILE",
    type=click.Path(),
    help="File whose first line is the passphrase of OUT. It is asked for otherwise.",
)
@passphrase_options
def export(
    name: str,
    target: str,
    forms: tuple[str, ...],
    is_confirmed: bool,
    pem: bool,
    clear: bool,
    new_file: str | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Write the identities of a PKCS#12 or PEM file to a new file with its own passphrase.

    The file is PKCS#12, encrypted by AES-256 with an HMAC-SHA-256 check value. OpenSSL, NSS, Java and current Windows
    read it.
    """
    if clear and not pem:
        raise click.UsageError("--clear goes with --pem alone")
    if len({*forms, *(["pem"] if pem else [])}) > 1:
        raise click.UsageError("give one of --compatible, --modern, --legacy and --pem")
    form = Pkcs12Form(forms[0]) if forms else Pkcs12Form.COMPATIBLE
    if form is Pkcs12Form.LEGACY and not is_confirmed:
        _confirm_legacy()
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    identities = load_all_identities([name], passphrases)
    if not identities:
        raise click.ClickException(f"{name} holds no private key together with its certificate")
    passphrase = None if clear else new_passphrase(new_file)
    if pem:
        data = _to_pem(identities, passphrase)
    else:
        data = blocking.export_identities(identities, passphrase or b"", provider=PROVIDER, form=form)
    write_output(target, data, mode=PRIVATE_MODE)


def _confirm_legacy() -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("--legacy writes a weakly encrypted file: say --yes to write it without being asked")
    text = (
        "3DES and SHA-1 are weak: whoever gets this file can guess its passphrase much faster, and then sign and "
        "decrypt as you. Write it all the same, and delete it after the import?"
    )
    if not click.confirm(text, default=False):
        raise click.ClickException("nothing was written")


def _describe(identity: Identity) -> str:
    certificate = identity.certificate
    who = " ".join(certificate.email_addresses) or certificate.subject
    usage = certificate.key_usage
    uses = [word for word, bits in (("signs", _SIGNING), ("receives", _RECEIVING)) if usage is None or usage & bits]
    purpose = " and ".join(uses) or "neither signs nor receives"
    return f"{who}: {key_label(identity.private_key)}, {purpose}, until {time_to_json(certificate.not_after)}"


def _to_pem(identities: tuple[Identity, ...], passphrase: bytes | None) -> bytes:
    keys = {identity.private_key.pkcs8_der: identity.private_key for identity in identities}
    blocks = [blocking.export_private_key(key, passphrase, provider=PROVIDER) for key in keys.values()]
    certificates: dict[Certificate, None] = dict.fromkeys(one.certificate for one in identities)
    certificates |= dict.fromkeys(certificate for one in identities for certificate in one.chain)
    return b"".join([*blocks, *(build_pem("CERTIFICATE", one.der) for one in certificates)])
