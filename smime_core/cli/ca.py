"""`sealwax ca`: the group, and how a CA comes to be."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from smime_core import blocking
from smime_core.authority.folder import AuthorityFolder, Role, Settings, new_folder
from smime_core.authority.founding import (
    Founder,
    accept_issuing,
    certify_responder,
    create_root,
    request_issuing,
    sign_issuing,
)
from smime_core.authority.issuing import keep_root_list
from smime_core.authority.register import Issuer
from smime_core.ca.profile import Generation
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.certificate import Certificate, parse_certificates
from smime_core.cli.ca_options import GivenPassphrase, at_option, check_role, folder_argument, open_authority, open_role
from smime_core.cli.files import read_input, write_line, write_output
from smime_core.cli.group import Verbs
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, now, output_option
from smime_core.cli.passphrases import passphrase_options
from smime_core.pem import build_pem
from smime_core.provider import NewKey
from smime_core.revocation_list import is_revocation_list

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable
    from importlib.metadata import EntryPoint
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

_VERBS: Final = {
    "create": "smime_core.cli.ca:create",
    "create-root": "smime_core.cli.ca:create_root_only",
    "request-issuing": "smime_core.cli.ca:request_issuing_certificate",
    "sign-issuing": "smime_core.cli.ca:sign_issuing_certificate",
    "accept-issuing": "smime_core.cli.ca:accept_issuing_certificate",
    "accept-root-crl": "smime_core.cli.ca:accept_root_list",
    "issue": "smime_core.cli.ca_people:issue",
    "renew": "smime_core.cli.ca_people:renew",
    "revoke": "smime_core.cli.ca_people:revoke",
    "list": "smime_core.cli.ca_people:list_certificates",
    "crl": "smime_core.cli.ca_people:crl",
    "publish": "smime_core.cli.ca_people:publish",
    "responder": "smime_core.cli.ca:responder",
}
_SIGNING_KEYS: Final = [kind.value for kind in NewKey if kind.startswith(("rsa", "p-", "ed"))]


class CaVerbs(Verbs):
    """The core's verbs in the order of the story, then what other rooms add by the entry points `sealwax.ca`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_VERBS, *sorted(_plugins())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _VERBS:
            module, _, name = _VERBS[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), name)
            return command
        plugin = _plugins().get(cmd_name)
        if plugin is None:
            return None
        try:
            loaded: click.Command = plugin.load()
        except ImportError as error:
            raise click.ClickException(f"{cmd_name} needs packages that are not installed: {error}") from error
        return loaded


@click.group(cls=CaVerbs)
def ca() -> None:
    """Run a small CA for mail: a folder with its keys, encrypted, and its register.

    \b
    create DIR --name "Example" --url http://pki.example.org
        makes a root and an issuing CA. Or, with a root that stays offline:
        create-root, request-issuing, sign-issuing, accept-issuing.
    issue DIR alice.csr --address alice@example.org -o alice.pem
        certifies who made the request, in the command, the pages or
        any other program. You answer for whose address it is.
    respond DIR
        answers at the URL: OCSP, lists, certificates of the CAs.
    crl, renew, revoke, list, publish
        keep it going: a new list before the last one ends, say daily.
    """


def founding_options(function: Function) -> Function:
    """What is decided when a CA is made."""
    for option in (
        at_option,
        click.option(
            "--key",
            type=click.Choice(_SIGNING_KEYS),
            default=NewKey.RSA_3072.value,
            show_default=True,
            help="Of root and issuing CA.",
        ),
        click.option(
            "--allow-login",
            is_flag=True,
            help="Certificates that are good for logging in (TLS client authentication) too.",
        ),
        click.option("--country", default="", metavar="XX", help="Two letters, into the names of the CAs."),
        click.option(
            "--url",
            required=True,
            metavar="URL",
            help="Where `respond` will be reached: http://pki.example.org. It stands in every certificate.",
        ),
        click.option("--name", required=True, help="Of the organisation, into the names of the CAs."),
    ):
        function = option(function)
    return function


def _daily_options(function: Function) -> Function:
    for option in (
        click.option(
            "--list-days",
            type=click.IntRange(1, 365),
            default=7,
            show_default=True,
            help="For how long a list of the issuing CA holds.",
        ),
        click.option(
            "--days",
            "subscriber_days",
            type=click.IntRange(1, MAX_SUBSCRIBER_DAYS),
            default=365,
            show_default=True,
            help="For how long people are certified, where `issue` does not say.",
        ),
        click.option("--strict", is_flag=True, help="Certificates for mail alone (the strict generation)."),
    ):
        function = option(function)
    return function


