"""`sealwax bridge init`: a configuration with comments, its secrets, its database, and examples for operators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import database_failures_said
from sealwax.operation.first_file import Values, first_file
from sealwax.operation.founding import (
    DATABASE_SECRET,
    database_option,
    go_on_with_database,
    is_kept_apart,
    make_secret,
    origin_option,
    owner_option,
    write_configuration,
)
from sealwax.operation.settings import own_secrets_folder
from sealwax.service.database import has_password
from webbridge.database import SCHEMA
from webbridge.operation.examples import write_examples
from webbridge.operation.settings import BRIDGE, BridgeSettings

_DATABASE = "/var/lib/sealwax-bridge/bridge.sqlite"
_KEY = "enrolment_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """The values of a first configuration."""

    config: Path = given_by(BRIDGE.config_option())
    api: str = given_by(origin_option("--api", "Origin of the API.", "https://api.example.org"))
    prefix: str = given_by(
        click.Option(["--prefix"], default="", metavar="PATH", help="Path of the API before /api, such as /mail.")
    )
    pages: str = given_by(origin_option("--pages", "Origin of the pages.", "https://mail.example.org"))
    keys: str = given_by(origin_option("--keys", "Origin of the key server.", "https://keys.example.org"))
    imap: str = given_by(
        click.Option(
            ["--imap"],
            default="imap.example.org:993",
            show_default=True,
            metavar="HOST:PORT",
            help="IMAP server; port 143 means STARTTLS.",
        )
    )
    smtp: str = given_by(
        click.Option(
            ["--smtp"],
            default="smtp.example.org:587",
            show_default=True,
            metavar="HOST:PORT",
            help="Submission server; port 465 means TLS from the first byte, others STARTTLS.",
        )
    )
    database: str = given_by(database_option(_DATABASE))
    user: str | None = given_by(owner_option())
    examples: Path | None = given_by(
        click.Option(
            ["--examples"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Folder for examples: nginx, Caddy, systemd, containers.",
        )
    )


@verb(InitRequest)
def init(request: InitRequest) -> None:
    """Write a configuration with comments, and make its secrets and its database.

    Files that exist are kept. So the command also makes what an older configuration lacks: after an upgrade it brings
    the database up to date. The URL of a database with a password is kept among the secrets. Root makes secrets and
    database as the user of the service.
    """
    file, folder = request.config, own_secrets_folder(request.config)
    names = (_KEY, DATABASE_SECRET) if has_password(request.database) else (_KEY,)
    text = first_file(BridgeSettings, _values(request), elsewhere={name: str(folder / name) for name in names})
    settings = write_configuration(BRIDGE, file, text)
    if request.examples is not None:
        is_secret = is_kept_apart(settings, request.database)
        for path in write_examples(settings, file, request.examples, has_database_secret=is_secret):
            write_line(f"{path} was written")
    go_on_with_database(request.user, settings, wanted=request.database, present=settings.database.get_secret_value())
    secret = make_secret(file, _KEY)
    if secret is not None:
        write_line(f"{secret} was made: `sealwax bridge ticket-key` prints what the key server needs of it")
    config = BRIDGE.load(file).to_config()
    with database_failures_said():
        SCHEMA.upgrade(config.database)
    write_line("the database is up to date")


def _values(request: InitRequest) -> Values:
    imap_host, imap_port = _split(request.imap, 993)
    smtp_host, smtp_port = _split(request.smtp, 587)
    return {
        ("api_origin",): request.api,
        **({("api_prefix",): request.prefix} if request.prefix else {}),
        ("pages_origin",): request.pages,
        ("key_server_origin",): request.keys,
        ("database",): request.database,
        ("trusted_proxies",): 1,
        ("events", "listen"): "127.0.0.1:8004",
        ("mail", "imap", "host"): imap_host,
        ("mail", "imap", "port"): imap_port,
        ("mail", "imap", "security"): "starttls" if imap_port == 143 else "tls",
        ("mail", "smtp", "host"): smtp_host,
        ("mail", "smtp", "port"): smtp_port,
        ("mail", "smtp", "security"): "tls" if smtp_port == 465 else "starttls",
    }


def _split(text: str, default_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, default_port
    if not (port.isascii() and port.isdigit()):
        raise click.BadParameter(f"{text} has no port: write it as host:993")
    return host, int(port)
