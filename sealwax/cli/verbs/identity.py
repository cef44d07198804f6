"""`sealwax identity`: the group of verbs about identities, and `demo`, which makes identities for trying things out."""

from __future__ import annotations

import base64
import re
import secrets
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.parameters import ValueChoice, now
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_line, write_output
from sealwax.cli.verbs.identity_files import export, list_identities
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import MalformedMessage
from smime_core.provider import NewKey
from smime_core.x509 import Certificate

PASSPHRASE_GROUPS: Final = 5  # Groups of four base32 characters; together they have 100 bits.
DEMO_AUTHORITY: Final = "Sealwax Demonstration CA"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    """A folder, the addresses, and the kind of their keys."""

    folder: Path = given_by(click.Argument(["folder"], metavar="DIR", type=click.Path(path_type=Path)))
    addresses: tuple[str, ...] = given_by(
        click.Option(["--address", "addresses"], multiple=True, required=True, metavar="ADDRESS", help="Repeatable.")
    )
    key: NewKey = given_by(
        click.Option(["--key"], type=ValueChoice(NewKey), default=NewKey.RSA_2048.value, show_default=True)
    )


@click.group()
def identity() -> None:
    """Make, list and export identities."""


identity.add_command(list_identities)
identity.add_command(export)


@verb(DemoRequest, group=identity)
def demo(request: DemoRequest) -> None:
    """Make a demonstration CA and an identity for each address.

    DIR gets ca.pem, NAME.p12 and NAME.pem for each address, and one passphrase.txt for all. Nothing that people rely on
    should trust this CA.
    """
    names, directory = _file_names(request.addresses), request.folder
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = ["ca.pem", "passphrase.txt", *(f"{name}.{ending}" for name in names.values() for ending in ("p12", "pem"))]
    existing = [name for name in files if (directory / name).exists()]
    if existing:
        raise click.ClickException(f"{directory / existing[0]} is there already: choose another folder")
    at = now()
    authority = blocking.run(create_authority(DEMO_AUTHORITY, provider=PROVIDER, at=at))
    passphrase = _new_passphrase()
    write_output(str(directory / "passphrase.txt"), f"{passphrase}\n".encode(), mode=PRIVATE_MODE)
    write_output(str(directory / "ca.pem"), _to_pem(authority.identity.certificate))
    for address, name in names.items():
        made = blocking.run(issue_identity(authority, address, provider=PROVIDER, at=at, key=request.key))
        p12 = blocking.export_identity(made, passphrase.encode(), provider=PROVIDER)
        write_output(str(directory / f"{name}.p12"), p12, mode=PRIVATE_MODE)
        write_output(str(directory / f"{name}.pem"), _to_pem(made.certificate))
        write_line(f"{address}: {directory / name}.p12, {directory / name}.pem")


def _file_names(addresses: tuple[str, ...]) -> dict[str, str]:
    # The part before the @ if it is plain and unique, such as alice.p12; otherwise the whole address.
    for address in addresses:
        if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9.-]*", address):
            raise MalformedMessage("expected an address of plain letters, digits and . _ + -", where="--address")
    local_parts = Counter(address.partition("@")[0].lower() for address in dict.fromkeys(addresses))
    taken = {"ca"}
    return {
        address: local if local_parts[local.lower()] == 1 and local.lower() not in taken else address
        for address, local in ((address, address.partition("@")[0]) for address in addresses)
    }


def _new_passphrase() -> str:
    characters = base64.b32encode(secrets.token_bytes(15)).decode("ascii").lower()[: 4 * PASSPHRASE_GROUPS]
    return "-".join(characters[start : start + 4] for start in range(0, len(characters), 4))


def _to_pem(certificate: Certificate) -> bytes:
    return build_pem("CERTIFICATE", certificate.der)