@click.command()
@folder_argument
@founding_options
@_daily_options
@passphrase_options
def create(
    folder: Path,
    name: str,
    url: str,
    country: str,
    allow_login: bool,
    key: str,
    at: datetime.datetime | None,
    strict: bool,
    subscriber_days: int,
    list_days: int,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Make a root and an issuing CA in one folder.

    Move root.key to a safe place afterwards: only new issuing CAs, their revocation and the root's own list need it.
    """
    settings = _settings(
        name, url, country, allow_login, strict=strict, days=(subscriber_days, list_days), keyring_entry=keyring_entry
    )
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with new_folder(folder) as draft:
        founder = Founder(provider=PROVIDER, at=at or now(), passphrase=given.choose(), key=NewKey(key))
        root = create_root(draft, settings, founder)
        request = blocking.open_certification_request(request_issuing(draft, settings, founder), provider=PROVIDER)
        root_signer = draft.open_role(Role.ROOT, founder.passphrase, provider=PROVIDER)
        issuing = sign_issuing(draft, request, root=root_signer, at=founder.at, provider=PROVIDER)
        accept_issuing(draft, issuing, root, root_list=_root_list(draft), founder=founder)
    write_line(f"{folder}/root.pem is what others are to trust: {root.fingerprint}")


@click.command("create-root")
@folder_argument
@founding_options
@passphrase_options
def create_root_only(
    folder: Path,
    name: str,
    url: str,
    country: str,
    allow_login: bool,
    key: str,
    at: datetime.datetime | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Make a root alone, where it stays offline."""
    settings = _settings(name, url, country, allow_login, keyring_entry=keyring_entry)
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with new_folder(folder) as draft:
        founder = Founder(provider=PROVIDER, at=at or now(), passphrase=given.choose(), key=NewKey(key))
        root = create_root(draft, settings, founder)
    write_line(f"{folder}/root.pem is what others are to trust: {root.fingerprint}")


@click.command("request-issuing")
@folder_argument
@founding_options
@_daily_options
@output_option
@passphrase_options
def request_issuing_certificate(
    folder: Path,
    name: str,
    url: str,
    country: str,
    allow_login: bool,
    key: str,
    at: datetime.datetime | None,
    strict: bool,
    subscriber_days: int,
    list_days: int,
    target: str,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Make an issuing CA's key and request for an offline root."""
    settings = _settings(
        name, url, country, allow_login, strict=strict, days=(subscriber_days, list_days), keyring_entry=keyring_entry
    )
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    with new_folder(folder) as draft:
        founder = Founder(provider=PROVIDER, at=at or now(), passphrase=given.choose(), key=NewKey(key))
        request = request_issuing(draft, settings, founder)
    write_output(target, request)


@click.command("sign-issuing")
@folder_argument
@click.argument("request", metavar="CSR", type=FILE)
@output_option
@at_option
@passphrase_options
def sign_issuing_certificate(
    folder: Path,
    request: str,
    target: str,
    at: datetime.datetime | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign the request of an issuing CA by the root in DIR.

    OUT gets the certificate, the root's and the root's list, in PEM: what accept-issuing takes.
    """
    authority = open_authority(folder)
    opened = blocking.open_certification_request(read_input(request), provider=PROVIDER)
    root = open_role(
        authority, Role.ROOT, GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    )
    issuing = sign_issuing(authority, opened, root=root, at=at or now(), provider=PROVIDER)
    certificates = (build_pem("CERTIFICATE", one.der) for one in (issuing, root.certificate))
    write_output(target, b"".join(certificates) + build_pem("X509 CRL", _root_list(authority)))


@click.command("accept-issuing")
@folder_argument
@click.argument("signed", metavar="PEM", type=FILE)
@at_option
@passphrase_options
def accept_issuing_certificate(
    folder: Path,
    signed: str,
    at: datetime.datetime | None,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Take in what sign-issuing wrote.

    DIR is the folder of request-issuing; from then on it can issue."""
    authority = open_authority(folder)
    data = read_input(signed)
    issuing, root = _pair(parse_certificates(data))
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    founder = Founder(provider=PROVIDER, at=at or now(), passphrase=given.open(authority))
    accept_issuing(authority, issuing, root, root_list=data if is_revocation_list(data) else None, founder=founder)
    write_line(f"{folder}/root.pem is what others are to trust: {root.fingerprint}")


@click.command("accept-root-crl")
@folder_argument
@click.argument("signed", metavar="CRL", type=FILE)
@at_option
def accept_root_list(folder: Path, signed: str, at: datetime.datetime | None) -> None:
    """Take in a new list of an offline root.

    CRL is what `crl --root` wrote where the root is. `respond` hands it out here."""
    authority = open_authority(folder)
    root = authority.certificate(Role.ROOT)
    published = keep_root_list(authority, read_input(signed), root, at=at or now(), provider=PROVIDER)
    write_line(f"List {published.number} of the root holds until {published.next_update:%Y-%m-%d %H:%M} UTC.")


@click.command()
@folder_argument
@at_option
@passphrase_options
def responder(
    folder: Path, at: datetime.datetime | None, file: str | None, descriptor: int | None, keyring_entry: str | None
) -> None:
    """Give the responder a new key and certificate, for a year.

    `respond` takes them up when it starts again."""
    authority = open_authority(folder)
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    check_role(authority, Role.ISSUING)
    founder = Founder(provider=PROVIDER, at=at or now(), passphrase=given.open(authority))
    issuing = authority.open_role(Role.ISSUING, founder.passphrase, provider=PROVIDER)
    made = certify_responder(authority, issuing, founder)
    write_line(f"The responder may sign until {made.not_after:%Y-%m-%d}.")


def _settings(
    name: str,
    url: str,
    country: str,
    allow_login: bool,
    *,
    strict: bool = False,
    days: tuple[int, int] = (365, 7),
    keyring_entry: str | None,
) -> Settings:
    return Settings(
        name=name,
        url=url.removesuffix("/"),
        country=country,
        generation=Generation.STRICT if strict else Generation.MULTIPURPOSE,
        allows_login=allow_login,
        subscriber_days=days[0],
        list_days=days[1],
        keyring_entry=keyring_entry or "",
    )


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


def _plugins() -> dict[str, EntryPoint]:
    # Imported here: it brings the e-mail package of the standard library along, which no verb of ours needs.
    from importlib.metadata import entry_points

    return {plugin.name: plugin for plugin in entry_points(group="sealwax.ca")}
