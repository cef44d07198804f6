"""`sealwax keys staff add`, `list` and `remove`: the staff of an organisation, and their roles at the key server.

Members are appointed on the server's machine, by people who may change its configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from roaming_keys.organisation.protocol.messages import Role
from roaming_keys.organisation.protocol.policy import check_encrypts
from roaming_keys.organisation.server.staff import OPERATOR, Member, MemberExists, StaffStore
from roaming_keys.server.operation.opened_trail import opened_trail
from roaming_keys.server.operation.settings import KEYS
from sealwax.cli.options.identities import load_own_certificate
from sealwax.cli.options.parameters import FILE, ValueChoice
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.program import ConfigRequest
from sealwax.service import Access, now
from smime_core.text import read_ed25519, write_ed25519

_MAX_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """The new member, and the configuration of the server."""

    name: str = given_by(click.Argument(["name"], metavar="NAME"))
    role: Role = given_by(click.Argument(["role"], type=ValueChoice(Role), metavar="ROLE"))
    key: str = given_by(click.Argument(["key"], metavar="KEY"))
    certificate: str | None = given_by(
        click.Option(
            ["--certificate"], metavar="CERT", type=FILE, help="The certificate of an officer, for encryption."
        )
    )
    config: Path = given_by(KEYS.config_option())

    def __post_init__(self) -> None:
        if not (0 < len(self.name) <= _MAX_NAME and self.name.isprintable()):
            raise click.UsageError(f"a name has 1 to {_MAX_NAME} characters")
        # The audit trail names the members who have acted, so two names must not look alike.
        if self.name == OPERATOR or self.name != " ".join(self.name.split()):
            raise click.UsageError(f"a name is not {OPERATOR}, and has single spaces between words only")
        if (self.role is Role.OFFICER) != (self.certificate is not None):
            raise click.UsageError("give --certificate for an officer, and for nobody else")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest:
    """The member to remove."""

    name: str = given_by(click.Argument(["name"], metavar="NAME"))
    config: Path = given_by(KEYS.config_option())


@verb(AddRequest)
def add(request: AddRequest) -> None:
    """Appoint NAME as administrator, officer or auditor, with the KEY that the person's computer has printed.

    Administrators change accounts and open recovery cases, officers approve them, auditors read the audit trail. An
    officer also has a certificate, for which shares are encrypted.
    """
    certificate = None if request.certificate is None else load_own_certificate(request.certificate)
    if certificate is not None:
        check_encrypts(certificate)
    try:
        public_key = read_ed25519(request.key)
    except ValueError:
        raise click.UsageError("KEY is what sealwax keys staff key prints: ed25519: and 43 characters") from None
    fingerprint = None if certificate is None else certificate.fingerprint
    member = Member(name=request.name, role=request.role, key=public_key, certificate=fingerprint)
    with _opened(request.config, Access.WRITING) as staff:
        try:
            staff.add(member, now())
        except MemberExists:
            raise click.ClickException("a member has this name, key or certificate already") from None
    write_line(f"{member.name} is {member.role} now")


@verb(KEYS.request_class(), "list")
def list_members(request: ConfigRequest) -> None:
    """List the members, with their roles and keys."""
    with _opened(request.config, Access.READING) as staff:
        for member in staff.members():
            certificate = f", certificate {member.certificate}" if member.certificate else ""
            write_line(f"{member.name}, {member.role}, {write_ed25519(member.key)}{certificate}")


@verb(RemoveRequest)
def remove(request: RemoveRequest) -> None:
    """End the rights of NAME. Shares that are encrypted for an officer stay until people confirm another policy."""
    with _opened(request.config, Access.WRITING) as staff:
        if not staff.remove(request.name, now()):
            raise click.ClickException(f"there is no {request.name}: sealwax keys staff list")
    write_line(f"{request.name} has no rights any more")


@contextmanager
def _opened(config: Path, access: Access) -> Iterator[StaffStore]:
    with opened_trail(config, access=access) as (_, trail, database):
        yield StaffStore(database, trail)
