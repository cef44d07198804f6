"""`sealwax keys init`: a configuration with comments, the master key, the database."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from roaming_keys.server.accounts.store import Store
from roaming_keys.server.master_key import KeyRing, KeyringKeys, ServerKeyError, fingerprint_in
from roaming_keys.server.operation.settings import KEYS, MASTER_KEY, KeysSettings
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import database_failures_said
from sealwax.operation.first_file import Values, first_file, toml_value
from sealwax.operation.founding import (
    DATABASE_SECRET,
    database_option,
    go_on_with_database,
    make_secret,
    origin_option,
    owner_option,
    write_configuration,
)
from sealwax.operation.settings import WrongSettings, own_secrets_folder, secret_names
from sealwax.service.database import has_password

_DATABASE = "/var/lib/sealwax-keys/keys.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """The values of a first configuration."""

    config: Path = given_by(KEYS.config_option())
    origin: str = given_by(origin_option("--origin", "Origin of the key server.", "https://keys.example.org"))
    pages: str = given_by(origin_option("--pages", "Origin of the pages.", "https://mail.example.org"))
    ticket_key: str | None = given_by(
        click.Option(
            ["--ticket-key"], metavar="KEY", help="The key that `sealwax bridge ticket-key` prints. Needed once."
        )
    )
    database: str = given_by(database_option(_DATABASE))
    in_keyring: bool = given_by(
        click.Option(
            ["--keyring", "in_keyring"], is_flag=True, help="Keep the master key in the system keyring, not in a file."
        )
    )
    user: str | None = given_by(owner_option())


@verb(InitRequest)
def init(request: InitRequest) -> None:
    """Write a configuration with comments, and make its master key and its database.

    Files that exist are kept. Back up the master key apart from the database: one without the other opens nothing.
    """
    file = request.config
    folder = own_secrets_folder(file)
    names = [name for name in secret_names(KeysSettings) if name != DATABASE_SECRET or has_password(request.database)]
    elsewhere = {name: str(folder / name) for name in names}
    values: Values = {
        ("origin",): request.origin,
        ("database",): request.database,
        ("trusted_proxies",): 1,
        **({("ticket_key",): request.ticket_key} if request.ticket_key else {}),
    }
    text = first_file(KeysSettings, values, elsewhere=elsewhere)
    # `pages_origins` is the only setting in this file that is a list.
    text = text.replace("# pages_origins = []", f"pages_origins = [{toml_value(request.pages)}]")
    settings = write_configuration(KEYS, file, text)
    go_on_with_database(request.user, settings, wanted=request.database, present=settings.database.get_secret_value())
    try:
        with database_failures_said():
            _found(KEYS.load(file), request)
    except ServerKeyError as error:
        raise WrongSettings([f"master_key: {error}"]) from None
    write_line("the database is up to date")


def _found(settings: KeysSettings, request: InitRequest) -> None:
    """Make the master key unless there is one, and the database, and bind it to the key. Raises ServerKeyError."""
    url = settings.to_config().database
    made = None
    # An existing database never gets a new key. Its key is in the keyring, or has to be restored.
    if settings.master_key is None and fingerprint_in(url) is None:
        if request.in_keyring:
            if KeyringKeys(url).make():
                write_line("the master key was made in the system keyring: back it up apart from the database")
        else:
            made = make_secret(request.config, MASTER_KEY)
    try:
        config = KEYS.load(request.config).to_config()
        with closing(Store(config.database, KeyRing(config.key_source))) as store:
            store.trail.begin(store.database, config.clock())
    except ServerKeyError:
        # Another machine has bound the database to another key since, and nothing is sealed under the new key.
        if made is not None:
            made.unlink()
        raise
    if made is not None:
        write_line(f"{made} was made: back it up apart from the database")
