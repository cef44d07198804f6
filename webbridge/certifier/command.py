"""`sealwax ca certify`: the signing service of a small CA, until it is stopped."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.authority.certifying import ANY_DOMAIN, PER_ADDRESS, PER_DAY, AutomaticCertifier, Terms
from sealwax.authority.folder import Role
from sealwax.cli.options.authority import FOLDER, check_role, open_authority, read_passphrase
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from sealwax.service import catch_ending_signals, serve
from smime_core.text import condition_key
from webbridge.certifier.app import create_certifier_app

CLIENT_SECONDS: Final = 20  # The longest time for which a client may be silent in the middle of a request.
_PRIVATE_UMASK: Final = 0o177
_GROUP_MODE: Final = 0o660


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifyRequest:
    """The folder of a CA, the socket of its only client, and the limits on its certificates."""

    folder: Path = given_by(FOLDER)
    socket: Path = given_by(
        click.Option(
            ["--socket"],
            metavar="PATH",
            type=click.Path(path_type=Path, dir_okay=False),
            required=True,
            help="Unix socket to listen at.",
        )
    )
    group: str | None = given_by(
        click.Option(["--group"], metavar="NAME", help="Group that may use the socket; without it only your user.")
    )
    domains: tuple[str, ...] = given_by(
        click.Option(
            ["--domain", "domains"],
            multiple=True,
            required=True,
            metavar="DOMAIN",
            help="Domain whose addresses are certified; * for all. Repeatable.",
        )
    )
    never: tuple[str, ...] = given_by(
        click.Option(
            ["--not-domain", "never"],
            multiple=True,
            metavar="DOMAIN",
            help="Domain whose addresses are never certified. Repeatable.",
        )
    )
    per_address: int = given_by(
        click.Option(
            ["--per-address"],
            type=click.IntRange(1),
            default=PER_ADDRESS,
            show_default=True,
            metavar="N",
            help="Most certificates of an address in 30 days.",
        )
    )
    per_day: int = given_by(
        click.Option(
            ["--per-day"],
            type=click.IntRange(1),
            default=PER_DAY,
            show_default=True,
            metavar="N",
            help="Most certificates in a day.",
        )
    )
    directory: Path | None = given_by(
        click.Option(
            ["--directory"],
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="The folder that the bridge takes for its directory: a PEM file for each certificate.",
        )
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)

    @property
    def terms(self) -> Terms:
        """The limits on the certificates. Raises UsageError for a text that is no domain."""
        return Terms(
            domains=frozenset(domain if domain == ANY_DOMAIN else _domain(domain) for domain in self.domains),
            never=frozenset(map(_domain, self.never)),
            per_address=self.per_address,
            per_day=self.per_day,
        )


@verb(CertifyRequest)
def certify(request: CertifyRequest) -> None:
    """Issue the certificates that the bridge requests, without asking the operator.

    The issuing key is opened, so run this apart from the bridge, as another user. The command cannot check to whom an
    address belongs, and relies on the bridge for this.
    """
    authority, terms = open_authority(request.folder), request.terms
    check_role(authority, Role.ISSUING)
    passphrase = read_passphrase(authority, request.passphrases)
    certifier = AutomaticCertifier.open(authority, passphrase, terms=terms, directory=request.directory)
    app = create_certifier_app(certifier)
    bound = _listen(request.socket, request.group)
    wait_for_end = catch_ending_signals()
    with serve(app, bound, client_seconds=CLIENT_SECONDS):
        write_line(f"Certifying for {authority.settings().name} at {request.socket}")
        sys.stdout.flush()
        wait_for_end()
    request.socket.unlink(missing_ok=True)


def _domain(name: str) -> str:
    """Return a domain in the form in which addresses are compared. Raises UsageError."""
    key = condition_key(f"@{name}")
    if key is None:
        raise click.UsageError(f"{name} is not the name of a domain")
    return key[1]


def _listen(path: Path, group: str | None) -> socket.socket:
    """Return a socket that only this user and the group may use. A socket that another process left is replaced."""
    bound = socket.socket(socket.AF_UNIX)
    try:
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        before = os.umask(_PRIVATE_UMASK)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
        if group is not None:
            shutil.chown(path, group=group)
            path.chmod(_GROUP_MODE)
        bound.listen()
    except (OSError, LookupError) as error:
        bound.close()
        raise click.ClickException(f"the service cannot listen at {path}: {error}") from error
    return bound
