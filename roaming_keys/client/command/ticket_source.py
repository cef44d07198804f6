"""The options by which `sealwax roam` gets a ticket: from the bridge, by the mail password, or from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Final
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPCookieProcessor, Request

import click

from roaming_keys.client.transport import build_plain_opener, exchange
from roaming_keys.protocol.key_account import normalise_origin
from roaming_keys.protocol.messages.reader import Reader
from roaming_keys.protocol.tickets import Purpose
from sealwax.cli.options.parameters import FILE
from sealwax.cli.options.passphrases import read_first_line
from sealwax.cli.options.request import given_by

_PATHS: Final = {Purpose.ENROLMENT: "/api/enrolment", Purpose.RESET: "/api/enrolment/reset"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSource:
    """The place that a ticket comes from."""

    bridge: str | None = given_by(
        click.Option(["--bridge"], metavar="URL", help="Your organisation's bridge, which confirms your address.")
    )
    mail_password_file: str | None = given_by(
        click.Option(
            ["--mail-password-file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the mail password, for --bridge.",
        )
    )
    ticket_file: str | None = given_by(
        click.Option(["--ticket-file"], metavar="FILE", type=FILE, help="A ticket of the bridge, in place of --bridge.")
    )

    def __post_init__(self) -> None:
        if (self.bridge is None) == (self.ticket_file is None):
            raise click.UsageError("give one of --bridge and --ticket-file")

    def ticket(self, user: str, purpose: Purpose) -> tuple[str, bytes | None]:
        """Return a ticket for the user, and the mail password if it was given. Raises ClickException."""
        mail_password = None if self.mail_password_file is None else read_first_line(self.mail_password_file)
        if self.ticket_file is not None:
            return read_first_line(self.ticket_file).decode("ascii", "replace"), mail_password
        if mail_password is None:
            raise click.UsageError("give --mail-password-file with --bridge")
        return _ask_bridge(self.bridge or "", user, mail_password, purpose), mail_password


def _ask_bridge(bridge: str, user: str, mail_password: bytes, purpose: Purpose) -> str:
    """Return a ticket of the bridge for the user's address, after a login with the mail password."""
    origin = normalise_origin(bridge)
    opener = build_plain_opener(origin, None, HTTPCookieProcessor(CookieJar()))

    # The bridge takes changes only for the account that they name.
    headers = {"X-Sealwax": "1", "Content-Type": "application/json"}

    def ask(method: str, path: str, members: object = None) -> bytes:
        body = None if members is None else json.dumps(members).encode()
        prepared = Request(origin + path, data=body, headers=headers, method=method)  # noqa: S310
        return exchange(opener, prepared)

    try:
        password = mail_password.decode("utf-8", "surrogateescape")
        session = Reader(ask("POST", "/api/session", {"address": user, "password": password}), "bridge's answer")
        headers["X-Sealwax-Account"] = quote(session.text("address"), safe="")
        try:
            return Reader(ask("POST", _PATHS[purpose]), "bridge's answer").text("ticket")
        finally:
            ask("DELETE", "/api/session")
    except HTTPError as error:
        with error:
            raise click.ClickException(f"the bridge refuses: status {error.code}") from None
    except (HTTPException, OSError) as error:
        raise click.ClickException(f"the bridge does not answer: {type(error).__name__}") from None
