"""`sealwax demo`: all servers on one machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from sealwax.service import catch_ending_signals
from webbridge.demo.accounts import EXPIRING, REVOKED
from webbridge.demo.ports import DEFAULT_BASE, HIGHEST_BASE
from webbridge.demo.stack import DemoStack, PagesNotBuilt


@click.command("demo")
@click.option(
    "--port",
    "base_port",
    type=click.IntRange(1024, HIGHEST_BASE),
    default=DEFAULT_BASE,
    metavar="BASE",
    show_default=True,
    help="First of six ports; the next free six are taken when these are in use.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for alice.p12, bob.p12 and ca.pem; a temporary one when it is left out.",
)
def demo(base_port: int, folder: Path | None) -> None:
    """Start bridge, pages, key server and a mail server in memory, with two accounts that can write to each other."""
    stopped = catch_ending_signals()
    try:
        with DemoStack(base_port, folder) as stack:
            show(stack, Console())
            stopped.get()
    except PagesNotBuilt as error:
        raise click.ClickException(f"{error}; `make setup` builds them") from error
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} is there already; name another folder") from error
    except OSError as error:
        raise click.ClickException(f"the demonstration cannot start: {error.strerror or error}") from error
    kept = f" Their keys stay in {folder}: delete that folder when you no longer need it." if folder else ""
    # This text cannot be written if the terminal was closed.
    with contextlib.suppress(OSError):
        click.echo(f"Stopped. Mail and {'accounts' if folder else 'keys'} of the demonstration are gone.{kept}")


def show(stack: DemoStack, console: Console) -> None:
    """Print the address of the pages, the passwords and the first steps."""
    imap = stack.mail_server.address.imap
    table = Table(title="Two accounts, until this command ends", title_justify="left")
    for heading in ("address", "mail password", "key passphrase"):
        table.add_column(heading, overflow="fold")
    for account in stack.accounts:
        table.add_row(account.address, account.mail_password, account.key_passphrase)
    console.print(f"\nSealwax is running at [bold]{stack.pages_url}[/bold]\n", highlight=False)
    console.print(table, highlight=False)
    console.print(
        "\nOpen the address in two browsers (or a private window), sign in as one person in each, unlock the keys,"
        "\nand write to the other. Keys come from the key server; the same keys are files in"
        f"\n{stack.folder} (alice.p12, bob.p12, ca.pem). The certificate of {EXPIRING} ends in"
        f"\na few days and that of {REVOKED} was revoked: begin a message to them, and see."
        "\n\nThe mail server has only encrypted bytes. See for yourself, with a mail password from above:"
        f"\n  curl --insecure --user {stack.accounts[0].address} '{stack.mailbox_url}'"
        f"\nor with any mail program: IMAP {imap.host}, port {imap.port}, TLS."
        "\n\nCtrl-C ends the demonstration.",
        highlight=False,
        soft_wrap=True,
    )
