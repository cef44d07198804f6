"""`sealwax ca respond`: the responder of a small CA, until it is stopped."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from pathlib import Path

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from smime_core.authority.answering import InformationDesk
from smime_core.authority.folder import Role
from smime_core.cli.ca_options import GivenPassphrase, check_role, folder_argument, open_authority
from smime_core.cli.files import write_line
from smime_core.cli.operations import PROVIDER
from smime_core.cli.passphrases import passphrase_options
from webbridge.authority_app import AuthorityConfig, create_authority_app

CLIENT_SECONDS = 20  # how long somebody may take over a request


@click.command("respond")
@folder_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8080, show_default=True, help="0 takes a free one.")
@passphrase_options
def respond(
    folder: Path, host: str, port: int, file: str | None, descriptor: int | None, keyring_entry: str | None
) -> None:
    """Answer for the CA: OCSP, lists, certificates.

    Only the responder's key is opened. Put it behind the CA's URL by any HTTP server, as a plain reverse proxy.
    """
    authority = open_authority(folder)
    check_role(authority, Role.RESPONDER)
    given = GivenPassphrase(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    desk = InformationDesk.open(authority, given.open(authority), provider=PROVIDER)
    app = create_authority_app(AuthorityConfig(desk=desk))
    try:
        server = make_server(host, port, app, threaded=True, request_handler=_DiscreetHandler)
    except (OSError, SystemExit) as error:
        raise click.ClickException(f"nothing can listen at {host}, port {port}") from error
    # Not an Event: its set() waits for ever when the signal meets wait() just as that takes the same lock.
    stopped: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.put(None))
    thread = threading.Thread(target=server.serve_forever, name="responder", daemon=True)
    thread.start()
    write_line(f"Answering for {authority.settings().name} at http://{host}:{server.server_port}")
    sys.stdout.flush()
    stopped.get()
    server.shutdown()
    server.server_close()


class _DiscreetHandler(WSGIRequestHandler):
    """Logs no request: its address names whose certificate somebody looks at."""

    timeout = CLIENT_SECONDS

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, format: str, *args: object) -> None:  # the name in http.server
        """Say nothing."""
