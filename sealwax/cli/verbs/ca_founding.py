"""`sealwax ca create`, the verbs for a CA with an offline root, and `sealwax ca responder`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from sealwax.authority.folder import AuthorityFolder, Role, Settings, new_folder
from sealwax.authority.founding import (
    CreationParameters,
    accept_issuing,
    certify_responder,
    create_root,
    request_issuing,
    sign_issuing,
)
from sealwax.authority.issuing import keep_root_list
from sealwax.authority.register import Issuer
from sealwax.cli.options.authority import (
    FOLDER,
    WORK_AT,
    AuthorityRequest,
    check_role,
    choose_passphrase,
    open_authority,
    open_role,
    read_passphrase,
)
from sealwax.cli.options.parameters import FILE, OUTPUT, ValueChoice, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import read_input, write_line, write_output
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.ca.certification_request import open_certification_request
from smime_core.ca.profile import Generation
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.cms import parse_carried
from smime_core.provider import NewKey
from smime_core.x509 import Certificate

_SIGNING_KEYS: Final = [kind for kind in NewKey if kind.startswith(("rsa", "p-", "ed"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthority:
    """The settings that the user chooses when a CA is created."""

    name: str = given_by(
        click.Option(["--name"], required=True, help="Of the organisation, into the names of the CAs.")
    )
    url: str = given_by(
        click.Option(
            ["--url"],
            required=True,
            metavar="URL",
            help="Where `respond` will be reached: http://pki.example.org. It is written into every certificate.",
        )
    )
    country: str = given_by(
        click.Option(["--country"], default="", metavar="XX", help="Two letters, into the names of the CAs.")
    )
    allow_login: bool = given_by(
        click.Option(
            ["--allow-login"],
            is_flag=True,
            help="Certificates that are good for logging in (TLS client authentication) too.",
        )
    )
    key: NewKey = given_by(
        click.Option(
            ["--key"],
            type=ValueChoice(_SIGNING_KEYS),
            default=NewKey.RSA_3072.value,
            show_default=True,
            help="Of root and issuing CA.",
        )
    )
    at: datetime.datetime | None = given_by(WORK_AT)

    def __post_init__(self) -> None:
        if not self.name.isprintable():
            raise click.UsageError("--name: it has bytes that are no text")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingOptions:
    """The default settings of a CA that certifies people."""

    strict: bool = given_by(
        click.Option(["--strict"], is_flag=True, help="Certificates only for mail (the strict generation).")
    )
    subscriber_days: int = given_by(
        click.Option(
            ["--days", "subscriber_days"],
            type=click.IntRange(1, MAX_SUBSCRIBER_DAYS),
            default=365,
            show_default=True,
            help="For how long people are certified, where `issue` does not say.",
        )
    )
    list_days: int = given_by(
        click.Option(
            ["--list-days"],
            type=click.IntRange(1, 365),
            default=7,
            show_default=True,
            help="For how long a list of the issuing CA is valid.",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest(AuthorityRequest):
    """A folder for a root and an issuing CA."""

    authority: NewAuthority = group_of(NewAuthority)
    issuing: IssuingOptions = group_of(IssuingOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRootRequest(AuthorityRequest):
    """A folder for a root."""

    authority: NewAuthority = group_of(NewAuthority)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIssuingRequest(AuthorityRequest):
    """A folder for an issuing CA, and where its certification request goes."""

    authority: NewAuthority = group_of(NewAuthority)
    issuing: IssuingOptions = group_of(IssuingOptions)
    target: str = given_by(OUTPUT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIssuingRequest(AuthorityRequest):
    """The folder of a root, and the certification request of an issuing CA."""

    request_file: str = given_by(click.Argument(["request"], metavar="CSR", type=FILE))
    target: str = given_by(OUTPUT)
    at: datetime.datetime | None = given_by(WORK_AT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptIssuingRequest(AuthorityRequest):
    """The folder of an issuing CA, and the file that `sign-issuing` wrote for it."""

    signed: str = given_by(click.Argument(["signed"], metavar="PEM", type=FILE))
    at: datetime.datetime | None = given_by(WORK_AT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderRequest(AuthorityRequest):
    """The folder of a CA whose responder gets a new key."""

    at: datetime.datetime | None = given_by(WORK_AT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(CreateRequest)
def create(request: CreateRequest) -> None:
    """Make a root and an issuing CA in one folder.

    Move root.key to a safe place afterwards: only new issuing CAs, their revocation and the root's own list need it.
    """
    settings = _settings(request.authority, request.issuing, request.passphrases)
    with new_folder(request.folder) as draft:
        parameters = _new_parameters(request.authority, request.passphrases)
        root = create_root(draft, settings, parameters)
        issuing_request = blocking.run(
            open_certification_request(request_issuing(draft, settings, parameters), provider=PROVIDER)
        )
        root_signer = draft.open_role(Role.ROOT, parameters.passphrase)
        issuing = sign_issuing(draft, issuing_request, root_signer, parameters.at)
        accept_issuing(draft, issuing, root, _root_list(draft), parameters)
    _show_root(request.folder, root)


@verb(CreateRootRequest, "create-root")
def create_root_only(request: CreateRootRequest) -> None:
    """Make only a root, on a computer that stays offline."""
    settings = _settings(request.authority, None, request.passphrases)
    with new_folder(request.folder) as draft:
        root = create_root(draft, settings, _new_parameters(request.authority, request.passphrases))
    _show_root(request.folder, root)


@verb(RequestIssuingRequest, "request-issuing")
def request_issuing_certificate(request: RequestIssuingRequest) -> None:
    """Make an issuing CA's key and request for an offline root."""
    settings = _settings(request.authority, request.issuing, request.passphrases)
    with new_folder(request.folder) as draft:
        issuing_request = request_issuing(draft, settings, _new_parameters(request.authority, request.passphrases))
    write_output(request.target, issuing_request)


