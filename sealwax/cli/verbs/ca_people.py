"""`sealwax ca issue`, `renew`, `revoke`, `list`, `crl` and `publish`: the daily work of a CA."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.authority.folder import AuthorityFolder, Role
from sealwax.authority.issuing import (
    CrlIssuer,
    Order,
    issue_certificate,
    issuing_crl_issuer,
    make_list,
    revoke_certificate,
    root_crl_issuer,
)
from sealwax.authority.publishing import build_ldif, write_directory
from sealwax.authority.register import Entry, Issuer, Kind
from sealwax.cli.options.authority import FOLDER, WORK_AT, AuthorityRequest, open_authority, open_role
from sealwax.cli.options.identities import load_own_certificate
from sealwax.cli.options.parameters import FILE, JSON, OUTPUT, OUTPUT_FILE, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import read_input, write_error, write_json, write_line, write_output
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.ca.certification_request import open_certification_request
from smime_core.ca.profile import Generation
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.ca.revocation_list_building import REASON_CODES
from smime_core.report import time_to_json
from smime_core.x509 import UNSPECIFIED

_OWNERS: Final = {Issuer.ROOT: Role.ROOT, Issuer.ISSUING: Role.ISSUING}
_SOON: Final = datetime.timedelta(days=30)

_DAYS: Final = click.Option(
    ["--days"],
    type=click.IntRange(1, MAX_SUBSCRIBER_DAYS),
    metavar="N",
    help="Instead of what was decided at the start.",
)
_WHICH: Final = click.Argument(["which"], metavar="SERIAL|CERT", type=FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRequest(AuthorityRequest):
    """A certification request, and the addresses for the certificate."""

    request_file: str = given_by(click.Argument(["request"], metavar="CSR", type=FILE))
    addresses: tuple[str, ...] = given_by(
        click.Option(["--address", "addresses"], multiple=True, required=True, metavar="ADDRESS", help="Repeatable.")
    )
    days: int | None = given_by(_DAYS)
    strict: bool = given_by(click.Option(["--strict"], is_flag=True, help="Only for mail (the strict generation)."))
    at: datetime.datetime | None = given_by(WORK_AT)
    target: str = given_by(OUTPUT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewRequest(AuthorityRequest):
    """A certificate to issue again, and its new key if there is one."""

    which: str = given_by(_WHICH)
    request_file: str | None = given_by(
        click.Option(
            ["--request"],
            metavar="CSR",
            type=FILE,
            help="A new key; without it the same one is certified again.",
        )
    )
    days: int | None = given_by(_DAYS)
    at: datetime.datetime | None = given_by(WORK_AT)
    target: str = given_by(OUTPUT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRequest(AuthorityRequest):
    """A certificate, and the reason why it is revoked."""

    which: str = given_by(_WHICH)
    reason: str = given_by(
        click.Option(["--reason"], type=click.Choice(list(REASON_CODES)), default=UNSPECIFIED, show_default=True)
    )
    at: datetime.datetime | None = given_by(WORK_AT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(AuthorityRequest):
    """The issuer of a revocation list, and where the list goes."""

    target: str = given_by(OUTPUT)
    at: datetime.datetime | None = given_by(WORK_AT)
    of_root: bool = given_by(
        click.Option(["--root", "of_root"], is_flag=True, help="The list of the root, which is valid for a year.")
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest(AuthorityRequest):
    """The places where a CA's certificates are published."""

    directory: Path | None = given_by(
        click.Option(
            ["--directory"],
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="The folder that the bridge takes for its directory: one PEM file for each certificate.",
        )
    )
    ldif: str | None = given_by(
        click.Option(
            ["--ldif"],
            metavar="FILE",
            type=OUTPUT_FILE,
            help="What ldapmodify takes: a person for each address.",
        )
    )
    base: str = given_by(
        click.Option(
            ["--base"],
            metavar="DN",
            default="",
            help="With --ldif: below which entry, as ou=people,dc=example,dc=org.",
        )
    )
    at: datetime.datetime | None = given_by(WORK_AT)

    def __post_init__(self) -> None:
        if self.directory is None and self.ldif is None:
            raise click.UsageError("give --directory, --ldif or both")
        if (self.ldif is None) != (not self.base):
            raise click.UsageError("--ldif and --base go together")


