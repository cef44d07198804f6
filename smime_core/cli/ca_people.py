"""`sealwax ca issue`, `renew`, `revoke`, `list`, `crl` and `publish`: what a CA does every day."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Final

import click

from smime_core import blocking
from smime_core.authority.folder import AuthorityFolder, Role
from smime_core.authority.issuing import (
    ListPress,
    Order,
    issue_certificate,
    issuing_press,
    make_list,
    revoke_certificate,
    root_press,
)
from smime_core.authority.publishing import build_ldif, write_directory
from smime_core.authority.register import Entry, Issuer, Kind
from smime_core.ca.profile import Generation
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.ca.revocation_list_building import REASON_CODES
from smime_core.certificate import Certificate, parse_certificates
from smime_core.cli.ca_options import (
    GivenPassphrase,
    at_option,
    check_role,
    folder_argument,
    open_authority,
    open_role,
)
from smime_core.cli.files import read_input, write_error, write_line, write_output
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, note_json, now, output_option, write_json
from smime_core.cli.passphrases import passphrase_options
from smime_core.pem import build_pem
from smime_core.report_json import time_to_json
from smime_core.revoked_entries import UNSPECIFIED

_OWNERS: Final = {Issuer.ROOT: Role.ROOT, Issuer.ISSUING: Role.ISSUING}
_SOON: Final = datetime.timedelta(days=30)

days_option = click.option(
    "--days", type=click.IntRange(1, MAX_SUBSCRIBER_DAYS), metavar="N", help="Instead of what was decided at the start."
)


@click.command()
@folder_argument
@click.argument("request", metavar="CSR", type=FILE)
@click.option("--address", "addresses", multiple=True, required=True, metavar="ADDRESS", help="Repeatable.")
@days_option
@click.option("--strict", is_flag=True, help="For mail alone (the strict generation).")
@at_option
@output_option
@passphrase_options
def issue(
    folder: Path,
    request: str,
    addresses: tuple[str, ...],
    days: int | None,
    strict: bool,
    at: datetime.datetime | None,
    target: str,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Certify who made a request, for addresses you have checked.

    CSR is PKCS#10, in PEM or DER; only its key is taken. OUT gets the certificate and that of the issuing CA, in PEM.
    """
    authority = open_authority(folder)
    settings = authority.settings()
    opened = blocking.open_certification_request(read_input(request), provider=PROVIDER)
    left_out = [address for address in opened.addresses if address not in addresses]
    order = Order(
        public_key=opened.public_key,
        addresses=tuple(dict.fromkeys(addresses)),
        generation=Generation.STRICT if strict else settings.generation,
        days=days or settings.subscriber_days,
    )
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    _issue(authority, order, given=given, at=at, target=target)
    if left_out:
        write_error(f"the request also names {', '.join(left_out)}: left out")