@verb(SignIssuingRequest, "sign-issuing")
def sign_issuing_certificate(request: SignIssuingRequest) -> None:
    """Sign the request of an issuing CA with the root in DIR.

    OUT gets the certificate, the root's certificate and the root's list, in PEM, for accept-issuing.
    """
    authority = open_authority(request.folder)
    issuing_request = blocking.run(open_certification_request(read_input(request.request_file), provider=PROVIDER))
    root = open_role(authority, Role.ROOT, request.passphrases)
    issuing = sign_issuing(authority, issuing_request, root, request.at or now())
    certificates = (build_pem("CERTIFICATE", certificate.der) for certificate in (issuing, root.certificate))
    write_output(request.target, b"".join(certificates) + build_pem("X509 CRL", _root_list(authority)))


@verb(AcceptIssuingRequest, "accept-issuing")
def accept_issuing_certificate(request: AcceptIssuingRequest) -> None:
    """Read in the file that sign-issuing wrote.

    DIR is the folder of request-issuing. From then on, its CA can issue certificates."""
    authority = open_authority(request.folder)
    carried = parse_carried(read_input(request.signed), request.signed)
    issuing, root = _pair(carried.certificates)
    parameters = _parameters_of(authority, request.at, request.passphrases)
    accept_issuing(authority, issuing, root, next(iter(carried.crls), None), parameters)
    _show_root(request.folder, root)


@click.command("accept-root-crl", params=[FOLDER, click.Argument(["signed"], metavar="CRL", type=FILE), WORK_AT])
def accept_root_list(folder: Path, signed: str, at: datetime.datetime | None) -> None:
    """Read in a new list of an offline root.

    CRL is the file that `crl --root` wrote where the root is. `respond` hands it out here."""
    authority = open_authority(folder)
    root = authority.certificate(Role.ROOT)
    published = keep_root_list(authority, read_input(signed), root, at or now())
    write_line(f"List {published.number} of the root is valid until {published.next_update:%Y-%m-%d %H:%M} UTC.")


@verb(ResponderRequest)
def responder(request: ResponderRequest) -> None:
    """Give the responder a new key and certificate, for a year.

    `respond` uses them after it has started again."""
    authority = open_authority(request.folder)
    check_role(authority, Role.ISSUING)
    parameters = _parameters_of(authority, request.at, request.passphrases)
    made = certify_responder(authority, authority.open_role(Role.ISSUING, parameters.passphrase), parameters)
    write_line(f"The responder may sign until {made.not_after:%Y-%m-%d}.")


def _settings(new: NewAuthority, issuing: IssuingOptions | None, passphrases: PassphraseSource) -> Settings:
    settings = Settings(
        name=new.name,
        url=new.url.removesuffix("/"),
        country=new.country,
        allows_login=new.allow_login,
        keyring_entry=passphrases.keyring_entry or "",
    )
    if issuing is None:
        return settings
    generation = Generation.STRICT if issuing.strict else Generation.MULTIPURPOSE
    days, list_days = issuing.subscriber_days, issuing.list_days
    return replace(settings, generation=generation, subscriber_days=days, list_days=list_days)


def _new_parameters(new: NewAuthority, passphrases: PassphraseSource) -> CreationParameters:
    return CreationParameters(at=new.at or now(), passphrase=choose_passphrase(passphrases), key=new.key)


def _parameters_of(
    authority: AuthorityFolder, at: datetime.datetime | None, passphrases: PassphraseSource
) -> CreationParameters:
    return CreationParameters(at=at or now(), passphrase=read_passphrase(authority, passphrases))


def _show_root(folder: Path, root: Certificate) -> None:
    write_line(f"{folder}/root.pem is what others are to trust: {root.fingerprint}")


def _pair(certificates: tuple[Certificate, ...]) -> tuple[Certificate, Certificate]:
    issuing = [certificate for certificate in certificates if not certificate.is_self_issued]
    roots = [certificate for certificate in certificates if certificate.is_self_issued]
    if len(issuing) != 1 or len(roots) != 1:
        raise click.ClickException("expected the certificate of an issuing CA and that of its root")
    return issuing[0], roots[0]


def _root_list(folder: AuthorityFolder) -> bytes:
    with folder.register.read() as rows:
        published = rows.find_list(Issuer.ROOT)
    if published is None:
        raise click.ClickException(f"{folder.path} has no list of the root: `sealwax ca crl` makes one")
    return published.der
