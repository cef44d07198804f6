"""`sealwax import` and `sealwax export`: transfer of mail between files and a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.group import NOT_AS_ASKED
from sealwax.cli.options.passphrases import ask_terminal, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.streams.files import printable, write_error, write_line
from webbridge.gateway import Credentials, GatewayError, MailAccount, MailServer, Security, ServerAddress
from webbridge.gateway.door import check_credentials
from webbridge.transfer.exporting import Form, export
from webbridge.transfer.importing import Importer
from webbridge.transfer.stored_mail import read_stored

_PORTS = {Security.IMPLICIT_TLS: 993, Security.STARTTLS: 143}
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOptions:
    """The mail server, the login name, and the source of the password."""

    server: str = given_by(
        click.Option(
            ["--server", "server"], required=True, metavar="HOST[:PORT]", help="Mail server, by IMAP over TLS."
        )
    )
    user: str = given_by(
        click.Option(["--user", "user"], required=True, metavar="NAME", help="Name by which you sign in there.")
    )
    starttls: bool = given_by(
        click.Option(["--starttls", "starttls"], is_flag=True, help="Begin TLS by STARTTLS, on port 143.")
    )
    password_file: str | None = given_by(
        click.Option(
            ["--password-file", "password_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the password. It is asked for otherwise.",
        )
    )
    ca_file: Path | None = given_by(
        click.Option(
            ["--ca-file", "ca_file"],
            metavar="FILE",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Authorities of the mail server, in place of the system's.",
        )
    )

    def credentials(self) -> Credentials:
        """The credentials. If no file has the password, the terminal asks for it."""
        security = Security.STARTTLS if self.starttls else Security.IMPLICIT_TLS
        host, port = _split(self.server, _PORTS[security])
        address = ServerAddress(host=host, port=port, security=security)
        # Only the mailbox is used.
        server = MailServer(smtp=address, imap=address, ca_file=self.ca_file)
        error_words = ("the password", "--password-file")
        prompt = f"Password of {printable(self.user)} at {printable(host)}: "
        password = read_first_line(self.password_file) if self.password_file else ask_terminal(prompt, *error_words)
        account = MailAccount(address=self.user, login=self.user, server=server)
        try:
            return check_credentials(account, password.decode())
        except UnicodeDecodeError:
            raise click.ClickException("the password is not text in UTF-8") from None
        except GatewayError as error:
            raise click.ClickException(error.message) from None


def _split(server: str, default: int) -> tuple[str, int]:
    host, colon, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
    if not host or (colon and not (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT)):
        raise click.BadParameter("write it as imap.example.org or imap.example.org:993", param_hint="--server")
    return host, int(port) if colon else default


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Files with mail, and the folder of the mailbox that gets it."""

    source: Path = given_by(click.Argument(["source"], metavar="SOURCE", type=click.Path(path_type=Path, exists=True)))
    mailbox: MailboxOptions = group_of(MailboxOptions)
    into: str = given_by(
        click.Option(
            ["--into", "into"],
            default="Imported",
            show_default=True,
            metavar="FOLDER",
            help="Folder that gets the mail.",
        )
    )


@verb(ImportRequest, "import")
def import_mail(request: ImportRequest) -> None:
    """Put the mail of SOURCE into a mailbox.

    SOURCE is an mbox file, a Maildir, an .eml file, or a folder with these. Its folders become folders in FOLDER.
    Messages that are there already are left out, so an import that was interrupted goes on when it is started again.
    """
    importer = Importer(request.mailbox.credentials(), request.into)
    try:
        importer.run(read_stored(request.source))
    except GatewayError as error:
        raise click.ClickException(f"{error.message} Start it again to go on.") from None
    finally:
        importer.close()
        left_out = [reason for tally in importer.tallies.values() for reason in tally.left_out]
        for folder, tally in importer.tallies.items():
            write_line(f"{printable(folder)}: {tally.stored} stored, {tally.known} there already")
        for reason in left_out:
            write_error(f"left out: {printable(reason)}")
    if left_out:
        raise click.exceptions.Exit(NOT_AS_ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """A mailbox, and the folder that gets its mail as files."""

    folder: Path = given_by(
        click.Option(
            ["-o", "--output", "folder"],
            required=True,
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder that gets the files.",
        )
    )
    mailbox: MailboxOptions = group_of(MailboxOptions)
    form: str = given_by(
        click.Option(
            ["--form", "form"],
            type=click.Choice([form.value for form in Form]),
            default=Form.MBOX.value,
            show_default=True,
            help="One mbox file for each folder, or a Maildir for each.",
        )
    )
    only: tuple[str, ...] = given_by(
        click.Option(["--folder", "only"], multiple=True, metavar="NAME", help="Only this folder. Repeatable.")
    )


@verb(ExportRequest, "export")
def export_mail(request: ExportRequest) -> None:
    """Write the mail of a mailbox to files that other programs read.

    Encrypted messages stay encrypted: `sealwax decrypt` opens single ones. The keys are in the file of your identity,
    and `sealwax contacts export` writes the people.
    """
    left_out = []
    try:
        for done in export(request.mailbox.credentials(), request.folder, Form(request.form), request.only):
            write_line(f"{printable(str(done.place))}: {done.count}")
            left_out += [f"{done.folder}, {reason}" for reason in done.left_out]
    except GatewayError as error:
        raise click.ClickException(error.message) from None
    for reason in left_out:
        write_error(f"left out: {printable(reason)}")
    if left_out:
        raise click.exceptions.Exit(NOT_AS_ASKED)
