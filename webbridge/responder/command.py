"""`sealwax ca respond`: the responder of a small CA, until it is stopped."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.authority.answering import AuthorityResponder
from sealwax.authority.folder import Role
from sealwax.cli.options.authority import FOLDER, check_role, open_authority, read_passphrase
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import write_line
from sealwax.service import catch_ending_signals, serve
from webbridge.responder.app import create_authority_app

CLIENT_SECONDS = 20  # The longest silence of a client in the middle of a request.


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondRequest:
    """The folder of a CA, and the address to listen at."""

    folder: Path = given_by(FOLDER)
    host: str = given_by(click.Option(["--host"], default="127.0.0.1", show_default=True, help="Address to listen at."))
    port: int = given_by(
        click.Option(
            ["--port"],
            type=click.IntRange(0, 65_535),
            default=8080,
            show_default=True,
            help="0 takes a free one.",
        )
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(RespondRequest)
def respond(request: RespondRequest) -> None:
    """Answer for the CA: OCSP, lists, certificates.

    Only the responder's key is opened. Put it behind the CA's URL by any HTTP server, as a plain reverse proxy.
    """
    authority, host, port = open_authority(request.folder), request.host, request.port
    check_role(authority, Role.RESPONDER)
    passphrase = read_passphrase(authority, request.passphrases)
    app = create_authority_app(AuthorityResponder.open(authority, passphrase))
    bound = _listen(host, port)
    port = bound.getsockname()[1]
    wait_for_end = catch_ending_signals()
    with serve(app, bound, client_seconds=CLIENT_SECONDS):
        write_line(f"Answering for {authority.settings().name} at http://{host}:{port}")
        sys.stdout.flush()
        wait_for_end()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        text = f"the responder cannot listen at {host}, port {port}: choose another address or port"
        raise click.ClickException(text) from error