@click.command()
@folder_argument
@click.argument("which", metavar="SERIAL|CERT", type=FILE)
@click.option("--request", metavar="CSR", type=FILE, help="A new key; without it the same one is certified again.")
@days_option
@at_option
@output_option
@passphrase_options
def renew(
    folder: Path,
    which: str,
    request: str | None,
    days: int | None,
    at: datetime.datetime | None,
    target: str,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Certify somebody again, for the same addresses.

    The certificate before stays valid until its end."""
    authority = open_authority(folder)
    settings = authority.settings()
    entry = _find_entry(authority, which)
    if entry.kind is not Kind.PERSON:
        raise click.ClickException(f"{which} is not a person's certificate")
    if entry.revoked is not None:
        raise click.ClickException(f"{which} was revoked: issue a new certificate, for a new key")
    key = entry.certificate.public_key
    if request is not None:
        key = blocking.open_certification_request(read_input(request), provider=PROVIDER).public_key
    order = Order(
        public_key=key,
        addresses=entry.addresses,
        generation=settings.generation,
        days=days or settings.subscriber_days,
    )
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    _issue(authority, order, given=given, at=at, target=target)


@click.command()
@folder_argument
@click.argument("which", metavar="SERIAL|CERT", type=FILE)
@click.option("--reason", type=click.Choice(list(REASON_CODES)), default=UNSPECIFIED, show_default=True)
@at_option
@passphrase_options
def revoke(
    folder: Path,
    which: str,
    reason: str,
    at: datetime.datetime | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Take a certificate back for good, with a new list."""
    authority = open_authority(folder)
    entry = _find_entry(authority, which)
    press = _press(
        authority, entry.issuer, GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    )
    serial_number = entry.certificate.serial_number
    revoke_certificate(authority, serial_number, reason, press=press, at=at or now())
    write_line(f"{_who(entry)} {serial_number:x} is revoked: {reason}")


@click.command("list")
@folder_argument
@click.option("--json", "as_json", is_flag=True, callback=note_json, help="Print one JSON object.")
@at_option
def list_certificates(folder: Path, as_json: bool, at: datetime.datetime | None) -> None:
    """List what was issued, and whether it still holds."""
    authority = open_authority(folder)
    moment = at or now()
    with authority.register.read() as rows:
        entries = list(rows.entries())
    if as_json:
        write_json({"certificates": [_entry_to_json(entry, moment) for entry in entries]})
        return
    for entry in entries:
        until = entry.certificate.not_after
        state = entry.state(moment)
        if entry.revoked is not None:
            state = f"revoked {entry.revoked.revoked_at:%Y-%m-%d}, {entry.revoked.reason}"
        elif state == "valid" and until - moment < _SOON:
            state = "valid, ends soon"
        write_line(f"{entry.certificate.serial_number:x}  {_who(entry)}  until {until:%Y-%m-%d}  {state}")


@click.command()
@folder_argument
@output_option
@at_option
@click.option("--root", "of_root", is_flag=True, help="The list of the root, which holds for a year.")
@passphrase_options
def crl(
    folder: Path,
    target: str,
    at: datetime.datetime | None,
    of_root: bool,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Make the next list of what was revoked.

    `respond` hands it out; OUT gets it too, in DER."""
    authority = open_authority(folder)
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    issuer = Issuer.ROOT if of_root else Issuer.ISSUING
    published = make_list(authority, _press(authority, issuer, given), at=at or now())
    write_output(target, published.der)


@click.command()
@folder_argument
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that the bridge takes for its directory: one PEM file for each certificate.",
)
@click.option("--ldif", metavar="FILE", type=FILE, help="What ldapmodify takes: a person for each address.")
@click.option(
    "--base", metavar="DN", default="", help="With --ldif: below which entry, as ou=people,dc=example,dc=org."
)
@at_option
def publish(folder: Path, directory: Path | None, ldif: str | None, base: str, at: datetime.datetime | None) -> None:
    """Put certificates where others look for them.

    Those that are valid; the others are taken away there."""
    if directory is None and ldif is None:
        raise click.UsageError("give --directory, --ldif or both")
    if (ldif is None) != (not base):
        raise click.UsageError("--ldif and --base go together")
    authority = open_authority(folder)
    with authority.register.read() as rows:
        entries = [entry for entry in rows.entries() if entry.kind is Kind.PERSON]
    valid = [entry for entry in entries if entry.state(at or now()) == "valid"]
    if directory is not None:
        write_directory(directory, entries, valid)
    if ldif is not None:
        write_output(ldif, build_ldif(entries, valid, base=base))


def _issue(
    authority: AuthorityFolder, order: Order, *, given: GivenPassphrase, at: datetime.datetime | None, target: str
) -> None:
    issuing = open_role(authority, Role.ISSUING, given)
    issued = issue_certificate(authority, order, issuing=issuing, at=at or now(), provider=PROVIDER)
    write_output(target, b"".join(build_pem("CERTIFICATE", one.der) for one in (issued, issuing.certificate)))


def _press(authority: AuthorityFolder, issuer: Issuer, given: GivenPassphrase) -> ListPress:
    check_role(authority, _OWNERS[issuer])
    signer = open_role(authority, _OWNERS[issuer], given)
    return root_press(signer, PROVIDER) if issuer is Issuer.ROOT else issuing_press(authority, signer, PROVIDER)


def _find_entry(authority: AuthorityFolder, which: str) -> Entry:
    certificate = None
    if Path(which).exists():
        certificate = _first_person(parse_certificates(read_input(which)))
    with authority.register.read() as rows:
        entry = rows.find(_read_number(which) if certificate is None else certificate.serial_number)
    # Another CA may have given the same number.
    if entry is None or (certificate is not None and certificate != entry.certificate):
        raise click.ClickException(f"{which} was not issued here")
    return entry


def _read_number(which: str) -> int:
    try:
        return int(which.replace(":", ""), 16)
    except ValueError:
        raise click.ClickException(f"{which} is neither a file nor a serial number as `list` shows it") from None


def _first_person(certificates: tuple[Certificate, ...]) -> Certificate:
    return next((certificate for certificate in certificates if not certificate.is_ca), certificates[0])


def _who(entry: Entry) -> str:
    return " ".join(entry.addresses) or entry.certificate.common_name


def _entry_to_json(entry: Entry, at: datetime.datetime) -> dict[str, object]:
    revoked = entry.revoked
    return {
        "serial": f"{entry.certificate.serial_number:x}",
        "issuer": entry.issuer.value,
        "kind": entry.kind.value,
        "subject": entry.certificate.subject,
        "addresses": list(entry.addresses),
        "not_before": time_to_json(entry.certificate.not_before),
        "not_after": time_to_json(entry.certificate.not_after),
        "state": entry.state(at),
        "revoked_at": None if revoked is None else time_to_json(revoked.revoked_at),
        "reason": None if revoked is None else revoked.reason,
    }
