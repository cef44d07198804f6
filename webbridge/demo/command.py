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
    metavar="BASE",
    help=f"First of six ports, {DEFAULT_BASE} if left out. If one is in use, BASE+10, BASE+20 and so on are tried.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder that keeps mail, accounts and keys, for the next start with it. Without it nothing is kept.",
)
def demo(base_port: int | None, folder: Path | None) -> None:
    """Start a bridge, its pages, a key server, a revocation list and a mail server.

    Two accounts can write to each other. Ctrl-C ends all servers.
    """
    wait_for_end = catch_ending_signals()
    try:
        with DemoStack(base_port, folder) as stack:
            show(stack, Console())
            wait_for_end()
    except PagesNotBuilt as error:
        raise click.ClickException(f"{error}; `make setup` builds them") from error
    except FileExistsError as error:
        raise click.ClickException(f"{error.filename} is there already; name another folder") from error
    except ValueError as error:
        raise click.ClickException(f"{error}; name another folder") from error
    except OSError as error:
        raise click.ClickException(f"the demonstration failed: {error.strerror or error}") from error
    ended = "Mail and keys of the demonstration are gone."
    if folder:
        ended = f"Mail, accounts and keys stay in {folder}: delete it when you no longer need them."
    # Writing this text fails if the terminal was closed.
    with contextlib.suppress(OSError):
        click.echo(f"Stopped. {ended}")


def show(stack: DemoStack, console: Console) -> None:
    """Print the address of the pages, the passwords and the first steps."""
    imap = stack.mail_server.address.mailbox
    title = "Two accounts, kept in the folder" if stack.is_kept else "Two accounts, until this command ends"
    table = Table(title=title, title_justify="left")
    for heading in ("address", "mail password", "key passphrase"):
        table.add_column(heading, overflow="fold")
    for account in stack.accounts:
        table.add_row(account.address, account.mail_password, account.key_passphrase)
    console.print(f"\nSealwax is running at [bold]{stack.pages_url}[/bold]\n", highlight=False)
    console.print(table, highlight=False)
    console.print(
        f"\nOpen {stack.pages_url} in two browsers, or in one browser and its private window. Sign in as one"
        "\nperson in each, unlock the keys, and write to the other. The keys come from the key server. They are"
        f"\nalso in {stack.folder}: alice.p12, bob.p12. The CA's certificate is ca.pem."
        f"\nThe certificate of {EXPIRING} ends in a few days, and that of {REVOKED} was revoked."
        "\nBegin a message to them to see the warnings."
        "\n\nThe text of each message is encrypted on the mail server. See for yourself, with a mail password"
        "\nfrom above:"
        f"\n  curl --insecure --user {stack.accounts[0].address} '{stack.mailbox_url}'"
        f"\nor with any mail program: IMAP {imap.host}, port {imap.port}, TLS."
        "\n\nCtrl-C ends the demonstration.",
        highlight=False,
        soft_wrap=True,
    )
