"""`sealwax roam pull` and `push`: the keys of an account."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from roaming_keys.client.command.extensions import follow_login
from roaming_keys.client.command.logging_in import show_account
from roaming_keys.client.command.login import NEW_PASSPHRASE_FILE, AccountLogin, KeyFiles, open_session, remember
from roaming_keys.client.command.trust_files import push_files, take_files
from sealwax.cli.options.parameters import FILE, OUTPUT_FILE
from sealwax.cli.options.passphrases import new_passphrase
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_output
from smime_core import blocking
from smime_core.identity import Pkcs12Form, export_identities


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The account, and the file to write."""

    login: AccountLogin = group_of(AccountLogin)
    target: str = given_by(
        click.Option(
            ["-o", "--output", "target"], metavar="P12", required=True, type=OUTPUT_FILE, help="Where the keys go."
        )
    )
    new_file: str | None = given_by(NEW_PASSPHRASE_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """The account, and the identities to add to it."""

    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="[P12]...", nargs=-1, type=FILE))
    login: AccountLogin = group_of(AccountLogin)
    files: KeyFiles = group_of(KeyFiles)


@verb(PullRequest)
def pull(request: PullRequest) -> None:
    """Write the keys of the account to a PKCS#12 file, which other programs open.

    The file gets the passphrase of the account, or another by --new-passphrase-file. Your contacts and decisions get
    those of your other devices.
    """
    roaming = open_session(request.login)
    passphrase = roaming.passphrase if request.new_file is None else new_passphrase(request.new_file)
    identities = roaming.session.opened.identities
    pkcs12 = blocking.run(export_identities(identities, passphrase, PROVIDER, form=Pkcs12Form.COMPATIBLE))
    blocking.run(roaming.session.note_export(roaming.setting))
    write_output(request.target, pkcs12, mode=PRIVATE_MODE)
    take_files(roaming.session)


@verb(PushRequest)
def push(request: PushRequest) -> None:
    """Add your contacts and decisions to the account, and the keys of identity files.

    Keys that it has already stay. Contacts and decisions of your other devices come back.
    """
    identities = request.files.load(request.names)
    roaming = open_session(request.login)
    session = push_files(roaming, identities)
    remember(session)
    show_account(session)
    follow_login(replace(roaming, session=session))
