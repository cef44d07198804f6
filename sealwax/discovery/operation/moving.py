"""`sealwax discovery server-key` and `move`: the commands of a server that gets a new address."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_line
from sealwax.discovery.finding import PATH
from sealwax.discovery.publishing import list_of
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.operation.settings import KEY_BYTES
from sealwax.operation.web import NoAnswer, ask, post
from sealwax.service import check_origin
from smime_core import blocking
from smime_core.errors import MalformedMessage
from smime_core.keys import raw_private_key
from smime_core.own_content import check_address, key_text, normalise_domain, sign_move
from smime_core.provider import KeyType, PrivateKey

MAX_KEY_FILE_BYTES: Final = 1_000
_KEY_FILE: Final = click.Argument(["key_file"], metavar="KEYFILE", type=click.Path(dir_okay=False, path_type=Path))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKeyRequest:
    """The file of a server's key."""

    key_file: Path = given_by(_KEY_FILE)


@verb(ServerKeyRequest, "server-key")
def server_key(request: ServerKeyRequest) -> None:
    """Make the key with which a server may move, if KEYFILE does not exist, and print its public half.

    The operator of the domain writes the printed text into discovery.toml, as the key of this server.
    """
    if not request.key_file.exists():
        write_whole(request.key_file, secrets.token_hex(KEY_BYTES).encode() + b"\n", mode=PRIVATE_MODE)
    write_line(key_text(_read_key(request.key_file)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """The server's key, its new address, and the service that gets the report."""

    key_file: Path = given_by(_KEY_FILE)
    address: str = given_by(click.Argument(["address"], metavar="ADDRESS"))
    domain: str = given_by(
        click.Option(["--domain"], required=True, metavar="DOMAIN", help="The mail domain that lists the server.")
    )
    service: str = given_by(
        click.Option(["--service"], required=True, metavar="ORIGIN", help="Origin of the discovery service.")
    )


@verb(MoveRequest)
def move(request: MoveRequest) -> None:
    """Report the new ADDRESS of the server whose key is in KEYFILE.

    The discovery service publishes ADDRESS at once. Clients that do not find the server at its old address fetch the
    list and follow it. Run this command when the server answers at the new address.
    """
    key = _read_key(request.key_file)
    domain = normalise_domain(request.domain)
    try:
        check_origin(request.service)
        check_address(request.address)
    except (ValueError, MalformedMessage) as error:
        raise click.UsageError(str(error)) from None
    try:
        signed = sign_move(
            domain, PROVIDER, key=key, counter=_next_counter(request.service, key), address=request.address, at=now()
        )
        answer = post(request.service, "/move", blocking.run(signed))
    except NoAnswer as error:
        raise click.ClickException(f"{request.service}: {error}") from None
    if "number" not in answer:
        raise click.ClickException(f"{request.service}: {answer.get('code')}: {answer.get('message')}")
    write_line(f"{domain} lists {request.address} from number {answer['number']} on")


def _next_counter(service: str, key: PrivateKey) -> int:
    """The counter of the server's next move. If the service answers with a wrong list, it refuses the move later."""
    answer = ask(service, PATH)
    try:
        server = list_of(json.dumps(answer).encode()).find_by_key(key_text(key))
    except MalformedMessage:
        raise click.ClickException(f"{service}: {answer.get('code', 'it')} gives no discovery document") from None
    if server is None:
        raise click.ClickException(f"{service} lists no server with the key {key_text(key)}: ask its operator")
    return server.moves + 1


def _read_key(file: Path) -> PrivateKey:
    try:
        secret = bytes.fromhex(read_small(file, max_bytes=MAX_KEY_FILE_BYTES).decode().strip())
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise click.ClickException(f"{file} is no key that `sealwax discovery server-key` has made")
    return raw_private_key(KeyType.ED25519, secret)