@verb(IssueRequest)
def issue(request: IssueRequest) -> None:
    """Certify the maker of a request, for addresses you have checked.

    CSR is PKCS#10, in PEM or DER; only its key is used. OUT gets the certificate and the issuing CA's, in PEM.
    """
    authority = open_authority(request.folder)
    settings = authority.settings()
    certification_request = blocking.run(
        open_certification_request(read_input(request.request_file), provider=PROVIDER)
    )
    left_out = [address for address in certification_request.addresses if address not in request.addresses]
    order = Order(
        public_key=certification_request.public_key,
        addresses=tuple(dict.fromkeys(request.addresses)),
        generation=Generation.STRICT if request.strict else settings.generation,
        days=request.days or settings.subscriber_days,
    )
    _issue(authority, order, request)
    for address in left_out:
        write_error(f"{address} is in the request but was not certified")


@verb(RenewRequest)
def renew(request: RenewRequest) -> None:
    """Certify somebody again, for the same addresses.

    The earlier certificate stays valid until its end."""
    authority = open_authority(request.folder)
    settings = authority.settings()
    entry = _find_entry(authority, request.which)
    if entry.kind is not Kind.PERSON:
        raise click.ClickException(f"{request.which} is not a person's certificate")
    if entry.revoked is not None:
        raise click.ClickException(f"{request.which} was revoked: issue a new certificate, for a new key")
    key = entry.certificate.public_key
    if request.request_file is not None:
        key = blocking.run(open_certification_request(read_input(request.request_file), provider=PROVIDER)).public_key
    order = Order(
        public_key=key,
        addresses=entry.addresses,
        generation=settings.generation,
        days=request.days or settings.subscriber_days,
    )
    _issue(authority, order, request)


@verb(RevokeRequest)
def revoke(request: RevokeRequest) -> None:
    """Revoke a certificate for good, and make a new revocation list."""
    authority = open_authority(request.folder)
    entry = _find_entry(authority, request.which)
    crl_issuer = _crl_issuer(authority, entry.issuer, request.passphrases)
    number = entry.certificate.serial_number
    revoke_certificate(authority, number, request.reason, crl_issuer, request.at or now())
    write_line(f"{_owner(entry)} {number:x} is revoked: {request.reason}")


@click.command("list", params=[FOLDER, JSON, WORK_AT])
def list_certificates(folder: Path, as_json: bool, at: datetime.datetime | None) -> None:
    """List the issued certificates, and whether they are still valid."""
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
        write_line(f"{entry.certificate.serial_number:x}  {_owner(entry)}  until {until:%Y-%m-%d}  {state}")


@verb(ListRequest)
def crl(request: ListRequest) -> None:
    """Make the next list of revoked certificates.

    `respond` hands it out; OUT gets it too, in DER."""
    authority = open_authority(request.folder)
    crl_issuer = _crl_issuer(authority, Issuer.ROOT if request.of_root else Issuer.ISSUING, request.passphrases)
    write_output(request.target, make_list(authority, crl_issuer, request.at or now()).der)


@verb(PublishRequest)
def publish(request: PublishRequest) -> None:
    """Put valid certificates where others look for them.

    Certificates that are not valid are removed there."""
    authority = open_authority(request.folder)
    with authority.register.read() as rows:
        entries = [entry for entry in rows.entries() if entry.kind is Kind.PERSON]
    valid = [entry for entry in entries if entry.state(request.at or now()) == "valid"]
    if request.directory is not None:
        write_directory(request.directory, entries, valid)
    if request.ldif is not None:
        write_output(request.ldif, build_ldif(entries, valid, base=request.base))


def _issue(authority: AuthorityFolder, order: Order, request: IssueRequest | RenewRequest) -> None:
    issuing = open_role(authority, Role.ISSUING, request.passphrases)
    issued = issue_certificate(authority, order, issuing, request.at or now())
    write_output(
        request.target,
        b"".join(build_pem("CERTIFICATE", certificate.der) for certificate in (issued, issuing.certificate)),
    )


def _crl_issuer(authority: AuthorityFolder, issuer: Issuer, passphrases: PassphraseSource) -> CrlIssuer:
    signer = open_role(authority, _OWNERS[issuer], passphrases)
    return root_crl_issuer(authority, signer) if issuer is Issuer.ROOT else issuing_crl_issuer(authority, signer)


def _find_entry(authority: AuthorityFolder, which: str) -> Entry:
    certificate = load_own_certificate(which) if Path(which).exists() else None
    with authority.register.read() as rows:
        entry = rows.find(_read_number(which) if certificate is None else certificate.serial_number)
    # Another CA may have issued a certificate with the same number.
    if entry is None or (certificate is not None and certificate != entry.certificate):
        raise click.ClickException(f"{which} was not issued here")
    return entry


def _read_number(which: str) -> int:
    try:
        return int(which.replace(":", ""), 16)
    except ValueError:
        raise click.ClickException(f"{which} is neither a file nor a serial number as `list` shows it") from None


def _owner(entry: Entry) -> str:
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
